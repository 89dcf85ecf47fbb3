import { expect, test } from '@jest/globals';
import { inWorkspace } from './filters.ts';
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
  // It had not seen all that comes before in the log: the sixth was under way, and the last was not.
  expect(judge(log, told(3, [...tasks.slice(0, 5), ...tasks.slice(6)]))).toEqual([]);
  expect(judge(log, told(3, tasks.slice(1)))).not.toEqual([]);
});

test('changes may not go by an authority that came after they opened', () => {
  const log = [...joins.slice(0, 11), writes, { at: 1_150, changes: [membership(11)] }];

  expect(judge(log, told(11, tasks.slice(0, 11)))).toEqual([]);
  expect(judge(log, told(11, tasks))).not.toEqual([]);
});

test('who loses the right in the middle of a transaction need not be told the rest of it; who has it still must be', () => {
  const both = [row({ id: 'one', workspace_id: 'workspace 0' }), row({ id: 'other', workspace_id: 'workspace 0' })];
  const joins = { at: 0, changes: [membership(0)] };
  const writes = { at: 1_200, changes: both.map((task) => change('Task', null, task)) };
  const leaves = { at: 1_300, changes: [{ ...membership(0), before: membership(0).after, after: null }] };
  const [asks, opens, part] = told(1, both.slice(0, 1));
  const half = [asks, opens, { ...part, frame: { ...part.frame, upToDate: false } }];
  const refused: Happening[] = [
    { what: 'subscribes', at: 3_200, resumes: true },
    { what: 'ends', at: 3_300, codes: ['FORBIDDEN'], messages: [] },
  ];
  const inOne = { ...view, filter: inWorkspace('workspace 0') };

  expect(judge([joins, writes, leaves], [...half, ...refused], inOne)).toEqual([]);
  expect(judge([joins, writes], half, inOne)).toEqual(['of transaction #1 1 changes were told, of 2']);
});

function judge(
  log: readonly { at: number; changes: readonly RowChange[] }[],
  history: readonly Happening[],
  of = view,
): string[] {
  const transactions = log.map(
    ({ at, changes }, index): Transaction => ({
      index,
      xid: String(100 + index),
      batch: index === 0 ? 1 : 2,
      seq: index + 1,
      at,
      arrivedAt: index === 0 ? 500 : 3_000,
      changes,
      truncated: [],
    }),
  );
  const watcher = { view: of, history } as Watcher;
  return createJudge({ transactions, tables: new Map(), problems: [] }, { records: [], expiries: [] })
    .judge(watcher)
    .map(({ what }) => what);
}

function told(index: number, rows: readonly Row[]) {
  const frame = { reset: false, upToDate: true };
  return [
    { what: 'subscribes', at: 1_000, resumes: false },
    { what: 'frame', at: 1_100, frame: { ...frame, transactionId: null, changes: [] }, xmax: 112n },
    { what: 'frame', at: 3_100, frame: { ...frame, transactionId: String(100 + index), changes: rows.map(created) } },
  ] as const;
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
