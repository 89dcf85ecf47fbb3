import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { listen } from './listen.ts';

export interface Readiness {
  readonly ready: boolean;
  /** What is missing, for the operator. */
  readonly why?: string;
}

/** Answers a request that is its own and returns true; returns false, having done nothing, for any other path. */
export type Health = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * What operators and load balancers ask of a process.
 *
 * - `/health/live`: 200 as long as the process can answer; restart it when it cannot.
 * - `/health/ready`: 200 when it does its work, 503 with the reason when it does not; do not restart it for that.
 * - `/metrics`: Prometheus text.
 */
export function createHealth({ registry, isReady }: { registry: Registry; isReady: () => Readiness }): Health {
  return (request, response) => {
    switch (request.url?.split('?', 1)[0]) {
      case '/health/live':
        sendJson(response, 200, { live: true });
        return true;
      case '/health/ready': {
        const readiness = isReady();
        // The id tells two processes apart that were given one port.
        sendJson(response, readiness.ready ? 200 : 503, { ...readiness, pid: process.pid });
        return true;
      }
      case '/metrics':
        void sendMetrics(registry, response);
        return true;
      default:
        return false;
    }
  };
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves only the health paths, for a process that has no other HTTP.
 *
 * @param setting  name of the variable that holds the port, for the message when it is in use.
 */
export async function startHealthServer({
  port,
  setting,
  health,
}: {
  port: number;
  setting?: string;
  health: Health;
}): Promise<HealthServer> {
  const server = createServer((request, response) => {
    if (!health(request, response)) sendJson(response, 404, { error: 'not found' });
  });
  const openPort = await listen(server, setting === undefined ? { port } : { port, setting });
  return {
    port: openPort,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function sendMetrics(registry: Registry, response: ServerResponse): Promise<void> {
  try {
    const body = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType }).end(body);
  } catch {
    // A collector failed. The scraper sees that, and its own alert names this process.
    sendJson(response, 500, { error: 'metrics could not be collected' });
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}
