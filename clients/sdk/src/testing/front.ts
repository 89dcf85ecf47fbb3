import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Front {
  /** Of the pages' folder. */
  readonly url: string;
  readonly graphqlUrl: string;
  /** Cuts every WebSocket, without a close frame: what a client sees when the network between drops. */
  dropSockets(): void;
  /** Cuts them, and lets nothing through until the returned function is called. */
  goOffline(): () => void;
  close(): Promise<void>;
}

/** What stands before an API in production: pages from its own server, /graphql passed on, and a network that can fail. */
export async function startFront({
  api,
  page = async () => null,
}: {
  /** `http://host:port` of the API. */
  readonly api: string;
  /** Reads the file at a path of the pages; null when there is none. */
  readonly page?: (path: string) => Promise<{ readonly type: string; readonly body: Buffer } | null>;
}): Promise<Front> {
  const { hostname, port } = new URL(api);
  const sockets = new Set<Duplex>();
  let isOffline = false;

  const server = createServer((incoming, outgoing) => {
    if (isOffline) incoming.destroy();
    else if (incoming.url?.startsWith('/graphql')) passOn(incoming, outgoing);
    else void sendPage(incoming, outgoing);
  });
  server.on('upgrade', (incoming, socket, head) => {
    if (isOffline) {
      socket.destroy();
      return;
    }
    const upstream = connect(Number(port), hostname);
    for (const end of [socket, upstream]) {
      sockets.add(end);
      end.on('error', () => {});
      end.once('close', () => {
        sockets.delete(end);
        socket.destroy();
        upstream.destroy();
      });
    }
    upstream.write(`GET ${incoming.url} HTTP/1.1\r\n${headerLines(incoming)}\r\n`);
    upstream.write(head);
    socket.pipe(upstream).pipe(socket);
  });

  function passOn(incoming: IncomingMessage, outgoing: ServerResponse) {
    const { method, url: path, headers } = incoming;
    const upstream = request({ hostname, port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  }

  async function sendPage({ url = '/' }: IncomingMessage, outgoing: ServerResponse) {
    const file = await page(url === '/' ? '/index.html' : url);
    if (file === null) outgoing.writeHead(404).end();
    else outgoing.writeHead(200, { 'content-type': file.type }).end(file.body);
  }

  function dropSockets() {
    for (const socket of sockets) socket.destroy();
  }

  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    graphqlUrl: `${url}/graphql`,
    dropSockets,
    goOffline() {
      isOffline = true;
      dropSockets();
      return () => {
        isOffline = false;
      };
    },
    async close() {
      dropSockets();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function headerLines({ rawHeaders }: IncomingMessage): string {
  let lines = '';
  for (let index = 0; index < rawHeaders.length; index += 2)
    lines += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`;
  return lines;
}
