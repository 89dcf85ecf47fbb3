import { isDeeperThan, maxNesting } from './nesting.ts';

/** The id of an operation is kept as long as it lives, and is part of each of its messages. */
export const maxIdCharacters = 256;

const serverTypes: readonly unknown[] = ['connection_ack', 'next', 'error'];

/**
 * Why a client may not send this message, though graphql-ws would take it, or call it a failure of ours.
 *
 * @returns a reason to close its socket with, or null.
 */
export function whyRefused(message: unknown): string | null {
  if (typeof message !== 'object' || message === null) return null;
  const { type, id, payload }: { type?: unknown; id?: unknown; payload?: unknown } = message;
  if (serverTypes.includes(type)) return `Invalid message received: only the server sends ${type}`;
  if (typeof id === 'string' && id.length > maxIdCharacters)
    return `Invalid message received: an id has at most ${maxIdCharacters} characters`;
  // What is wrong with an operation is told as its answer.
  if (type !== 'subscribe' && isDeeperThan(maxNesting, payload))
    return `Invalid message received: its payload is nested more than ${maxNesting} levels deep`;
  return null;
}

/** A reason that a close frame has room for: `ws` throws on a longer one. */
export function asCloseReason(reason = ''): string {
  return reason.slice(0, new TextEncoder().encodeInto(reason, new Uint8Array(123)).read);
}
