/**
 * The record of the stream: one committed change of one row (or a sign of life, or a marker in a row's place).
 *
 * Other consumers read the topic too: this file and docs/stream-format.md are a public contract. Unknown fields are
 * ignored; an unknown format version is an error.
 */

/** Version written by this code, and the only one it reads. */
export const FORMAT_VERSION = 1;

/** A row as Postgres's `row_to_json` gives it: column names, timestamps in UTC. */
export type JsonRow = { readonly [column: string]: JsonValue };
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Where a record stands in the one log. Records are ordered by (`epoch`, `seq`). */
export interface RecordHeader {
  /** Format version. */
  readonly v: typeof FORMAT_VERSION;
  /** Number of this unbroken history of the log; a higher one replaces every lower one. */
  readonly epoch: number;
  /** Random id of that history. */
  readonly epochId: string;
  /** Which run of the server the batch was fenced in: between two of the same, the server has not crashed. */
  readonly incarnation: string;
  /** Gapless within an epoch, rising for ever. */
  readonly seq: number;
  readonly batch: number;
  /** Random id of the batch: the same `seq` under another tag is another history. */
  readonly tag: string;
  /** The last record of its transaction: what came since the previous `last` is one transaction. */
  readonly last: boolean;
  /** RFC 3339, UTC: when the row was written (for a heartbeat, when its batch was fenced). */
  readonly at: string;
}

/** What every record that stands for an outbox row carries. */
interface RowHeader extends RecordHeader {
  /** The transaction's xid8, as decimal text. */
  readonly xid: string;
  /** As Postgres writes the table's name: `tasks`, `other.things`. */
  readonly table: string;
  /** The author's user id, session id and mutation id; null for writes that did not come through the API. */
  readonly actor: string | null;
  readonly actorSession: string | null;
  readonly mutationId: string | null;
  /** W3C Trace Context. */
  readonly traceparent: string | null;
}

export type Operation = 'I' | 'U' | 'D';

/** Which row changed, and how. */
interface ChangeHeader extends RowHeader {
  readonly op: Operation;
  /** Primary key: its text when it is one column, else a JSON array of texts. */
  readonly key: string;
  /** The scope column's text after the change (before it, for D); null where the table has none. */
  readonly scope: string | null;
  /** Fingerprint of the table's columns and types. */
  readonly shape: string;
}

/** A change of one row. `before` is null for I, `after` for D. */
export interface Change extends ChangeHeader {
  readonly kind: 'change';
  readonly before: JsonRow | null;
  readonly after: JsonRow | null;
}

/** A change too large for the stream: the rows are in `sync.outbox` under `outboxId`, for as long as the stream keeps this record. */
export interface Claim extends ChangeHeader {
  readonly kind: 'claim';
  /** sync.outbox.id, as decimal text. */
  readonly outboxId: string;
}

/** Every row of the table went at once, without a record each. */
export interface Truncate extends RowHeader {
  readonly kind: 'truncate';
}

/** A change that could never be published; it waits in `sync.dead_letter` for a person. */
export interface Lost extends RowHeader {
  readonly kind: 'lost';
  readonly outboxId: string;
  readonly reason: string;
}

/** A batch without rows: the log is alive and quiet. Always a transaction of its own. */
export interface Heartbeat extends RecordHeader {
  readonly kind: 'heartbeat';
}

export type ChangeRecord = Change | Claim | Truncate | Lost | Heartbeat;
export type RecordKind = ChangeRecord['kind'];
