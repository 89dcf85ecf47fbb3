import type { Server } from 'node:http';

/**
 * Opens a server's port on every address and returns the port it got.
 *
 * @param port     0 lets the system choose.
 * @param setting  name of the variable that holds the port, for the message.
 * @throws Error with one clear message when the port is in use or may not be used.
 */
export function listen(
  server: Server,
  { port, setting = 'its setting' }: { port: number; setting?: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(explain(error, port, setting));
    server.once('error', fail);
    server.listen(port, () => {
      server.off('error', fail);
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });
}

function explain(cause: NodeJS.ErrnoException, port: number, setting: string): Error {
  if (cause.code === 'EADDRINUSE') {
    return new Error(`Port ${port} is in use: end what uses it, or set ${setting} to another port.`, { cause });
  }
  if (cause.code === 'EACCES') {
    return new Error(`Port ${port} may not be opened by this user: set ${setting} to a port from 1024 on.`, { cause });
  }
  return cause;
}
