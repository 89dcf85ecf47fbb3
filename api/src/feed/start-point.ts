import { type AuthoritySnapshot, authoritySnapshotSql } from '../authority/snapshot-sql.ts';
import type { Entrance } from '../entrance.ts';
import { asCodedError, codedError } from '../errors.ts';
import { divideAuthority } from './authority-parts.ts';
import { type Connection, createSingleConnection } from './single-connection.ts';
import { parseSnapshot } from './snapshot.ts';
import type { Beginning } from './start-filter.ts';

/** Where a subscription begins, and what was known of its viewer there. */
export interface StartPoint extends Beginning {
  readonly authority: AuthoritySnapshot;
  /** Fingerprint of the columns of all tracked tables. */
  readonly shapes: string;
}

export interface StartRequest {
  readonly viewerId: string;
  readonly sessionId: string;
  /** Its policy asks who else is in the viewer's workspaces. */
  readonly needsPeers: boolean;
}

interface Dependencies {
  /** Opens a connection to the primary. */
  connect(): Promise<Connection>;
  readonly entrance: Entrance;
  settings: {
    /** How long a subscription waits for a relay that is not there yet (after a restart of the server, say). */
    readonly relayTimeoutMs: number;
  };
}

/**
 * Takes start points, all over one connection, one statement for everybody who has asked by then: a thousand clients that
 * reconnect at once cost a handful of statements, and a Postgres that does not answer is not waited for by one after the other.
 *
 * One statement has one snapshot, so position and authority belong together without a transaction.
 *
 * @see docs/data-flow.md, "Where a subscription starts"
 */
export function createStartPoints({ connect, entrance, settings }: Dependencies) {
  const connection = createSingleConnection(connect);
  let waiting: { request: StartRequest; resolve(point: StartPoint): void; reject(error: unknown): void }[] = [];
  let isServing = false;
  let closed = false;

  function readOnceCurrent(parameters: () => StartPointParameters): Promise<StartPoint> {
    const read = async () => parseStartPoint(await connection.ask(() => [startPointSql, [...parameters()]]));
    return onceRelayed(read, { timeoutMs: settings.relayTimeoutMs, isOver: () => closed });
  }

  async function serve() {
    while (waiting.length > 0) {
      await entrance.pass();
      await serveAllWhoWait();
    }
    isServing = false;
  }

  async function serveAllWhoWait() {
    let served: typeof waiting = [];
    const allByNow = () => {
      served = [...served, ...waiting];
      waiting = [];
      return parametersOf(served.map(({ request }) => request));
    };
    try {
      const point = await readOnceCurrent(allByNow);
      const partOf = divideAuthority(point.authority);
      for (const { request, resolve } of served)
        void entrance.pass().then(() => resolve({ ...point, authority: partOf(request) }));
    } catch (error) {
      for (const { reject } of served) reject(asCodedError(error));
    }
  }

  return {
    /** The start point of one subscription. Rejects with UNAVAILABLE while there is no relay, or no Postgres. */
    take(request: StartRequest): Promise<StartPoint> {
      return new Promise((resolve, reject) => {
        waiting.push({ request, resolve, reject });
        if (isServing) return;
        isServing = true;
        void serve();
      });
    },
    /** The start point of the directory of everybody. */
    takeForEverybody: (): Promise<StartPoint> => readOnceCurrent(() => [null, [], []]),
    close() {
      closed = true;
      return connection.close();
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

/** Of one statement for all of them. */
export function parametersOf(requests: readonly StartRequest[]): StartPointParameters {
  const withPeers = requests.filter(({ needsPeers }) => needsPeers);
  const viewersOf = (some: readonly StartRequest[]) => [...new Set(some.map(({ viewerId }) => viewerId))];
  return [viewersOf(requests), viewersOf(withPeers), [...new Set(requests.map(({ sessionId }) => sessionId))]];
}

/** Viewers (null: everybody), those of them whose workspaces' members are wanted, sessions. */
export type StartPointParameters = readonly [string[] | null, string[], string[]];

/** Any statement's snapshot is a start point: this one reads its own, or its transaction's. */
export const startPointSql = `
  SELECT pg_current_snapshot()::text AS snapshot, epoch::text, batch::text,
         server_started_at = pg_postmaster_start_time()
           AND timeline = substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS current,
         sync.server_incarnation() AS incarnation,
         (SELECT md5(string_agg(sync.shape("table"::text), ',' ORDER BY "table"::text)) FROM sync.tracked) AS shapes,
         ${authoritySnapshotSql} AS authority
  FROM sync.relay`;

interface StartPointRow {
  readonly snapshot: string;
  readonly epoch: string;
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
  const { incarnation, shapes, authority } = row;
  return {
    snapshot: parseSnapshot(row.snapshot),
    epoch: Number(row.epoch),
    batch: Number(row.batch),
    authority,
    incarnation,
    shapes,
  };
}
