import { promisify } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { FrameChange } from './frame.ts';
import type { SnapshotMemory } from './snapshot-memory.ts';

const compress = promisify(deflateRaw);
const decompress = promisify(inflateRaw);

/** A page's worth of rows, each as it enters its view. `model` stays what it was: rows name their view by number. */
export interface PackedPage {
  readonly view: number;
  readonly changes: readonly Omit<FrameChange, 'model'>[];
}

/**
 * The rows of one snapshot between Postgres and a client who may be slow: compressed, in memory, so that the transaction that
 * reads them never waits for a socket. Several clients may take the same, each at its own pace: they are kept once, a page until
 * the last of them has taken it.
 */
export interface SnapshotRows {
  /** @throws QUERY_TOO_COMPLEX when it alone, UNAVAILABLE when all snapshots together would take more than they may. */
  add(page: PackedPage): Promise<void>;
  /** The same rows for one more client. Only before anybody takes any. */
  another(): SnapshotRows;
  /** Whether others take them too. Who keeps step with them is given the same object. */
  readonly isShared: boolean;
  /** Each page once; it is forgotten when all were given it. */
  take(): Promise<PackedPage | null>;
  readonly pages: number;
  /** What was left of it is gone: it had waited longest for its client when others needed the memory. */
  readonly wasDropped: boolean;
  /** Forgets what is left. */
  release(): void;
}

/** A page in memory, and how many have yet to take it. */
interface Kept {
  buffer: Buffer;
  left: number;
}

const nothing = Buffer.alloc(0);

export function createSnapshotRows(memory: SnapshotMemory): SnapshotRows {
  const takers: { next: number; wasDropped: boolean; hasLeft: boolean }[] = [];
  let clients = 0;
  let kept: Kept[] = [];
  let wereDropped = false;
  /** What was taken last: whoever keeps step is given it as it is. Only one page, whatever the others do. */
  let unpacked: { readonly of: Kept; readonly page: Promise<PackedPage> } | null = null;

  const share = memory.share(() => {
    // Who has taken all of it has lost nothing.
    for (const taker of takers) taker.wasDropped ||= taker.next < kept.length;
    wereDropped = true;
    kept = [];
    unpacked = null;
  });

  function unpack(one: Kept): Promise<PackedPage> {
    if (unpacked?.of !== one) unpacked = { of: one, page: decompress(one.buffer).then(deserialize) };
    return unpacked.page;
  }
  function letGo(one: Kept) {
    one.left -= 1;
    if (one.left > 0) return;
    share.giveBack(one.buffer.length);
    one.buffer = nothing;
    if (unpacked?.of === one) unpacked = null;
  }

  function createTaker(): SnapshotRows {
    const taker = { next: 0, wasDropped: wereDropped, hasLeft: false };
    takers.push(taker);
    clients += 1;
    return {
      async add(page) {
        const buffer = await compress(serialize(page), { level: 1 });
        share.take(buffer.length);
        kept.push({ buffer, left: takers.length });
      },
      another() {
        for (const one of kept) one.left += 1;
        return createTaker();
      },
      get isShared() {
        return clients > 1;
      },
      async take() {
        const one = kept[taker.next];
        if (one === undefined) return null;
        taker.next += 1;
        const page = unpack(one);
        letGo(one);
        return page;
      },
      get pages() {
        return Math.max(0, kept.length - taker.next);
      },
      get wasDropped() {
        return taker.wasDropped;
      },
      release() {
        for (const one of kept.slice(taker.next)) letGo(one);
        taker.next = Math.max(taker.next, kept.length);
        if (!taker.hasLeft) clients -= 1;
        taker.hasLeft = true;
      },
    };
  }
  return createTaker();
}
