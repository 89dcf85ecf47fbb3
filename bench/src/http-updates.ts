import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { UpdateTaskDocument } from '@sync-hub/sdk/generated/graphql';
import { print } from 'graphql';
import type { Author } from './author.ts';
import type { Load } from './throughput.ts';

/**
 * `updateTask` over HTTP, each client on its own connection, which is kept.
 *
 * Not `fetch`: it costs the client more than the request costs some servers, and both share this machine.
 */
export async function createHttpUpdates(author: Author): Promise<Load> {
  const agent = new Agent({ keepAlive: true });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${await author.getToken()}` };
  const query = print(UpdateTaskDocument);

  function post(body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = request(author.url, {
        method: 'POST',
        agent,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      });
      asked.once('error', reject);
      asked.once('response', (response) => text(response).then(resolve, reject));
      asked.end(body);
    });
  }

  return {
    async act(client) {
      const input = { id: author.tasks[client]?.globalId, title: `update ${randomUUID()}` };
      const answer = await post(JSON.stringify({ query, variables: { input } }));
      if (!answer.includes('"UpdateTaskPayload"')) throw new Error(`updateTask was answered with ${answer}`);
    },
    async close() {
      agent.destroy();
    },
  };
}
