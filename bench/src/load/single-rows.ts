import { connect } from '../connect.ts';
import { EVENT_MARK } from './subscribers.ts';

/** Changes tasks one after the other, each in a transaction of its own. */
export interface SingleRows {
  change(): Promise<void>;
  close(): Promise<void>;
}

export async function connectRows(databaseUrl: string, ids: readonly string[]): Promise<SingleRows> {
  const client = await connect(databaseUrl);
  await client.query('SET synchronous_commit = off'); // As a disk's pace is not what is measured.
  let events = 0;
  return {
    async change() {
      const values = [`${EVENT_MARK} ${events}`, ids[events % ids.length]];
      events++;
      await client.query({ name: 'change', text: 'UPDATE tasks SET title = $1 WHERE id = $2', values });
    },
    close: () => client.end(),
  };
}
