import { UpdateTaskDocument } from '@sync-hub/sdk/generated/graphql';
import { print } from 'graphql';
import type { Author } from '../author.ts';
import type { Load } from '../throughput.ts';
import { createHttpLoad } from './http-load.ts';

/** `updateTask` over HTTP. @param taskIds  global ids, one for each client. */
export async function createHttpUpdates(
  author: Author,
  taskIds: readonly string[] = author.tasks.map(({ globalId }) => globalId),
): Promise<Load> {
  return createHttpLoad({
    url: author.url,
    headers: { authorization: `Bearer ${await author.getToken()}` },
    clients: taskIds.length,
    query: print(UpdateTaskDocument),
    variablesOf: (client, title) => ({ input: { id: taskIds[client], title } }),
    isSuccess: (answer) => answer.includes('"UpdateTaskPayload"'),
  });
}
