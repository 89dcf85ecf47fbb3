import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Health } from '@sync-hub/runtime/health';
import { codedError } from '../errors.ts';
import type { Graphql } from './graphql.ts';

interface Dependencies {
  readonly graphql: Graphql;
  readonly health: Health;
  readonly maxBodyBytes: number;
}

/** Everything the API answers over HTTP: /graphql, the health paths, and `/`, which leads to GraphiQL. */
export function createRequestListener({ graphql, health, maxBodyBytes }: Dependencies): RequestListener {
  return (request, response) => {
    if (health(request, response)) return;
    const path = request.url?.split('?', 1)[0];
    if (path === '/') {
      response.writeHead(302, { location: '/graphql' }).end();
    } else if (path !== '/graphql') {
      sendJson(response, 404, { error: 'not found' });
    } else if (isTooLarge(request, response, maxBodyBytes)) {
      const message = `The body is larger than ${maxBodyBytes} bytes. Send less at once.`;
      sendJson(response, 413, { errors: [codedError('PAYLOAD_TOO_LARGE', message)] });
      request.resume();
    } else {
      void graphql(request, response);
    }
  };
}

/** By its own word; a body that does not say its length is cut off when it passes the bound. */
function isTooLarge(request: IncomingMessage, response: ServerResponse, maxBytes: number): boolean {
  const length = request.headers['content-length'];
  if (length !== undefined) return Number(length) > maxBytes;
  if (request.headers['transfer-encoding'] === undefined) return false;
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) response.destroy();
  });
  request.pause();
  return false;
}

function sendJson(response: ServerResponse, status: number, body: unknown) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
