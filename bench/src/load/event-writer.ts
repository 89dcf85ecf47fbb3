import { connect } from '../connect.ts';
import { EVENT_MARK } from './subscribers.ts';

/** Changes rows, so that subscribers are told. One connection, one transaction after the other. */
export interface EventWriter {
  /**
   * Commits so many transactions back to back, each an UPDATE of the first row: sent in one message, and no COMMIT waits
   * for the disk, so that nothing lies between them.
   *
   * @returns the title that the last of them has written.
   */
  commitBurst(transactions: number): Promise<string>;
  /** Commits one transaction that updates the next rows in turn, so many of them. @returns the title it has written. */
  commitRows(rows: number): Promise<string>;
  close(): Promise<void>;
}

export async function createEventWriter({
  databaseUrl,
  table,
  ids,
}: {
  readonly databaseUrl: string;
  readonly table: 'tasks' | 'plain_tasks';
  readonly ids: readonly string[];
}): Promise<EventWriter> {
  const client = await connect(databaseUrl);
  await client.query('SET synchronous_commit = off');
  const [first] = ids;
  if (first === undefined) throw new RangeError('there is no row to change');
  let events = 0;
  let next = 0;
  const nextTitle = () => `${EVENT_MARK} ${++events}`;

  return {
    async commitBurst(transactions) {
      const titles = Array.from({ length: transactions }, nextTitle);
      const updates = titles.map(
        (title) => `BEGIN; UPDATE ${table} SET title = '${title}' WHERE id = '${first}'; COMMIT`,
      );
      await client.query(updates.join(';'));
      return titles.at(-1) ?? '';
    },
    async commitRows(rows) {
      const changed = Array.from({ length: rows }, (_, index) => ids[(next + index) % ids.length]);
      next = (next + rows) % ids.length;
      const title = nextTitle();
      const text = `UPDATE ${table} SET title = $1 WHERE id = ANY ($2::uuid[])`;
      await client.query({ name: 'rows', text, values: [title, changed] });
      return title;
    },
    close: () => client.end(),
  };
}
