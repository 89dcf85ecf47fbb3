import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { clientFrame, createFrameReader } from './frames.ts';

/** A WebSocket client that does as little as one can: no queue, no copy, no event for a message. */
export interface Wire {
  send(message: unknown): void;
  /** Cuts the connection without a word. */
  destroy(): void;
}

/** One for all of them: Node reads from one socket at a time, and what was read is looked at before the next read. */
const readBuffer = Buffer.allocUnsafe(65_536);
const HEAD_END = '\r\n\r\n';

/**
 * Opens a WebSocket to `ws://127.0.0.1:<port>/graphql`. Pings are answered.
 *
 * @param onText  each message: bytes from `start` to `end`, good until it returns.
 * @param onClose  it has ended, and not because of `destroy`; says how.
 * @throws Error when the server refuses.
 */
export function openWire({
  port,
  onText,
  onClose,
}: {
  readonly port: number;
  readonly onText: (bytes: Buffer, start: number, end: number) => void;
  readonly onClose: (how: string) => void;
}): Promise<Wire> {
  return new Promise((resolve, reject) => {
    let head = '';
    let isOpen = false;
    let how = 'the connection was cut';
    const read = createFrameReader({
      text: onText,
      ping: (payload) => void socket.write(clientFrame('pong', payload)),
      close: (code) => {
        how = `the server closed it with ${code}`;
        socket.end();
      },
    });
    const take = (chunk: Buffer) => {
      if (isOpen) return read(chunk);
      head += chunk.toString('latin1');
      const end = head.indexOf(HEAD_END);
      if (end < 0) return;
      if (!head.startsWith('HTTP/1.1 101 ')) {
        socket.destroy(new Error(`refused: ${head.slice(0, end)}`));
        return;
      }
      isOpen = true;
      resolve({
        send: (message) => void socket.write(clientFrame('text', Buffer.from(JSON.stringify(message)))),
        destroy() {
          socket.removeAllListeners('close');
          socket.destroy();
        },
      });
      const rest = Buffer.from(head.slice(end + HEAD_END.length), 'latin1');
      if (rest.length > 0) read(rest);
    };
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback(length) {
          take(readBuffer.subarray(0, length));
          return true;
        },
      },
    });
    socket.once('connect', () => socket.write(upgradeRequest(port)));
    socket.on('error', (error) => {
      how = error.message;
    });
    socket.once('close', () => (isOpen ? onClose(how) : reject(new Error(how))));
  });
}

function upgradeRequest(port: number): string {
  return [
    'GET /graphql HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: graphql-transport-ws',
    HEAD_END,
  ]
    .join('\r\n')
    .replace(`\r\n${HEAD_END}`, HEAD_END);
}
