import { expect, test } from '@jest/globals';
import { TaskChangesDocument, WatchTasksDocument } from './generated/graphql.ts';
import { createSyncClient } from './sync-client.ts';

test('a document that tells only changes cannot be watched: that does not compile', () => {
  const client = createSyncClient({
    url: 'http://hub.test/graphql',
    getToken: async () => 'good',
    webSocket: class {},
  });
  const observer = { rows() {}, error() {} };
  const watches = [
    client.watch(WatchTasksDocument, {}, observer),
    // @ts-expect-error: its frames hold no rows to begin with
    client.watch(TaskChangesDocument, {}, observer),
  ];
  expect(watches).toHaveLength(2);
  client.close();
});
