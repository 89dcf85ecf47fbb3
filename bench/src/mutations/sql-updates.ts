import { randomUUID } from 'node:crypto';
import type { Author } from '../author.ts';
import { connect } from '../connect.ts';
import type { Load } from '../throughput.ts';

/**
 * The limit of `updateTask`: the same change of the same tracked rows as one transaction straight through `pg`, prepared,
 * each client on its own connection. No GraphQL, no authority, no Prisma.
 */
export async function createSqlUpdates({
  author,
  databaseUrl,
  clients,
}: {
  readonly author: Author;
  readonly databaseUrl: string;
  readonly clients: number;
}): Promise<Load> {
  const connections = await Promise.all(Array.from({ length: clients }, () => connect(databaseUrl)));

  return {
    async act(client) {
      const connection = connections[client];
      const task = author.tasks[client];
      if (connection === undefined || task === undefined) throw new RangeError(`there is no client ${client}`);
      await connection.query('BEGIN');
      await connection.query({ name: 'act', text: actSql, values: [randomUUID()] });
      await connection.query({ name: 'update', text: updateSql, values: [`update ${randomUUID()}`, task.uuid] });
      await connection.query('COMMIT');
    },
    async close() {
      await Promise.all(connections.map((connection) => connection.end()));
    },
  };
}

const actSql = `SELECT set_config('sync.actor', $1, true)`;
const updateSql = 'UPDATE tasks SET title = $1 WHERE id = $2 RETURNING *';
