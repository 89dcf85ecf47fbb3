import type { ChangeRecord } from './change-record.ts';

/**
 * A record ready for the wire: the JSON text of one {@link ChangeRecord}, written once by the relay and never parsed by
 * a store. Made by `encodeRecord`.
 */
export interface EncodedRecord {
  readonly epoch: number;
  readonly seq: number;
  /** The scope, for other consumers of the topic; null where the table has none. */
  readonly key: string | null;
  readonly value: string;
  /** UTF-8 bytes of `key` and `value` together. */
  readonly bytes: number;
}

/** A place in the log: everything up to and including `seq` of `epoch` has been seen. */
export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

export interface Bounds {
  readonly oldest: Position;
  readonly newest: Position;
  /** The tag of the newest record's batch. */
  readonly newestTag: string;
}

/** What a reader tells. Calls come one at a time; a returned promise is waited for (back pressure). A sink must not throw. */
export interface Sink {
  /** Each record once, in rising (`epoch`, `seq`), whatever the store repeats. */
  record(record: ChangeRecord): void | Promise<void>;
  /** `seq` jumped within an epoch: what lies between is lost to this reader. The record after the gap follows as usual. */
  gap(gap: { readonly after: Position; readonly next: Position }): void;
  /** Something on the stream is not a record of ours. It was counted and skipped. */
  unreadable(error: Error): void;
}

export interface Reader {
  close(): Promise<void>;
}

/**
 * The log between the relay and every API process: one order, one `seq`, kept for a stated time.
 *
 * - What `publish` has acknowledged survives the crash of any process (acks=all, or a committed transaction).
 * - Publishing again what is already there is harmless: readers drop what they have seen by (`epoch`, `seq`).
 * - Every reader sees everything; readers share nothing.
 */
export interface Stream {
  /** The largest `bytes` of a record that `publish` takes. */
  readonly maxRecordBytes: number;
  /** Resolves when every record is durable. Rejects with an unknown outcome: publish the same records again. */
  publish(records: readonly EncodedRecord[]): Promise<void>;
  /** Starts a reader after `from`. Resolves when it is reading; it reconnects by itself until closed. */
  read(from: Position | 'earliest' | 'latest', sink: Sink): Promise<Reader>;
  /** What the log holds now, or null while it is empty. */
  bounds(): Promise<Bounds | null>;
  close(): Promise<void>;
}
