import type { Where } from '../authority/rules.ts';

type Anchor = string | number | boolean;

/** Fields of which every row that fulfils a condition has one of some values. */
export type Anchors = ReadonlyMap<string, readonly Anchor[]>;

/** Reads anchors out of conditions that all have to hold. What it does not understand narrows nothing. */
export function anchorsOf(...wheres: readonly Where[]): Anchors {
  const anchors = new Map<string, readonly Anchor[]>();
  const narrow = (field: string, values: readonly Anchor[]) => {
    const known = anchors.get(field);
    if (known === undefined || values.length < known.length) anchors.set(field, values);
  };
  const read = (where: Where) => {
    for (const [key, value] of Object.entries(where)) {
      if (key === 'AND') for (const part of listOf(value)) read(part);
      else if (key === 'OR' && listOf(value).length === 1) for (const part of listOf(value)) read(part);
      else if (key !== 'OR' && key !== 'NOT') {
        const values = valuesOf(value);
        if (values !== null) narrow(key, values);
      }
    }
  };
  for (const where of wheres) read(where);
  return anchors;
}

function listOf(value: unknown): readonly Where[] {
  return Array.isArray(value) ? (value as Where[]) : [value as Where];
}

/** Of a comparison with `equals` or `in`; null for any other. */
function valuesOf(comparison: unknown): readonly Anchor[] | null {
  if (isAnchor(comparison)) return [comparison];
  if (typeof comparison !== 'object' || comparison === null) return null;
  const [[operator, value] = [], ...more] = Object.entries(comparison) as [string, unknown][];
  if (more.length > 0) return null; // `mode: 'insensitive'`, say.
  if (operator === 'equals') return isAnchor(value) ? [value] : null;
  return operator === 'in' && Array.isArray(value) && value.every(isAnchor) ? value : null;
}

function isAnchor(value: unknown): value is Anchor {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
