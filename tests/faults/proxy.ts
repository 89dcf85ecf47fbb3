import { createConnection, createServer, type Server, type Socket } from 'node:net';

/**
 * What a link does with bytes: `pass` them on; `cut`: connections are destroyed and new ones refused; `black hole`: new ones
 * are accepted and bytes vanish, both ways, without a word.
 */
export type LinkMode = 'pass' | 'cut' | 'black hole';

/** A TCP link between two parts, through which it can be broken. */
export interface Link {
  readonly port: number;
  /** Connections that lost bytes in a black hole are destroyed when it ends: what follows would make no sense. */
  setMode(mode: LinkMode): void;
  /** Destroys what is connected; new connections pass. */
  dropConnections(): void;
  /**
   * The target's end of one connection is reset and the other end not told, as when a router forgets it: what is sent there
   * vanishes without a word.
   *
   * @param targetSeesPort  the port from which the target sees it come.
   * @returns whether there is such a connection.
   */
  forget(targetSeesPort: number): boolean;
  /**
   * What is sent over one connection, either way, is on its way until it is let go: then it arrives, also when the sender has
   * gone meanwhile.
   *
   * @returns lets it go; undefined when there is no such connection.
   */
  hold(targetSeesPort: number): (() => void) | undefined;
  close(): Promise<void>;
}

/** Starts one on a free port of 127.0.0.1, or on the given one. */
export async function startProxy(targetPort: number, port = 0): Promise<Link> {
  let mode: LinkMode = 'pass';
  const pairs = new Set<Pair>();
  const server = createServer((client) => {
    if (mode === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const pair = joinSockets(client, targetPort, () => mode === 'black hole');
    pairs.add(pair);
    client.once('close', () => pairs.delete(pair));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
  const destroy = (which: (pair: Pair) => boolean) => {
    for (const pair of pairs) if (which(pair)) pair.destroy();
  };
  const pairOf = (targetSeesPort: number) => [...pairs].find((pair) => pair.targetSeesPort() === targetSeesPort);
  return {
    port: portOf(server),
    setMode(next) {
      if (next === 'cut') destroy(() => true);
      if (mode === 'black hole') destroy((pair) => pair.hasLostBytes());
      mode = next;
    },
    dropConnections: () => destroy(() => true),
    forget(targetSeesPort) {
      const pair = pairOf(targetSeesPort);
      pair?.forget();
      return pair !== undefined;
    },
    hold(targetSeesPort) {
      const pair = pairOf(targetSeesPort);
      pair?.setHeld(true);
      return pair && (() => pair.setHeld(false));
    },
    async close() {
      destroy(() => true);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Pair {
  hasLostBytes(): boolean;
  targetSeesPort(): number | undefined;
  forget(): void;
  setHeld(isHeld: boolean): void;
  destroy(): void;
}

function joinSockets(client: Socket, targetPort: number, isBlackHole: () => boolean): Pair {
  const target = createConnection({ port: targetPort, host: '127.0.0.1' });
  let hasLost = false;
  let isForgotten = false;
  let isHeld = false;
  const isSwallowing = () => isForgotten || isBlackHole();
  const destroy = () => {
    client.destroy();
    target.destroy();
  };
  for (const [from, to] of [
    [client, target],
    [target, client],
  ] as const) {
    from.setNoDelay(true);
    from.on('error', destroy);
    from.on('close', () => {
      // A party behind a black hole does not hear that the other has gone.
      if (isSwallowing()) hasLost = true;
      else destroy();
    });
    from.on('data', (bytes) => {
      if (isSwallowing()) {
        hasLost = true;
      } else if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => isHeld || from.resume());
      }
    });
  }
  return {
    hasLostBytes: () => hasLost,
    targetSeesPort: () => target.localPort,
    forget() {
      isForgotten = true;
      target.resetAndDestroy();
    },
    setHeld(next) {
      isHeld = next;
      for (const socket of [client, target]) isHeld ? socket.pause() : socket.resume();
    },
    destroy,
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return address.port;
}
