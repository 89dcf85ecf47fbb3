import { FORMAT_VERSION } from './change-record.ts';
import type { ChangeText } from './encode-record.ts';

/** Between records that go as one text: it occurs in none, for JSON has control characters only as escapes. */
export const RECORD_SEPARATOR = '\u001e';
/** The same in SQL. */
export const RECORD_SEPARATOR_SQL = "E'\\x1e'";

/** For each part of a change an SQL expression that gives it: booleans and numbers as such, all else as text. */
export type ChangeColumns = { readonly [K in keyof Omit<ChangeText, 'kind'>]: string };

/**
 * SQL that writes a change as {@link encodeRecord} does, byte for byte: a batch may be published by one and again by the other.
 *
 * For the relay's statement that reads a small batch: composing there takes less than sending fifteen columns a row.
 * `to_json` of a text and `JSON.stringify` escape alike: quotes, backslashes and control characters, nothing else.
 */
export function changeRecordSql(columns: ChangeColumns): string {
  const plain = (name: keyof ChangeColumns) => columns[name];
  const quoted = (name: keyof ChangeColumns) => `to_json(${columns[name]})`;
  const quotedOrNull = (name: keyof ChangeColumns) => `coalesce(to_json(${columns[name]})::text, 'null')`;
  const textOrNull = (name: keyof ChangeColumns) => `coalesce(${columns[name]}, 'null')`;
  return `concat(${[
    `'{"v":${FORMAT_VERSION},"kind":"change","epoch":'`,
    plain('epoch'),
    `',"epochId":'`,
    quoted('epochId'),
    `',"incarnation":'`,
    quoted('incarnation'),
    `',"seq":'`,
    plain('seq'),
    `',"batch":'`,
    plain('batch'),
    `',"tag":'`,
    quoted('tag'),
    `',"last":'`,
    `CASE WHEN ${columns.last} THEN 'true' ELSE 'false' END`,
    `',"at":"'`,
    plain('at'),
    `'","xid":"'`,
    plain('xid'),
    `'","table":'`,
    quoted('table'),
    `',"actor":'`,
    quotedOrNull('actor'),
    `',"actorSession":'`,
    quotedOrNull('actorSession'),
    `',"mutationId":'`,
    quotedOrNull('mutationId'),
    `',"traceparent":'`,
    quotedOrNull('traceparent'),
    `',"op":"'`,
    plain('op'),
    `'","key":'`,
    quoted('key'),
    `',"scope":'`,
    quotedOrNull('scope'),
    `',"shape":'`,
    quoted('shape'),
    `',"before":'`,
    textOrNull('before'),
    `',"after":'`,
    textOrNull('after'),
    `'}'`,
  ].join(', ')})`;
}
