import type { Row } from './row.ts';

/** By row, then by the field that leads to the other. */
const besides = new WeakMap<Row, ReadonlyMap<string, Row>>();

/** Keeps rows that a statement has given together with this one. Only what anybody may see who sees it. */
export function putAtHand(row: Row, others: ReadonlyMap<string, Row>): void {
  if (others.size > 0) besides.set(row, others);
}

/** The row that the field leads to, where it came along; undefined says nothing. */
export function atHand(row: Row, field: string): Row | undefined {
  return besides.get(row)?.get(field);
}
