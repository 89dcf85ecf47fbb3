import {
  type Change,
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
 * must be there with its type; fields that are not documented are nobody's concern and are not looked at.
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
  const kindChecks = typeof kind === 'string' ? checks.get(kind) : undefined;
  if (kindChecks === undefined) throw wrong(fields, 'kind', `one of ${[...checks.keys()].join(', ')}`);
  for (const [name, { accepts, expected }] of kindChecks) {
    if (!accepts(fields[name])) throw wrong(fields, name, expected);
  }
  // What the checks of its kind accept is that record: the compiler holds the checks against the types.
  const record = fields as unknown as ChangeRecord;
  if (record.kind === 'change') checkRows(record, fields);
  return record;
}

type Fields = { readonly [name: string]: unknown };

interface Check<T> {
  readonly accepts: (value: unknown) => value is T;
  readonly expected: string;
}
/** A check for each field of a record: adding a field to the contract does not compile until it has one. */
type Checks<T> = { readonly [Field in Exclude<keyof T, 'v' | 'kind'>]: Check<T[Field]> };

const text: Check<string> = {
  accepts: (value) => typeof value === 'string',
  expected: 'a string',
};
const textOrNull: Check<string | null> = {
  accepts: (value) => value === null || typeof value === 'string',
  expected: 'a string or null',
};
const count: Check<number> = {
  accepts: (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0,
  expected: 'a whole number from 0',
};
const flag: Check<boolean> = {
  accepts: (value) => typeof value === 'boolean',
  expected: 'true or false',
};
/** A 64-bit number travels as text: JSON readers round numbers from 2^53 on. */
const decimal: Check<string> = {
  accepts: (value): value is string => typeof value === 'string' && /^\d{1,20}$/.test(value),
  expected: 'decimal digits in a string',
};
const instant: Check<string> = {
  accepts: (value): value is string =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/.test(value),
  expected: 'an RFC 3339 time in UTC',
};
const operation: Check<Operation> = {
  accepts: (value) => value === 'I' || value === 'U' || value === 'D',
  expected: 'I, U or D',
};
const rowOrNull: Check<JsonRow | null> = {
  accepts: (value): value is JsonRow | null => value === null || isObject(value),
  expected: 'a row or null',
};

const recordChecks: Checks<RecordHeader> = {
  epoch: count,
  epochId: text,
  incarnation: text,
  seq: count,
  batch: count,
  tag: text,
  last: flag,
  at: instant,
};
const rowChecks = {
  ...recordChecks,
  xid: decimal,
  table: text,
  actor: textOrNull,
  actorSession: textOrNull,
  mutationId: textOrNull,
  traceparent: textOrNull,
};
const changeChecks = { ...rowChecks, op: operation, key: text, scope: textOrNull, shape: text };

const checksOfKind: { readonly [Kind in RecordKind]: Checks<Extract<ChangeRecord, { kind: Kind }>> } = {
  change: { ...changeChecks, before: rowOrNull, after: rowOrNull },
  claim: { ...changeChecks, outboxId: decimal },
  truncate: rowChecks,
  lost: { ...rowChecks, outboxId: decimal, reason: text },
  heartbeat: recordChecks,
};
/** The same as lists: they are gone through for every record of the stream. */
const checks: ReadonlyMap<string, readonly (readonly [string, Check<unknown>])[]> = new Map(
  Object.entries(checksOfKind).map(([kind, checks]) => [kind, Object.entries<Check<unknown>>(checks)]),
);

function checkRows({ op, before, after }: Change, fields: Fields): void {
  if ((before === null) !== (op === 'I')) throw wrong(fields, 'before', rowExpected(op, 'I'));
  if ((after === null) !== (op === 'D')) throw wrong(fields, 'after', rowExpected(op, 'D'));
}

function rowExpected(op: Operation, without: Operation): string {
  return op === without ? `null, its operation being ${op}` : `a row, its operation being ${op}`;
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

function wrong(fields: Fields, name: string, expected: string): UnreadableRecordError {
  return new UnreadableRecordError(`\`${name}\` must be ${expected}, but is ${show(fields[name])}`);
}

/** Enough to recognise a value in a log, never a whole row. */
function show(value: unknown): string {
  const json = JSON.stringify(value) ?? 'missing';
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}
