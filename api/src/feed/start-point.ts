import { GraphQLError } from 'graphql';
import type { QueryResult } from 'pg';
import { type AuthoritySnapshot, authoritySnapshotSql } from '../authority/snapshot-sql.ts';
import { codedError } from '../errors.ts';
import { parseSnapshot, type Snapshot } from './snapshot.ts';

/** Where a subscription begins: what it has seen by then (S), and where the relay stood (b). */
export interface StartPoint {
  readonly snapshot: Snapshot;
  readonly epoch: number;
  readonly session: string;
  readonly batch: number;
  readonly authority: AuthoritySnapshot;
  /** Which connection of ours took it. While that lives, the server has not crashed since. */
  readonly connection: number;
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
  let generation = 0;
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
      generation += 1;
    };
    opening.then((client) => {
      client.on('error', forget);
      client.on('end', forget);
    }, forget);
    return opening;
  }

  /** One statement; null while the relay's row is not of this run of the server. */
  async function read(parameters: readonly [string[] | null, string[], string[]]): Promise<StartPoint | null> {
    const client = await connected();
    const takenOn = generation;
    const { rows } = await client.query(startPointSql, [...parameters]);
    const row = rows[0] as StartPointRow | undefined;
    if (row === undefined || !row.current) return null;
    return {
      snapshot: parseSnapshot(row.snapshot),
      epoch: Number(row.epoch),
      session: row.session,
      batch: Number(row.batch),
      authority: row.authority,
      connection: takenOn,
    };
  }

  async function readOnceCurrent(parameters: readonly [string[] | null, string[], string[]]): Promise<StartPoint> {
    const deadline = Date.now() + settings.relayTimeoutMs;
    for (;;) {
      const point = await read(parameters);
      if (point !== null) return point;
      if (closed || Date.now() > deadline)
        throw codedError('UNAVAILABLE', 'No listener is running against this database. Try again in a few seconds.');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
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
      const reason = error instanceof GraphQLError ? error : unavailable(error);
      for (const { reject } of served) reject(reason);
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
    /**
     * Whether the server has run without a crash since `point` was taken. A crash cuts every connection, and only after
     * a crash can an xid that the snapshot calls past be given to a new transaction.
     */
    async stillHolds(point: StartPoint): Promise<boolean> {
      try {
        const client = await connected();
        await client.query('SELECT', []);
        return generation === point.connection;
      } catch {
        return false;
      }
    },
    async close() {
      closed = true;
      const client = await connection?.catch(() => null);
      await client?.end();
    },
  };
}
export type StartPoints = ReturnType<typeof createStartPoints>;

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

function unavailable(cause: unknown): GraphQLError {
  const originalError = cause instanceof Error ? cause : null;
  const message = 'The database does not answer. Try again in a few seconds.';
  return new GraphQLError(message, { extensions: { code: 'UNAVAILABLE' }, originalError });
}

interface StartPointRow {
  readonly snapshot: string;
  readonly epoch: string;
  readonly session: string;
  readonly batch: string;
  readonly current: boolean;
  readonly authority: AuthoritySnapshot;
}

const startPointSql = `
  SELECT pg_current_snapshot()::text AS snapshot, epoch, session, batch,
         server_started_at = pg_postmaster_start_time()
           AND timeline = substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS current,
         ${authoritySnapshotSql} AS authority
  FROM sync.relay`;
