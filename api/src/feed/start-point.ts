import type { QueryResult } from 'pg';
import { type AuthoritySnapshot, authoritySnapshotSql } from '../authority/snapshot-sql.ts';
import { asCodedError, codedError } from '../errors.ts';
import { parseSnapshot } from './snapshot.ts';
import type { Beginning } from './start-filter.ts';

/** Where a subscription begins, and what was known of its viewer there. */
export interface StartPoint extends Beginning {
  readonly authority: AuthoritySnapshot;
  /** Of the server: another one means that it may have crashed since. */
  readonly incarnation: string;
  /** Fingerprint of the columns of all tracked tables. */
  readonly shapes: string;
}

export interface StartRequest {
  readonly viewerId: string;
  readonly sessionId: string;
  /** Its policy asks who else is in the viewer's workspaces. */
  readonly needsPeers: boolean;
}

/** The part of a pg.Client that is used here. */
export interface AnchorConnection {
  query(sql: string, values: unknown[]): Promise<QueryResult<Record<string, unknown>>>;
  on(event: 'end', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  end(): Promise<void>;
}

interface Dependencies {
  /** Opens a connection to the primary. */
  connect(): Promise<AnchorConnection>;
  settings: {
    /** How long a subscription waits for a relay that is not there yet (after a restart of the server, say). */
    readonly relayTimeoutMs: number;
  };
}

/**
 * Takes start points, all over one connection, one statement for everybody who asks in the same moment: a thousand
 * clients that reconnect at once cost a handful of statements.
 *
 * One statement has one snapshot, so position and authority belong together without a transaction.
 *
 * @see docs/data-flow.md, "Where a subscription starts"
 */
export function createStartPoints({ connect, settings }: Dependencies) {
  let connection: Promise<AnchorConnection> | null = null;
  let waiting: { request: StartRequest; resolve(point: StartPoint): void; reject(error: unknown): void }[] = [];
  let closed = false;

  function connected(): Promise<AnchorConnection> {
    if (connection !== null) return connection;
    const opening = connect();
    connection = opening;
    const forget = () => {
      // pg tells of an error and of the end; by the second a new connection may be open.
      if (connection !== opening) return;
      connection = null;
    };
    opening.then((client) => {
      client.on('error', forget);
      client.on('end', forget);
    }, forget);
    return opening;
  }

  function readOnceCurrent(parameters: StartPointParameters): Promise<StartPoint> {
    const read = async () => {
      const client = await connected();
      return parseStartPoint((await client.query(startPointSql, [...parameters])).rows);
    };
    return onceRelayed(read, { timeoutMs: settings.relayTimeoutMs, isOver: () => closed });
  }

  async function serve() {
    const served = waiting;
    waiting = [];
    try {
      const viewers = [...new Set(served.map(({ request }) => request.viewerId))];
      const withPeers = served.filter(({ request }) => request.needsPeers).map(({ request }) => request.viewerId);
      const sessions = [...new Set(served.map(({ request }) => request.sessionId))];
      const point = await readOnceCurrent([viewers, [...new Set(withPeers)], sessions]);
      const partOf = divideAuthority(point.authority);
      for (const { request, resolve } of served) resolve({ ...point, authority: partOf(request) });
    } catch (error) {
      for (const { reject } of served) reject(asCodedError(error));
    }
  }

  return {
    /** The start point of one subscription. Rejects with UNAVAILABLE while there is no relay, or no Postgres. */
    take(request: StartRequest): Promise<StartPoint> {
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(() => void serve());
        waiting.push({ request, resolve, reject });
      });
    },
    /** The start point of the directory of everybody. */
    takeForEverybody: (): Promise<StartPoint> => readOnceCurrent([null, [], []]),
    /** Of the server, now. Rejects while Postgres does not answer. */
    async incarnation(): Promise<string> {
      const client = await connected();
      const { rows } = await client.query('SELECT sync.server_incarnation() AS incarnation', []);
      return String(rows[0]?.['incarnation']);
    },
    async close() {
      closed = true;
      const client = await connection?.catch(() => null);
      await client?.end();
    },
  };
}
export type StartPoints = ReturnType<typeof createStartPoints>;

/**
 * Reads again while there is no relay of this run of the server (after a restart, say).
 *
 * @param read  gives null while there is none.
 * @throws UNAVAILABLE when there is none for too long.
 */
export async function onceRelayed<Result>(
  read: () => Promise<Result | null>,
  { timeoutMs, isOver }: { readonly timeoutMs: number; readonly isOver: () => boolean },
): Promise<Result> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const result = await read();
    if (result !== null) return result;
    if (isOver() || Date.now() > deadline)
      throw codedError('UNAVAILABLE', 'No listener is running against this database. Try again in a few seconds.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What each of those who asked together is to know: its own memberships, and when it needs them its workspaces' members. */
function divideAuthority({ members, adminIds, liveSessionIds }: AuthoritySnapshot) {
  const byUser = groupBy(members, (row) => row.user_id);
  const byWorkspace = groupBy(members, (row) => row.workspace_id);
  return ({ viewerId, needsPeers }: StartRequest): AuthoritySnapshot => {
    const own = byUser.get(viewerId) ?? [];
    const known = needsPeers ? own.flatMap(({ workspace_id }) => byWorkspace.get(workspace_id) ?? []) : own;
    return { members: known, adminIds, liveSessionIds };
  };
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** Viewers (null: everybody), those of them whose workspaces' members are wanted, sessions. */
export type StartPointParameters = readonly [string[] | null, string[], string[]];

/** Any statement's snapshot is a start point: this one reads its own, or its transaction's. */
export const startPointSql = `
  SELECT pg_current_snapshot()::text AS snapshot, epoch::text, session::text, batch::text,
         server_started_at = pg_postmaster_start_time()
           AND timeline = substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS current,
         sync.server_incarnation() AS incarnation,
         (SELECT md5(string_agg(sync.shape("table"::text), ',' ORDER BY "table"::text)) FROM sync.tracked) AS shapes,
         ${authoritySnapshotSql} AS authority
  FROM sync.relay`;

interface StartPointRow {
  readonly snapshot: string;
  readonly epoch: string;
  readonly session: string;
  readonly batch: string;
  readonly current: boolean;
  readonly incarnation: string;
  readonly shapes: string;
  readonly authority: AuthoritySnapshot;
}

/** Null while the relay's row is not of this run of the server. */
export function parseStartPoint(rows: readonly unknown[]): StartPoint | null {
  const row = rows[0] as StartPointRow | undefined;
  if (row === undefined || !row.current) return null;
  const { incarnation, shapes, authority, session } = row;
  return {
    snapshot: parseSnapshot(row.snapshot),
    epoch: Number(row.epoch),
    session,
    batch: Number(row.batch),
    authority,
    incarnation,
    shapes,
  };
}
