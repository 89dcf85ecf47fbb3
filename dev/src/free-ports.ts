import { createServer, type Server } from 'node:net';

/**
 * TCP ports of 127.0.0.1 that were free a moment ago, all different.
 *
 * Another process may take one before it is used: whoever binds it tries again with others.
 */
export async function freePorts(count: number): Promise<number[]> {
  // All are held at once: freed one by one, the system may give the same port twice.
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const ports = servers.map(portOf);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listenAnywhere(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
