import { connect } from '../connect.ts';
import { EVENT_MARK } from './subscribers.ts';

/** Changes rows, so that subscribers are told. One connection, one transaction after the other. */
export interface EventWriter {
  /**
   * Commits so many transactions back to back, each an UPDATE of the first row: sent in one message, and no COMMIT waits
   * for the disk, so that nothing lies between them.
   */
  commitBurst(transactions: number): Promise<void>;
  /** Commits one transaction that updates the next rows in turn, so many of them. @returns the index of the first. */
  commitRows(rows: number): Promise<number>;
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
  const title = () => `${EVENT_MARK} ${++events}`;

  return {
    async commitBurst(transactions) {
      const one = () => `BEGIN; UPDATE ${table} SET title = '${title()}' WHERE id = '${first}'; COMMIT`;
      await client.query(Array.from({ length: transactions }, one).join(';'));
    },
    async commitRows(rows) {
      const start = next;
      const changed = Array.from({ length: rows }, (_, index) => ids[(start + index) % ids.length]);
      next = (start + rows) % ids.length;
      await client.query({
        name: 'rows',
        text: `UPDATE ${table} SET title = $1 WHERE id = ANY ($2::uuid[])`,
        values: [title(), changed],
      });
      return start;
    },
    close: () => client.end(),
  };
}
