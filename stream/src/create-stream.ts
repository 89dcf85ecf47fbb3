import { refuseTooLarge } from './record-limits.ts';
import type { EncodedRecord, Reader, Stream } from './stream.ts';

/** What a store has of its own; the rest of a {@link Stream} is the same over every store. */
export interface Store extends Pick<Stream, 'maxRecordBytes' | 'inStatement' | 'read' | 'bounds' | 'close'> {
  /** Called with one list at a time, never empty, no record over `maxRecordBytes`. */
  store(records: readonly EncodedRecord[]): Promise<void>;
}

/**
 * Makes a store a stream: records too large are refused before anything is stored, calls of `publish` do not overlap,
 * closing closes the readers first and happens once.
 */
export function createStream(store: Store): Stream {
  const readers = new Set<Reader>();
  let publishing = false;
  let closed: Promise<void> | null = null;

  function refuseClosed(): void {
    if (closed !== null) throw new Error('the stream is closed');
  }

  async function close(): Promise<void> {
    await Promise.all([...readers].map((reader) => reader.close()));
    await store.close();
  }

  return {
    maxRecordBytes: store.maxRecordBytes,
    inStatement: store.inStatement,
    async publish(records) {
      refuseClosed();
      // Were more sent while an outcome is unknown, it could land first, and readers would drop the rest as seen.
      if (publishing) throw new Error('publish was called again before the call before it had an outcome');
      refuseTooLarge(records, store.maxRecordBytes);
      if (records.length === 0) return;
      publishing = true;
      try {
        await store.store(records);
      } finally {
        publishing = false;
      }
    },
    async read(from, sink) {
      refuseClosed();
      const reader = await store.read(from, sink);
      const tracked: Reader = {
        async close() {
          await reader.close();
          readers.delete(tracked);
        },
      };
      readers.add(tracked);
      if (closed !== null) await tracked.close();
      return tracked;
    },
    async bounds() {
      refuseClosed();
      return store.bounds();
    },
    close() {
      closed ??= close();
      return closed;
    },
  };
}
