import type { Row } from '../model/row.ts';
import type { Anchors } from './anchors.ts';
import type { ModelChange } from './model-changes.ts';

/** Keys of one entry. What would need more is found by fewer of its fields, and judged more often. */
const maxKeys = 64;

/**
 * Finds who may be concerned by a change of a row, by the values that some fields must have: a look-up for each combination of
 * fields that anybody has asked by, however many have. Who is not found is not concerned; who is found may not be either.
 */
export function createGroupIndex<Entry>() {
  /** By the names of its fields. */
  const shapes = new Map<string, { readonly fields: readonly string[]; readonly byKey: Map<string, Set<Entry>> }>();

  return {
    get isEmpty() {
      return shapes.size === 0;
    },
    /** @returns how to take it out again. */
    add(anchors: Anchors, entry: Entry): () => void {
      const { fields, keys } = anchorKeys(anchors);
      const name = fields.join();
      const shape = shapes.get(name) ?? { fields, byKey: new Map<string, Set<Entry>>() };
      if (keys.length > 0) shapes.set(name, shape);
      for (const key of keys) {
        const entries = shape.byKey.get(key) ?? new Set();
        shape.byKey.set(key, entries.add(entry));
      }
      return () => {
        for (const key of keys) {
          const entries = shape.byKey.get(key);
          entries?.delete(entry);
          if (entries?.size === 0) shape.byKey.delete(key);
        }
        if (shape.byKey.size === 0 && shapes.get(name) === shape) shapes.delete(name);
      };
    },
    /** Calls `found` once for each entry that the row may concern, as it was or as it is. */
    find({ before, after }: ModelChange, found: (entry: Entry) => void) {
      for (const { fields, byKey } of shapes.values()) {
        const was = entriesAt(byKey, fields, before);
        const is = entriesAt(byKey, fields, after);
        if (was !== undefined) for (const entry of was) found(entry);
        if (is !== undefined && is !== was) for (const entry of is) if (was?.has(entry) !== true) found(entry);
      }
    },
  };
}
export type GroupIndex<Entry> = ReturnType<typeof createGroupIndex<Entry>>;

function entriesAt<Entry>(byKey: ReadonlyMap<string, Set<Entry>>, fields: readonly string[], row: Row | null) {
  const key = row && keyAt(fields, row);
  return key === null ? undefined : byKey.get(key);
}

/** Of a row; null where one of the fields is NULL, which equals nothing. */
export function keyAt(fields: readonly string[], row: Row): string | null {
  let key = '';
  for (const field of fields) {
    const value = row[field];
    if (value === null || value === undefined) return null;
    key += keyPart(value);
  }
  return key;
}

/** No value of Postgres holds a NUL character. */
function keyPart(value: unknown): string {
  return `${value}\0`;
}

/** All combinations of values, of as many fields as stay within the bound: of every row in question {@link keyAt} is one of them. */
export function anchorKeys(anchors: Anchors): { fields: readonly string[]; keys: readonly string[] } {
  const fields: string[] = [];
  let keys = [''];
  const fewestFirst = [...anchors].sort(([a, one], [b, other]) => one.length - other.length || (a < b ? -1 : 1));
  for (const [field, values] of fewestFirst) {
    if (keys.length * values.length > maxKeys) break;
    fields.push(field);
    keys = keys.flatMap((key) => [...new Set(values)].map((value) => key + keyPart(value)));
  }
  return { fields, keys };
}
