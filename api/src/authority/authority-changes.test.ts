import { expect, test } from '@jest/globals';
import type { JsonRow } from '@sync-hub/stream/change-record';
import { joined, left, memberRow, renamed } from '../feed/testing/start-feed.ts';
import { transactionOf } from '../feed/testing/transaction-of.ts';
import type { RowChange } from '../feed/transaction.ts';
import { authorityChangesOf } from './authority-changes.ts';

test('memberships: whose they are, and of which workspaces', () => {
  const moved = memberRow('eve', 'home');
  const move = {
    table: 'members',
    key: moved.id,
    before: { ...moved },
    after: { ...moved, workspace_id: 'elsewhere' },
  };
  const changes = authorityChangesOf(transactionOf('members', [joined('ada', 'home'), left('bob', 'away'), move]));
  expect(changes.viewers).toEqual(new Set(['ada', 'bob', 'eve']));
  expect(changes.workspaces).toEqual(new Set(['home', 'away', 'elsewhere']));
  expect(changes.workspacesOf('eve')).toEqual(new Set(['home', 'elsewhere']));
  expect(changes.joinedBy('eve')).toEqual(new Set(['elsewhere']));
  expect(changes.joinedBy('bob')).toEqual(new Set());
  expect(changes.workspacesOf('nobody')).toEqual(new Set());
});

test('roles: not every change of a user is one', () => {
  const promoted = { ...renamed('ada'), after: { ...renamed('ada').after, role: 'ADMIN' } };
  const changes = authorityChangesOf(transactionOf('users', [renamed('bob'), promoted]));
  expect([changes.withNewRole, changes.viewers]).toEqual([new Set(['ada']), new Set(['ada'])]);
});

test('each change is looked at once, however many ask', () => {
  let looks = 0;
  const changeOf = (key: string, after: JsonRow): RowChange => ({
    key,
    before: null,
    get after() {
      looks += 1;
      return after;
    },
  });
  const people = Array.from({ length: 50 }, (_, nth) => `u${nth}`);
  const transaction = transactionOf(
    'members',
    people.map((id) => changeOf(id, { ...memberRow(id, 'home') })),
  );
  authorityChangesOf(transaction);
  const once = looks;
  for (const id of people) expect(authorityChangesOf(transaction).joinedBy(id)).toEqual(new Set(['home']));
  expect(looks).toBe(once);
  expect(once).toBeLessThanOrEqual(2 * people.length);
});
