import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Load } from '../throughput.ts';

/**
 * GraphQL over HTTP, each client on its own connection, which is kept.
 *
 * Not `fetch`: it costs the client more than the request costs some servers, and both share this machine.
 *
 * @param bodyOf  the next request of that client.
 * @param isSuccess  of an answer; any other ends the load with an error.
 */
export function createHttpLoad({
  url,
  headers = {},
  bodyOf,
  isSuccess,
}: {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodyOf: (client: number) => unknown;
  readonly isSuccess: (answer: string) => boolean;
}): Load {
  const agent = new Agent({ keepAlive: true });

  function post(body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = request(url, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', ...headers, 'content-length': Buffer.byteLength(body) },
      });
      asked.once('error', reject);
      asked.once('response', (response) => text(response).then(resolve, reject));
      asked.end(body);
    });
  }

  return {
    async act(client) {
      const answer = await post(JSON.stringify(bodyOf(client)));
      if (!isSuccess(answer)) throw new Error(`a mutation was answered with ${answer}`);
    },
    async close() {
      agent.destroy();
    },
  };
}
