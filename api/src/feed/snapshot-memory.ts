import { codedError } from '../errors.ts';

interface Settings {
  readonly maxBytes: number;
  /** So long a snapshot keeps what it holds, however slowly its client reads. */
  readonly patienceMs: number;
}

/** One snapshot that holds some of it. */
interface Holder {
  bytes: number;
  readonly since: number;
  readonly onDropped: () => void;
}

/** Memory that all snapshots on their way to their clients share. */
export interface SnapshotMemory {
  /** What one snapshot holds of it. @param onDropped  it has lost all of it to others. */
  share(onDropped: () => void): {
    /** @throws QUERY_TOO_COMPLEX when it alone needs more than there is; UNAVAILABLE when others hold it, or it was dropped. */
    take(bytes: number): void;
    giveBack(bytes: number): void;
  };
  readonly bytes: number;
}

/**
 * When it is full, the snapshots that have held some of it longest, and longer than `patienceMs`, are dropped for others:
 * clients that read slowly delay the next ones by no more than that.
 */
export function createSnapshotMemory({ maxBytes, patienceMs }: Settings): SnapshotMemory {
  let held = 0;
  /** Oldest first. */
  const holders = new Set<Holder>();

  function makeRoom(bytes: number) {
    const slow = [...holders].filter(({ since }) => Date.now() - since >= patienceMs);
    if (held + bytes - slow.reduce((sum, holder) => sum + holder.bytes, 0) > maxBytes) return;
    for (const holder of slow) {
      if (held + bytes <= maxBytes) return;
      holders.delete(holder);
      held -= holder.bytes;
      holder.onDropped();
    }
  }

  return {
    share(onDropped) {
      let holder: Holder | null = null;
      const wasDropped = () => holder !== null && !holders.has(holder);
      return {
        take(bytes) {
          if (!wasDropped() && (holder?.bytes ?? 0) + bytes > maxBytes) {
            const message = 'These are more rows than a snapshot may hold. Ask for fewer, by `where`.';
            throw codedError('QUERY_TOO_COMPLEX', message);
          }
          makeRoom(bytes);
          if (wasDropped() || held + bytes > maxBytes) {
            const message = 'Too many rows are on their way to clients. Ask for fewer, by `where`, or try again later.';
            throw codedError('UNAVAILABLE', message);
          }
          holder ??= { bytes: 0, since: Date.now(), onDropped };
          holders.add(holder);
          holder.bytes += bytes;
          held += bytes;
        },
        giveBack(bytes) {
          if (holder === null || !holders.has(holder)) return;
          holder.bytes -= bytes;
          held -= bytes;
          if (holder.bytes === 0) holders.delete(holder);
        },
      };
    },
    get bytes() {
      return held;
    },
  };
}
