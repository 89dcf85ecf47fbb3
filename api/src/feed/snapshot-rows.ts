import { promisify } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { codedError } from '../errors.ts';
import type { FrameChange } from './frame.ts';

const compress = promisify(deflateRaw);
const decompress = promisify(inflateRaw);

/** Memory that all snapshots on their way to their clients share. */
export interface SnapshotMemory {
  readonly maxBytes: number;
  bytes: number;
}

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
  /** @throws UNAVAILABLE when all snapshots together would take more than they may. */
  add(page: PackedPage): Promise<void>;
  /** Each page once; it is forgotten when it was given. */
  take(): Promise<PackedPage | null>;
  readonly pages: number;
  /** Forgets what is left. */
  release(): void;
}

export function createSnapshotRows(memory: SnapshotMemory): SnapshotRows {
  let packed: Buffer[] = [];

  function forget(buffer: Buffer) {
    memory.bytes -= buffer.length;
  }
  return {
    async add(page) {
      const buffer = await compress(serialize(page), { level: 1 });
      if (memory.bytes + buffer.length > memory.maxBytes) {
        const message = 'Too many rows are on their way to clients. Ask for fewer, by `where`, or try again later.';
        throw codedError('UNAVAILABLE', message);
      }
      memory.bytes += buffer.length;
      packed.push(buffer);
    },
    async take() {
      const buffer = packed.shift();
      if (buffer === undefined) return null;
      forget(buffer);
      return deserialize(await decompress(buffer)) as PackedPage;
    },
    get pages() {
      return packed.length;
    },
    release() {
      for (const buffer of packed) forget(buffer);
      packed = [];
    },
  };
}
