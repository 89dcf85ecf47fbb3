import { TaskChangesDocument, type TaskChangesSubscription } from '@sync-hub/sdk/generated/graphql';
import { print } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createArrivals } from './arrivals.ts';
import type { Author } from './author.ts';
import type { LatencyProbe } from './latency-probe.ts';
import { startTaskWriter } from './task-writer.ts';

/** Is not a title that a sample writes. */
const OPENING = 'the opening frame';

/**
 * Our path: a plain SQL writer commits a change of a task, and a graphql-ws client that follows its workspace is told.
 *
 * Measured from the return of COMMIT to the client's `next`, with the frame parsed.
 */
export async function startCommitToClient({
  author,
  databaseUrl,
}: {
  readonly author: Author;
  readonly databaseUrl: string;
}): Promise<LatencyProbe> {
  const arrivals = createArrivals("a client's frame");
  const client = createClient({
    url: author.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: async () => ({ authorization: `Bearer ${await author.getToken()}` }),
    retryAttempts: 0,
  });
  const opened = arrivals.expect(OPENING);
  client.subscribe<TaskChangesSubscription>(
    { query: print(TaskChangesDocument), variables: { where: { workspaceId: { eq: author.workspaceId } } } },
    {
      next({ data, errors }) {
        if (errors !== undefined) return arrivals.fail(new Error(JSON.stringify(errors)));
        arrivals.note(OPENING);
        for (const { row } of data?.taskChanges?.changes ?? []) arrivals.note(row?.title ?? '');
      },
      error: (error) => arrivals.fail(new Error('the subscription failed', { cause: error })),
      complete: () => arrivals.fail(new Error('the subscription has ended')),
    },
  );
  await opened;
  const writer = await startTaskWriter(author, databaseUrl, arrivals);

  return {
    sample: writer.sample,
    async close() {
      await client.dispose();
      await writer.close();
    },
  };
}
