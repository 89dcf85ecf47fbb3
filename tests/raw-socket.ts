import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { waitFor } from '@sync-hub/dev/wait-for';
import { WebSocket } from 'ws';

export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** One WebSocket without any client library: it sends whatever it is told to. */
export interface RawSocket {
  readonly messages: readonly Message[];
  /** `4400 Invalid message received`, once it is closed. */
  readonly closedWith: string | null;
  /** Text and bytes go as they are, anything else as JSON. All of them as one piece. */
  send(...messages: readonly unknown[]): void;
  /** Waits for a message that is like this. */
  receive(what: string, isIt: (message: Message) => boolean): Promise<Message>;
  /** Waits until the other side has closed it. @returns how. */
  closing(): Promise<string>;
  /** Reads nothing more from the network, as a phone in a tunnel, until `readAgain`. */
  stopReading(): void;
  readAgain(): void;
  close(): void;
}

/** @param url  of the API, http. */
export async function openRawSocket(url: string, protocol = 'graphql-transport-ws'): Promise<RawSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocol === '' ? [] : protocol);
  const messages: Message[] = [];
  let closedWith: string | null = null;
  socket.on('message', (text) => messages.push(JSON.parse(String(text)) as Message));
  socket.on('close', (code, reason) => {
    closedWith = `${code} ${reason}`.trim();
  });
  socket.on('error', () => {});
  let connection: Duplex | null = null;
  socket.on('upgrade', (response) => {
    connection = response.socket;
  });
  await once(socket, 'open');
  return {
    messages,
    get closedWith() {
      return closedWith;
    },
    send(...sent) {
      connection?.cork();
      for (const message of sent)
        socket.send(typeof message === 'string' || message instanceof Buffer ? message : JSON.stringify(message));
      connection?.uncork();
    },
    receive: (what, isIt) => waitFor(() => messages.find(isIt), { what: `${what}; ${JSON.stringify(messages)}` }),
    closing: () => waitFor(() => closedWith, { what: `the socket to close; ${JSON.stringify(messages)}` }),
    stopReading: () => socket.pause(),
    readAgain: () => socket.resume(),
    close: () => socket.terminate(),
  };
}

export interface CodedError {
  readonly extensions: { readonly code: string; readonly cursor?: string };
}

/** Of an operation, whichever message carries them. */
export function errorsOf({ payload }: Message): readonly CodedError[] {
  if (Array.isArray(payload)) return payload as CodedError[];
  return (payload as { errors?: CodedError[] } | undefined)?.errors ?? [];
}

/** The same, signed in. */
export async function openSignedIn(url: string, accessToken: string): Promise<RawSocket> {
  const socket = await openRawSocket(url);
  socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${accessToken}` } });
  await socket.receive('the acknowledgement', ({ type }) => type === 'connection_ack');
  return socket;
}
