import { expect, test } from '@jest/globals';
import type { Change } from '@sync-hub/stream/change-record';
import { memberRow, row } from './testing/start-feed.ts';
import { createTransactionAssembler } from './transaction.ts';

const create = () =>
  createTransactionAssembler({
    resolveClaim: () => Promise.reject(new Error('there are no claims here')),
    maxBytes: 100_000,
    kept: ['members'],
    workspaceColumn: () => 'workspace_id',
  });

let seq = 0;
function record(table: string, after: Change['after'], { last = false } = {}): Change {
  seq += 1;
  return {
    v: 1,
    kind: 'change',
    epoch: 1,
    epochId: 'e',
    incarnation: 'i',
    seq,
    batch: 1,
    tag: 't',
    last,
    at: '2026-11-23T00:00:00.000Z',
    xid: '1',
    table,
    actor: null,
    actorSession: null,
    mutationId: null,
    traceparent: null,
    op: 'I',
    key: `${table} ${seq}`,
    scope: null,
    shape: 'shape',
    before: null,
    after,
  };
}
const member = (n: number) => record('members', { ...memberRow(`u${n}`, 'home') });
const large = (workspaceId: string, options = {}) =>
  record('tasks', { ...row('t', workspaceId), description: 'd'.repeat(10_000) }, options);

test('of a transaction too large to hold, members of before and after are kept, and where the rest was is known', async () => {
  const assembler = create();
  await assembler.add(record('tasks', null, { last: true }));
  await assembler.add(member(1));
  for (let n = 0; n < 6; n += 1) await assembler.add(large(`w${n}`));
  await assembler.add(member(2));
  const transaction = await assembler.add(large('w6', { last: true }));
  expect(transaction?.changes.get('members')?.map(({ after }) => after?.['user_id'])).toEqual(['u1', 'u2']);
  expect(transaction?.changes.has('tasks')).toBe(false);
  expect(transaction?.unknowable).toEqual(new Map([['tasks', new Set(['w0', 'w1', 'w2', 'w3', 'w4', 'w5', 'w6'])]]));
});

test('however much of a transaction too large to hold follows, what is kept of it is not looked at again', async () => {
  const assembler = create();
  await assembler.add(record('tasks', null, { last: true }));
  let looks = 0;
  for (let n = 0; n < 50; n += 1) {
    const counted = { ...member(n) };
    Object.defineProperty(counted, 'table', {
      get() {
        looks += 1;
        return 'members';
      },
    });
    await assembler.add(counted);
  }
  for (let n = 0; n < 10; n += 1) await assembler.add(large('home'));
  const atOverflow = looks;
  for (let n = 0; n < 100; n += 1) await assembler.add(large('home'));
  expect(looks).toBe(atOverflow);
});
