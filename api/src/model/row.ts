/** A field's value, the same whether the row came from Postgres or from the log. */
export type Value = string | number | boolean | Date | null;

/** A row of a model, by GraphQL field names. `__typename` lets GraphQL tell rows of different models apart. */
export interface Row {
  readonly __typename: string;
  readonly [field: string]: Value;
}

/** The value of a text, id or enumeration field that cannot be null. Throws where the declaration lied. */
export function textOf(row: Readonly<Record<string, Value | undefined>>, field: string): string {
  const value = row[field];
  if (typeof value !== 'string')
    throw new TypeError(`${field} is ${value === null ? 'null' : typeof value}, not a text`);
  return value;
}

/** The same for an integer field. */
export function integerOf(row: Row, field: string): number {
  const value = row[field];
  if (typeof value !== 'number') throw new TypeError(`${row.__typename}.${field} is not a number`);
  return value;
}

/** Equal as values: dates by their time. */
export function sameValue(one: Value | undefined, other: Value | undefined): boolean {
  return one instanceof Date && other instanceof Date ? one.getTime() === other.getTime() : one === other;
}

/** Whether Postgres can hold this text at all: no NUL character, no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}
