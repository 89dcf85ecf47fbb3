import { connect, type Socket } from 'node:net';
import { createAnswerReader } from './http-answer.ts';

/**
 * A connection that is kept, for one POST after the other: what it costs is paid by both sides of a comparison, on the core
 * that PostgreSQL has too, and pulls their ratio towards 1. `node:http` takes several times as long for a request.
 */
export interface HttpWire {
  /** @returns the answer's body. @throws Error when its status is not 200, or the connection ends. */
  post(body: string): Promise<string>;
  close(): void;
}

/** One for all of them: Node reads from one socket at a time, and what was read is looked at before the next read. */
const readBuffer = Buffer.allocUnsafe(65_536);

/** @param headers  besides those of the message itself. */
export function openHttpWire(url: string, headers: Readonly<Record<string, string>>): HttpWire {
  const { hostname, port, host, pathname } = new URL(url);
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `host: ${host}`,
    'content-type: application/json',
    'accept: application/json',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'content-length: ',
  ].join('\r\n');
  let asked: { resolve(body: string): void; reject(error: Error): void } | null = null;
  let socket: Socket | null = null;

  const fail = (error: Error) => {
    asked?.reject(error);
    asked = null;
  };

  function open(): Socket {
    const read = createAnswerReader(({ status, body }) => {
      const { resolve, reject } = asked ?? { resolve() {}, reject() {} };
      asked = null;
      if (status === 200) resolve(body);
      else reject(new Error(`the server answered ${status}: ${body}`));
    });
    const onread = {
      buffer: readBuffer,
      callback(length: number) {
        try {
          read(readBuffer.subarray(0, length));
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
        }
        return true;
      },
    };
    const opened = connect({ host: hostname, port: Number(port), noDelay: true, onread });
    opened.on('error', fail);
    opened.once('close', () => {
      socket = null;
      fail(new Error('the server closed the connection'));
    });
    return opened;
  }

  return {
    post: (body) =>
      new Promise((resolve, reject) => {
        if (asked !== null) return reject(new Error('the answer before has not come'));
        asked = { resolve, reject };
        // A server closes one that was not used for some seconds: while the other side had its turn.
        socket ??= open();
        socket.write(`${head}${Buffer.byteLength(body)}\r\n\r\n${body}`);
      }),
    close: () => void socket?.destroy(),
  };
}
