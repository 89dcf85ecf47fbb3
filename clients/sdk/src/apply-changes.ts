/** What a frame says of one row: as it is now, or null when it is gone from the view. */
interface ChangedRow<Row> {
  readonly key: string;
  readonly row: Row | null;
}

/** The rows after a frame: each changed one in its place, new ones last, those that left gone. The given rows stay as they are. */
export function applyChanges<Row extends { readonly id: string }>(
  rows: readonly Row[],
  changes: readonly ChangedRow<Row>[],
): Row[] {
  const byKey = new Map(rows.map((row) => [row.id, row]));
  for (const { key, row } of changes) {
    if (row === null) byKey.delete(key);
    else byKey.set(key, row);
  }
  return [...byKey.values()];
}
