import { expect, test } from '@jest/globals';
import type { Where } from '../authority/rules.ts';
import { comment } from '../schema/comment.ts';
import { task } from '../schema/task.ts';
import { createConcern } from './concern.ts';
import { createCursors } from './cursor.ts';
import { createRecentFrames } from './recent-frames.ts';
import { row } from './testing/start-feed.ts';
import type { LogTransaction, RowChange } from './transaction.ts';

const recent = createRecentFrames({
  cursors: createCursors('a secret for tests of concern, long enough'),
  bounds: { maxChanges: 2, maxBytes: 1e6 },
  maxBytes: 1e6,
});
const concernOf = (...wheres: readonly Where[]) =>
  createConcern(
    {
      views: wheres.map((where, index) => ({
        model: index === 0 ? task : comment,
        where,
        matches: () => true,
        operations: new Set(),
      })),
      sessionId: 'mine',
    },
    recent,
  );

function transaction(changes: readonly RowChange[], more: Partial<LogTransaction> = {}): LogTransaction {
  return {
    position: { epoch: 1, epochId: 'e', seq: 5, tag: 't5' },
    batch: 1,
    incarnation: 'i',
    xid: 5n,
    at: new Date(0),
    actor: null,
    actorSession: null,
    mutationId: null,
    changes: new Map([['tasks', changes]]),
    tables: new Set(['tasks']),
    unknowable: new Map(),
    bytes: 0,
    ...more,
  };
}
const made = (key: string): RowChange => ({ key, before: null, after: row(key, 'home') });
const moved: RowChange = { key: 't1', before: row('t1', 'home'), after: row('t1', 'elsewhere') };
const home = { workspaceId: { equals: 'home' } };
const elsewhere = { workspaceId: { equals: 'elsewhere' } };

test.each<[string, boolean, Where, readonly RowChange[]]>([
  ['a row of another id', false, { id: { equals: 't1' } }, [made('t2')]],
  ['the row', true, { id: { equals: 't1' } }, [made('t2'), made('t1')]],
  ['one of the rows', true, { id: { in: ['t0', 't2'] } }, [made('t2')]],
  ['none, where none is asked for', false, { id: { in: [] } }, [made('t2')]],
  ['a row that comes', true, elsewhere, [moved]],
  ['a row that goes', true, home, [moved]],
  ['a row of another workspace', false, { workspaceId: { equals: 'third' } }, [moved]],
  ['a row that has one value and not the other', false, { AND: [home, { id: { equals: 't1' } }] }, [made('t2')]],
  ['a row without a value', false, { assigneeId: { equals: 'ada' } }, [made('t1')]],
  ['what it cannot read, any', true, { OR: [{ id: { equals: 't1' } }, home] }, [made('t2')]],
  ['any row, where all are asked for', true, {}, [made('t2')]],
  ['more than are looked at', true, { id: { equals: 't1' } }, Array.from({ length: 1_001 }, (_, n) => made(`x${n}`))],
  ['as many as are looked at', false, { id: { equals: 't1' } }, Array.from({ length: 1_000 }, (_, n) => made(`x${n}`))],
])('%s: %p', (_, concerns, where, changes) => {
  expect(concernOf(where)(transaction(changes))).toBe(concerns);
});

test.each<[string, boolean, Partial<LogTransaction>]>([
  ['nothing of the kind', false, {}],
  ['its own session', true, { actorSession: 'mine' }],
  ['another session', false, { actorSession: 'theirs' }],
  ['members', true, { tables: new Set(['tasks', 'members']) }],
  ['rows that are not known', true, { unknowable: new Map([['comments', 'any' as const]]) }],
  ['a heartbeat', false, { changes: new Map(), tables: new Set() }],
])('whatever is asked for, %s: %p', (_, concerns, more) => {
  expect(concernOf({ id: { equals: 't1' } })(transaction([made('t2')], more))).toBe(concerns);
});

test('each view is asked of its own model', () => {
  const concern = concernOf({ id: { equals: 't1' } }, { id: { equals: 't2' } });
  expect(concern(transaction([made('t2')]))).toBe(false);
  expect(concern(transaction([made('t1')]))).toBe(true);
});
