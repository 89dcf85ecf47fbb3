import type { Load } from '../throughput.ts';
import { openHttpWire } from './http-wire.ts';

/**
 * GraphQL over HTTP, each client on its own connection, which is kept.
 *
 * @param query  of every request.
 * @param variablesOf  the next request of that client: a title that was not written before, and the task that it is for.
 * @param isSuccess  of an answer; any other ends the load with an error.
 */
export function createHttpLoad({
  url,
  headers = {},
  clients,
  query,
  variablesOf,
  isSuccess,
}: {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly clients: number;
  readonly query: string;
  readonly variablesOf: (client: number, title: string) => object;
  readonly isSuccess: (answer: string) => boolean;
}): Load {
  const wires = Array.from({ length: clients }, () => openHttpWire(url, headers));
  const beginning = `{"query":${JSON.stringify(query)},"variables":`;
  let requests = 0;

  return {
    async act(client) {
      const wire = wires[client];
      if (wire === undefined) throw new RangeError(`there is no client ${client}`);
      const answer = await wire.post(`${beginning}${JSON.stringify(variablesOf(client, `update ${++requests}`))}}`);
      if (!isSuccess(answer)) throw new Error(`a mutation was answered with ${answer}`);
    },
    async close() {
      for (const wire of wires) wire.close();
    },
  };
}
