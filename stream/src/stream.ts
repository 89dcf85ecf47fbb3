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
  /** Of the first record kept. Whether all between the two is kept, a reader tells. */
  readonly oldest: Position;
  /** The highest, which need not be the last: a late repetition may follow it. */
  readonly newest: Position;
  /** The tag of the newest record's batch. */
  readonly newestTag: string;
}

/**
 * What a reader tells. Calls come one at a time; a returned promise is waited for (back pressure). A sink must not throw:
 * what it throws is logged and its reader goes on with the next record.
 */
export interface Sink {
  /** Each record once, in rising (`epoch`, `seq`), whatever the store repeats. */
  record(record: ChangeRecord): void | Promise<void>;
  /**
   * What this reader told last and what it tells next are not one history: `seq` jumped within an epoch, or a copy of the
   * store's disk was put back and another history has grown on it (`next` then need not come after `after`). The record
   * after the gap follows as usual.
   */
  gap(gap: { readonly after: Position; readonly next: Position }): void;
  /** Something on the stream is not a record of ours, and was skipped. Had it a `seq`, the record after it tells the gap. */
  unreadable(error: Error): void;
  /**
   * The store holds a record again, or one of an epoch that a newer one has replaced: dropped, and named here so that it
   * can be counted. Not told of what a reader meets again by its own doing: what it passes on the way to its start, and
   * what it reads a second time to look into a jump. Over Postgres, which keeps each place once, it is never told.
   */
  repeated?(position: Position): void;
}

export interface Reader {
  /** Once called, the sink is not called again, and one that is still at work is not waited for. Harmless when repeated. */
  close(): Promise<void>;
}

/**
 * A store that is a table of the database whose changes it tells: parts of a statement of the relay, so that one transaction
 * fixes a batch and stores it.
 */
export interface StoreInStatement {
  /**
   * A part of its WITH that stores records. One whose place is taken fails the statement.
   *
   * @param records  SQL of a query that gives their `epoch`, `seq` and `value`, none over `maxRecordBytes`.
   */
  insert(records: string): string;
  /** An expression of its SELECT that tells readers of what was stored, once that is committed. @param stored  that part's name. */
  tell(stored: string): string;
  /** To be called when a statement that stored has committed. */
  stored(): void;
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
  /** Null where records can only be published. What a statement stores is as if `publish` had acknowledged it. */
  readonly inStatement: StoreInStatement | null;
  /**
   * Resolves when every record is durable. One call at a time, in the order of the log.
   *
   * @throws RecordTooLargeError, and nothing was stored. Anything else is an unknown outcome, some or all of the records
   *   may be stored: publish the same ones again before any other.
   */
  publish(records: readonly EncodedRecord[]): Promise<void>;
  /**
   * Starts a reader after `from`; `latest` begins with what is published from now on. It comes back by itself, where it
   * was, from whatever happens to the store, until it is closed.
   *
   * After a position the sink's first call is the record that follows it, whenever that is kept. Otherwise:
   * - the position is older than what is kept: the gap, once there is a record to show it (a heartbeat's second)
   * - nothing after it is kept but a newer epoch: that epoch's oldest record, without a gap, since no number follows from
   *   another epoch's; whoever resumes compares the epochs
   * - the position is beyond the end, or of an epoch yet to come: nothing until the log has passed it
   */
  read(from: Position | 'earliest' | 'latest', sink: Sink): Promise<Reader>;
  /** What the log holds now; null while nothing in it can be read. */
  bounds(): Promise<Bounds | null>;
  /** Closes its readers too. A publish that is under way is given up, or waited for. Harmless when repeated. */
  close(): Promise<void>;
}
