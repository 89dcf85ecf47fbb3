import type { QueryResult } from 'pg';
import { createTurns } from './turns.ts';

/** The part of a pg.Client that is used here. */
export interface Connection {
  query(sql: string, values: unknown[]): Promise<QueryResult<Record<string, unknown>>>;
  on(event: 'end', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  end(): Promise<void>;
}

/** A statement and its parameters. */
export type Question = readonly [sql: string, values: unknown[]];

/**
 * Asks Postgres over one connection, one question at a time. It is opened by the first, and again after one that failed: what has
 * not answered in time may never do so (a cut cable sends no word), and would keep all that come after it waiting.
 *
 * @param connect  opens it; it has to give up by itself, and so have its queries.
 */
export function createSingleConnection(connect: () => Promise<Connection>) {
  const turns = createTurns(1);
  let connection: Promise<Connection> | null = null;
  let isClosed = false;

  function connected(): Promise<Connection> {
    if (connection !== null) return connection;
    if (isClosed) return Promise.reject(new Error('the connection is closed'));
    const opening = connect();
    connection = opening;
    const forget = () => {
      // pg tells of an error and of the end; by the second a new connection may be open.
      if (connection === opening) connection = null;
    };
    opening.then((client) => {
      client.on('error', forget);
      client.on('end', forget);
    }, forget);
    return opening;
  }

  function drop(client: Connection) {
    connection = null;
    client.end().catch(() => {});
  }

  return {
    /** @param question  what is asked is fixed when its turn has come: whoever joins it by then is answered by it. */
    async ask(question: () => Question): Promise<readonly Record<string, unknown>[]> {
      const endTurn = await turns.take();
      try {
        const asked = question();
        const client = await connected();
        try {
          return (await client.query(...asked)).rows;
        } catch (error) {
          drop(client);
          throw error;
        }
      } finally {
        endTurn();
      }
    },
    /** Whoever still waits is refused. */
    async close() {
      isClosed = true;
      const client = await connection?.catch(() => null);
      await client?.end();
    },
  };
}
