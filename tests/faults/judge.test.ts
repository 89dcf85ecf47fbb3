import { expect, test } from '@jest/globals';
import { createJudge } from './judge.ts';
import type { RowChange, Transaction } from './replay.ts';
import { type ModelName, type Row, stateOfRow } from './rows.ts';
import type { View } from './views.ts';
import type { Happening, SeenChange, Watcher } from './watcher.ts';

const ann = { id: 'ann', name: 'Ann', email: 'ann@example.com', token: '' };
const view: View = {
  name: 'Ann taskChanges',
  viewer: ann,
  kind: 'changes',
  models: ['Task'],
  filter: undefined,
  field: 'taskChanges',
  document: () => '',
  variables: {},
};

/** Ann becomes a member of twelve workspaces. Then she asks, at 1,000 ms, when the log has come to the first; she is answered at 1,100. */
const joins = Array.from({ length: 12 }, (_, index) => ({ at: 10 * index, changes: [membership(index)] }));
const tasks = joins.map((_, index) => row({ id: `task ${index}`, workspace_id: `workspace ${index}` }));
/** Writes a task of each workspace. */
const writes = { at: 200, changes: tasks.map((task) => change('Task', null, task)) };

test('changes may begin with any authority that Postgres had when they opened, however far the log lags', () => {
  // Committed when she had been answered, in one batch with what had been before: it has a place among that.
  const log = [...joins.slice(0, 3), writes, ...joins.slice(3)];

  expect(judge(log, told(3, tasks))).toEqual([]);
  expect(judge(log, told(3, tasks.slice(0, 10)))).toEqual([]);
  expect(judge(log, told(3, tasks.slice(1)))).not.toEqual([]);
});

test('changes may not go by an authority that came after they opened', () => {
  const log = [...joins.slice(0, 11), writes, { at: 1_150, changes: [membership(11)] }];

  expect(judge(log, told(11, tasks.slice(0, 11)))).toEqual([]);
  expect(judge(log, told(11, tasks))).not.toEqual([]);
});

function judge(log: readonly { at: number; changes: readonly RowChange[] }[], history: readonly Happening[]): string[] {
  const transactions = log.map(
    ({ at, changes }, index): Transaction => ({
      index,
      xid: String(100 + index),
      batch: index + 1,
      seq: index + 1,
      at,
      arrivedAt: index === 0 ? 500 : 3_000,
      changes,
      truncated: [],
    }),
  );
  const watcher = { view, history } as Watcher;
  return createJudge({ transactions, tables: new Map(), problems: [] }, { records: [], expiries: [] })
    .judge(watcher)
    .map(({ what }) => what);
}

function told(index: number, rows: readonly Row[]): Happening[] {
  const frame = { reset: false, upToDate: true };
  return [
    { what: 'subscribes', at: 1_000, resumes: false },
    { what: 'frame', at: 1_100, frame: { ...frame, transactionId: null, changes: [] }, xmax: 112n },
    { what: 'frame', at: 3_100, frame: { ...frame, transactionId: String(100 + index), changes: rows.map(created) } },
  ];
}

function created(task: Row): SeenChange {
  const state = stateOfRow('Task', task);
  return { operation: 'CREATED', model: 'Task', key: String(task['id']), state, previousVersion: null };
}

function membership(index: number): RowChange {
  return change('Member', null, row({ id: `member ${index}`, user_id: ann.id, workspace_id: `workspace ${index}` }));
}

function change(model: ModelName, before: Row | null, after: Row): RowChange {
  return { model, key: String(after['id']), before, after };
}

function row(columns: Row): Row {
  return { version: 1, ...columns };
}
