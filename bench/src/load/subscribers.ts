import { randomUUID } from 'node:crypto';
import { waitFor } from '@sync-hub/dev/wait-for';
import { openWire, type Wire } from './wire.ts';

/** The frame of an event holds this, and no other frame does: it is how events are counted without being parsed. */
export const EVENT_MARK = 'bench-event';

export interface Subscription {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface SubscribersOptions {
  /** Of the server, for messages. */
  readonly name: string;
  readonly port: number;
  readonly sockets: number;
  /** Of `connection_init`; null: the server speaks no protocol at all, and sends as soon as a socket is open. */
  readonly connectionParams: Readonly<Record<string, string>> | null;
  /** What that socket subscribes to, from 0 on. */
  readonly subscriptionsOf: (socket: number) => readonly Subscription[];
  /** Handshakes under way at a time. By default fewer than any server's backlog. */
  readonly atOnce?: number;
}

/** Many sockets that count the events they are sent. */
export interface Subscribers {
  /** Events of each socket so far. */
  readonly counts: Uint32Array;
  /** Of all sockets. */
  total(): number;
  /** Bytes of the messages with events, of all sockets. */
  bytes(): number;
  /** Any message but the acknowledgement, events included, of all sockets: a subscription's first quiet frame. */
  messages(): number;
  /** The last message of that socket, as it came. It is kept only while `keepLast` is on. */
  last(socket: number): string;
  keepLast(isKept: boolean): void;
  /** Sockets that have been told that they are up to date, with their last event or in a message of its own. */
  upToDate(): number;
  /** One subscription more on each socket. */
  subscribeAll(subscription: Subscription): void;
  /** Resolves when all sockets together have had so many events. */
  untilTotal(total: number, timeoutMs?: number): Promise<void>;
  /** @throws Error when a socket has closed, or a subscription was refused. */
  check(): void;
  close(): void;
}

const MARK = Buffer.from(EVENT_MARK, 'latin1');
const ACK = '"connection_ack"';
const UP_TO_DATE = '"upToDate":true';
const REFUSALS = ['"type":"error"', '"errors":['];

/** Opens sockets and subscribes on each. Resolves when every operation was asked for, not when it was begun. */
export async function openSubscribers(options: SubscribersOptions): Promise<Subscribers> {
  const { sockets, atOnce = 100 } = options;
  const counts = new Uint32Array(sockets);
  /** 1: asks whether it is up to date, and was not told so yet. Who does not ask is not looked at. */
  const isWaited = new Uint8Array(sockets);
  let upToDateCount = 0;
  const lasts: string[] = [];
  const wires: Wire[] = [];
  /** Where the last event had its mark: the next one mostly has it there, too. */
  let markAt = 0;
  let total = 0;
  let bytes = 0;
  let messages = 0;
  let isKept = false;
  let failure: string | null = null;
  let waiting: { readonly total: number; readonly done: () => void } | null = null;

  function note(socket: number, chunk: Buffer, start: number, end: number) {
    messages++;
    if (isKept) lasts[socket] = chunk.toString('utf8', start, end);
    if (isWaited[socket] === 1 && indexIn(chunk, UP_TO_DATE, start, end) >= 0) {
      isWaited[socket] = 0;
      upToDateCount++;
    }
    if (!isAt(chunk, MARK, start + markAt, end)) {
      const at = indexIn(chunk, EVENT_MARK, start, end);
      if (at < 0) {
        if (REFUSALS.some((refusal) => indexIn(chunk, refusal, start, end) >= 0))
          failure ??= chunk.toString('utf8', start, end);
        return;
      }
      markAt = at - start;
    }
    counts[socket] = (counts[socket] ?? 0) + 1;
    bytes += end - start;
    total++;
    if (waiting !== null && total >= waiting.total) {
      waiting.done();
      waiting = null;
    }
  }

  async function open(socket: number) {
    let acknowledge = () => {};
    const acknowledged = new Promise<void>((resolve) => {
      acknowledge = resolve;
    });
    let isAcknowledged = options.connectionParams === null;
    const wire = await openWire({
      port: options.port,
      onText(chunk, start, end) {
        if (isAcknowledged) return note(socket, chunk, start, end);
        if (!chunk.toString('latin1', start, end).includes(ACK)) return;
        isAcknowledged = true;
        acknowledge();
      },
      onClose(how) {
        failure ??= `socket ${socket}: ${how}`;
        acknowledge();
      },
    });
    wires.push(wire);
    if (options.connectionParams === null) return;
    wire.send({ type: 'connection_init', payload: options.connectionParams });
    await acknowledged;
    for (const payload of options.subscriptionsOf(socket)) {
      if (payload.query.includes('upToDate')) isWaited[socket] = 1;
      wire.send({ id: randomUUID(), type: 'subscribe', payload });
    }
  }

  for (let first = 0; first < sockets; first += atOnce)
    await Promise.all(Array.from({ length: Math.min(atOnce, sockets - first) }, (_, index) => open(first + index)));

  const check = () => {
    if (failure !== null) throw new Error(`a subscriber of ${options.name}: ${failure}`);
  };
  return {
    counts,
    total: () => total,
    bytes: () => bytes,
    messages: () => messages,
    upToDate: () => upToDateCount,
    subscribeAll(payload) {
      for (const wire of wires) wire.send({ id: randomUUID(), type: 'subscribe', payload });
    },
    last: (socket) => lasts[socket] ?? '',
    keepLast(kept) {
      isKept = kept;
    },
    async untilTotal(target, timeoutMs = 60_000) {
      if (total >= target) return;
      let deadline: NodeJS.Timeout | undefined;
      await new Promise<void>((done) => {
        deadline = setTimeout(done, timeoutMs);
        waiting = { total: target, done };
      });
      clearTimeout(deadline);
      waiting = null;
      check();
      if (total < target) throw new Error(`${options.name}: ${total} of ${target} events came within ${timeoutMs} ms`);
    },
    check,
    close() {
      for (const wire of wires) wire.destroy();
    },
  };
}

/** Within a message, of which no view is made: that takes longer than the look. */
function indexIn(chunk: Buffer, part: string, start: number, end: number): number {
  const at = chunk.indexOf(part, start, 'latin1');
  return at + part.length <= end ? at : -1;
}

function isAt(chunk: Buffer, part: Buffer, at: number, end: number): boolean {
  if (at + part.length > end) return false;
  for (let index = 0; index < part.length; index++) if (chunk[at + index] !== part[index]) return false;
  return true;
}

/** A quiet frame opens each subscription of ours: resolves when all have had theirs. */
export async function untilOpened(subscribers: Subscribers, subscriptions: number): Promise<void> {
  await waitFor(
    () => {
      subscribers.check();
      return subscribers.messages() >= subscriptions;
    },
    { what: `${subscriptions} subscriptions to begin`, timeoutMs: 120_000 },
  );
}
