import { expect, test } from '@jest/globals';
import type { WatchTasksSubscription } from './generated/graphql.ts';
import { collectRows } from './watched-rows.ts';

test('rows are told whole, in the order in which they came, and as they last were while the log stands still', () => {
  const told: string[] = [];
  const observer = collectRows<WatchTasksSubscription>({
    rows: (rows, isUpToDate) => told.push(`${rows.map(({ title }) => title).join()} ${isUpToDate}`),
    error() {},
  });
  const send = (frame: object, ...changes: [operation: string, key: string, title?: string][]) =>
    observer.next({
      watchTasks: {
        ...{ cursor: 'c', reset: false, upToDate: true, transaction: null, ...frame },
        changes: changes.map(([operation, key, title]) => ({ operation, key, row: title ? { id: key, title } : null })),
      },
    } as unknown as WatchTasksSubscription);

  send({ reset: true, upToDate: false }, ['CREATED', '1', 'one']);
  send({}, ['CREATED', '2', 'two']);
  send({}, ['UPDATED', '1', 'uno'], ['CREATED', '3', 'three']);
  send({ upToDate: false });
  send({}, ['DELETED', '2']);
  send({ reset: true, upToDate: false }, ['CREATED', '3', 'three']);
  send({ upToDate: false });
  send({});
  expect(told).toEqual([
    'one,two true',
    'uno,two,three true',
    'uno,two,three false',
    'uno,three true',
    'uno,three false',
    'three true',
  ]);
});
