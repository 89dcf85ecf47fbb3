import {
  type ChangeRecord,
  FORMAT_VERSION,
  type JsonRow,
  type Operation,
  type RecordHeader,
  type RecordKind,
} from './change-record.ts';

/** The value is not a record that this version can read. The message says which field is wrong and what it holds. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
}

/**
 * Reads one value of the stream.
 *
 * Total: any text gives a record or an {@link UnreadableRecordError}, never a half-read record. Every documented field
 * must be there with its type; fields that are not documented are left out of the result.
 *
 * @throws {UnreadableRecordError} also for another format version: the message names both versions.
 * @see docs/stream-format.md
 */
export function parseRecord(value: string): ChangeRecord {
  const fields = parseObject(value);
  const { v: version, kind } = fields;
  if (version !== FORMAT_VERSION) {
    throw new UnreadableRecordError(
      version === undefined
        ? 'not a record of ours: it has no format version `v`'
        : `record of format version ${show(version)}; this reader reads version ${FORMAT_VERSION}`,
    );
  }
  if (typeof kind !== 'string' || !isKind(kind))
    throw wrong(fields, 'kind', `one of ${Object.keys(readers).join(', ')}`);
  return readers[kind](fields);
}

type Fields = { readonly [name: string]: unknown };

/** One reader for each kind: adding a kind does not compile until it has one. */
const readers: { readonly [K in RecordKind]: (fields: Fields) => Extract<ChangeRecord, { kind: K }> } = {
  change: (fields) => {
    const header = changeHeader(fields);
    return {
      kind: 'change',
      ...header,
      before: header.op === 'I' ? noRow(fields, 'before', 'I') : row(fields, 'before'),
      after: header.op === 'D' ? noRow(fields, 'after', 'D') : row(fields, 'after'),
    };
  },
  claim: (fields) => ({ kind: 'claim', ...changeHeader(fields), outboxId: decimal(fields, 'outboxId') }),
  truncate: (fields) => ({ kind: 'truncate', ...rowHeader(fields) }),
  lost: (fields) => ({
    kind: 'lost',
    ...rowHeader(fields),
    outboxId: decimal(fields, 'outboxId'),
    reason: text(fields, 'reason'),
  }),
  heartbeat: (fields) => ({ kind: 'heartbeat', ...recordHeader(fields) }),
};

function isKind(kind: string): kind is RecordKind {
  return Object.hasOwn(readers, kind);
}

function recordHeader(fields: Fields): RecordHeader {
  return {
    v: FORMAT_VERSION,
    epoch: count(fields, 'epoch'),
    epochId: text(fields, 'epochId'),
    session: text(fields, 'session'),
    seq: count(fields, 'seq'),
    batch: count(fields, 'batch'),
    tag: text(fields, 'tag'),
    last: flag(fields, 'last'),
    at: instant(fields, 'at'),
  };
}

function rowHeader(fields: Fields) {
  return {
    ...recordHeader(fields),
    xid: decimal(fields, 'xid'),
    table: text(fields, 'table'),
    actor: textOrNull(fields, 'actor'),
    actorSession: textOrNull(fields, 'actorSession'),
    mutationId: textOrNull(fields, 'mutationId'),
    traceparent: textOrNull(fields, 'traceparent'),
  };
}

function changeHeader(fields: Fields) {
  return {
    ...rowHeader(fields),
    op: operation(fields, 'op'),
    key: text(fields, 'key'),
    scope: textOrNull(fields, 'scope'),
    shape: text(fields, 'shape'),
  };
}

function parseObject(value: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch (cause) {
    throw new UnreadableRecordError(`not JSON: ${show(value)}`, { cause });
  }
  if (!isObject(parsed)) throw new UnreadableRecordError(`not a JSON object: ${show(parsed)}`);
  return parsed;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw wrong(fields, name, 'a string');
  return value;
}

function textOrNull(fields: Fields, name: string): string | null {
  const value = fields[name];
  if (value !== null && typeof value !== 'string') throw wrong(fields, name, 'a string or null');
  return value;
}

function count(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw wrong(fields, name, 'a whole number from 0');
  return value;
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw wrong(fields, name, 'true or false');
  return value;
}

/** A 64-bit number travels as text: JSON readers round numbers from 2^53 on. */
function decimal(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || !/^\d{1,20}$/.test(value)) throw wrong(fields, name, 'decimal digits in a string');
  return value;
}

function instant(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/.test(value)) {
    throw wrong(fields, name, 'an RFC 3339 time in UTC');
  }
  return value;
}

function operation(fields: Fields, name: string): Operation {
  const value = fields[name];
  if (value !== 'I' && value !== 'U' && value !== 'D') throw wrong(fields, name, 'I, U or D');
  return value;
}

function row(fields: Fields, name: string): JsonRow {
  const value = fields[name];
  if (!isObject(value)) throw wrong(fields, name, 'a row');
  return value as JsonRow; // What JSON.parse gave is JSON all the way down.
}

function noRow(fields: Fields, name: string, op: Operation): null {
  if (fields[name] !== null) throw wrong(fields, name, `null, its operation being ${op}`);
  return null;
}

function wrong(fields: Fields, name: string, expected: string): UnreadableRecordError {
  return new UnreadableRecordError(`\`${name}\` must be ${expected}, but is ${show(fields[name])}`);
}

/** Enough to recognise a value in a log, never a whole row. */
function show(value: unknown): string {
  const json = JSON.stringify(value) ?? 'missing';
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}
