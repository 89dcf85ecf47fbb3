import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/**
 * Runs one statement. Numbers of 64 bits come as text.
 *
 * @param name  to have it parsed once a connection, and planned once for whatever values: for what runs often on few rows.
 */
export type Query = <Row>(sql: string, values?: readonly unknown[], name?: string) => Promise<readonly Row[]>;

/** One direct connection to the primary: what is set or locked on it lasts until it ends. */
export interface Connection {
  readonly query: Query;
  /** Aborts once the connection is gone, whoever ended it; its queries have then been rejected. */
  readonly ended: AbortSignal;
  onNotification(listener: () => void): void;
  /** Also while a query hangs: that one rejects. Never rejects itself. */
  end(): Promise<void>;
}

/** @param settings  Postgres settings of this session, by name. */
export type Connect = (purpose: string, settings?: Readonly<Record<string, string>>) => Promise<Connection>;

const CONNECT_TIMEOUT_MS = 5_000;
/** How long a polite goodbye may take before the socket is left to the operating system. */
const END_TIMEOUT_MS = 1_000;

/** What an administrator set for ordinary sessions: a timeout would end a relay that is quiet, or has a large batch. */
const ALWAYS = {
  statement_timeout: '0',
  lock_timeout: '0',
  transaction_timeout: '0',
  idle_session_timeout: '0',
  default_transaction_isolation: 'read committed',
  TimeZone: 'UTC',
  DateStyle: 'ISO',
};

/**
 * For whoever reads the outbox: all its queries are by index, in the order of one; the planner, going by statistics that
 * are always out of date for a queue, would sometimes sort or scan everything.
 */
export const QUEUE_SETTINGS = { enable_seqscan: 'off', enable_bitmapscan: 'off', jit: 'off' };

/** Opens connections, each named after its purpose in `pg_stat_activity`. */
export function createConnect(databaseUrl: string): Connect {
  return async (purpose, settings = {}) => {
    const client = new pg.Client({
      connectionString: databaseUrl,
      application_name: `sync-hub listener: ${purpose}`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    const ended = new AbortController();
    client.on('error', (error) => ended.abort(error));
    client.on('end', () => ended.abort(new Error(`the connection for ${purpose} has ended`)));

    const query: Query = async (text, values = [], name) =>
      (await client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) })).rows;
    const end = () =>
      Promise.race([client.end(), sleep(END_TIMEOUT_MS, undefined, { ref: false })]).catch(() => undefined);

    await client.connect();
    try {
      const all = { ...ALWAYS, ...settings };
      await query('SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS s (name, value)', [
        Object.keys(all),
        Object.values(all),
      ]);
    } catch (error) {
      await end();
      throw error;
    }
    return { query, ended: ended.signal, onNotification: (listener) => client.on('notification', listener), end };
  };
}
