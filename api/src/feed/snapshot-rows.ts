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
 * reads them never waits for a socket.
 */
export interface SnapshotRows {
  /** @throws QUERY_TOO_COMPLEX when it alone, UNAVAILABLE when all snapshots together would take more than they may. */
  add(page: PackedPage): Promise<void>;
  /** Each page once; it is forgotten when it was given. */
  take(): Promise<PackedPage | null>;
  readonly pages: number;
  /** What was left of it is gone: it had waited longest for its client when others needed the memory. */
  readonly wasDropped: boolean;
  /** Forgets what is left. */
  release(): void;
}

export function createSnapshotRows(memory: SnapshotMemory): SnapshotRows {
  let packed: Buffer[] = [];
  let wasDropped = false;
  const share = memory.share(() => {
    wasDropped = true;
    packed = [];
  });

  return {
    async add(page) {
      const buffer = await compress(serialize(page), { level: 1 });
      share.take(buffer.length);
      packed.push(buffer);
    },
    async take() {
      const buffer = packed.shift();
      if (buffer === undefined) return null;
      share.giveBack(buffer.length);
      return deserialize(await decompress(buffer)) as PackedPage;
    },
    get pages() {
      return packed.length;
    },
    get wasDropped() {
      return wasDropped;
    },
    release() {
      for (const { length } of packed) share.giveBack(length);
      packed = [];
    },
  };
}
