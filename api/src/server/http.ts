import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Health } from '@sync-hub/runtime/health';
import { codedError } from '../errors.ts';
import type { Graphql } from './graphql.ts';
import { type ExecuteKnown, isPlain } from './known-operations.ts';

interface Dependencies {
  readonly graphql: Graphql;
  readonly executeKnown: ExecuteKnown;
  readonly health: Health;
  readonly maxBodyBytes: number;
}

/** Everything the API answers over HTTP: /graphql, the health paths, and `/`, which leads to GraphiQL. */
export function createRequestListener({ graphql, executeKnown, health, maxBodyBytes }: Dependencies): RequestListener {
  return (request, response) => {
    if (health(request, response)) return;
    const path = request.url?.split('?', 1)[0];
    if (path === '/') {
      response.writeHead(302, { location: '/graphql' }).end();
    } else if (path !== '/graphql') {
      sendJson(response, 404, { error: 'not found' });
    } else if (!isHost(request.headers.host)) {
      const message = 'The Host header names no host.';
      sendJson(response, 400, { errors: [codedError('BAD_USER_INPUT', message)] });
    } else if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) {
      refuseTooLarge(request, response, maxBodyBytes);
    } else if (isPlain(request) || request.headers['transfer-encoding'] !== undefined) {
      void answerWhole(request, response);
    } else {
      void graphql(request, response);
    }
  };

  async function answerWhole(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readWhole(request, maxBodyBytes);
    if (body === null) return refuseTooLarge(request, response, maxBodyBytes);
    const executed = isPlain(request) ? await executeKnown(request, body) : null;
    if (executed !== null && executed.result.errors === undefined) {
      const text = Buffer.from(JSON.stringify(executed.result));
      response.writeHead(200, { ...executed.headers, 'content-length': text.length }).end(text);
      return;
    }
    // Where servers that have read a body leave it, and Yoga looks first; of a Buffer it would list every byte's key.
    const read = Object.assign(request, { body: Readable.from([body]) });
    await (executed === null ? graphql(read, response) : graphql(read, response, { executed: executed.result }));
  }
}

/** Yoga makes a URL of it. A request of HTTP/1.0 has none. */
function isHost(host = 'localhost'): boolean {
  return !/[/?#\\@]/.test(host) && URL.canParse(`http://${host}`);
}

/**
 * The body of a request that does not say how long it is. It has to be here before anybody acts on it: who has begun to can
 * no longer be told 413.
 *
 * @returns null as soon as it is over the bound; never, when the client goes away first.
 */
function readWhole(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else resolve(null);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
  });
}

/** What is still to come is read and thrown away: a connection that is closed while its client sends may lose the answer. */
function refuseTooLarge(request: IncomingMessage, response: ServerResponse, maxBytes: number) {
  const message = `The body is larger than ${maxBytes} bytes. Send less at once.`;
  sendJson(response, 413, { errors: [codedError('PAYLOAD_TOO_LARGE', message)] });
  request.resume();
}

function sendJson(response: ServerResponse, status: number, body: unknown) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
