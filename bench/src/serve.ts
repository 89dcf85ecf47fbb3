import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What whoever started this program has given it. The type is the caller's to know: both ends are compiled together. */
export function readSettings<Settings>(): Settings {
  return JSON.parse(process.argv[2] ?? '{}') as Settings;
}

/** Takes what `ask` and `tell` send. @param take  gives the answer of an `ask`. */
export function onMessage<Message>(take: (message: Message) => unknown): void {
  process.on('message', (message: Message) => {
    void Promise.resolve(take(message)).then((answer) => {
      if (answer !== undefined) process.send?.(answer);
    });
  });
}

/** Serves on any free port, tells it to whoever has started this program, and ends with them. */
export async function serve(server: Server): Promise<void> {
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
  await once(server, 'listening');
  ready((server.address() as AddressInfo).port);
}

/** The same for one that serves nobody. */
export function ready(port = 0): void {
  process.once('disconnect', () => process.exit());
  process.send?.({ port });
}
