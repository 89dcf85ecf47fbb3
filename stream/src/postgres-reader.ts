import type pg from 'pg';
import { createBackoff } from './backoff.ts';
import { createDelivery } from './delivery.ts';
import { newestPosition } from './postgres-bounds.ts';
import type { Nudges } from './postgres-nudges.ts';
import type { Position, Reader, Sink } from './stream.ts';
import type { StreamLog } from './stream-log.ts';
import { createWakeUp } from './wake-up.ts';

/** A page ends after this many records, or before the one that would take it past this many bytes. */
const PAGE_RECORDS = 1_000;
const PAGE_BYTES = 1024 * 1024;

/**
 * The sizes are summed over TOAST pointers, and only the rows that fit are fetched: a page never holds more than
 * PAGE_BYTES and one record, however large the records are. (`octet_length` does not detoast.)
 */
const READ_PAGE = `
  SELECT extract(epoch FROM pg_postmaster_start_time())::text AS "startedAt", page.* FROM (SELECT) AS server LEFT JOIN (
    SELECT epoch, seq, payload FROM (
      SELECT epoch, seq, payload,
        sum(octet_length(payload)) OVER (ORDER BY epoch, seq) - octet_length(payload) AS bytes_before
      FROM (SELECT * FROM sync.log WHERE (epoch, seq) > ($1, $2) ORDER BY epoch, seq LIMIT ${PAGE_RECORDS}) AS page
    ) AS sized
    WHERE bytes_before < ${PAGE_BYTES}
  ) AS page ON true
  ORDER BY epoch, seq`;

/**
 * A first look, for who is read up: planned and run in half the time, which a single change would wait for. As many records
 * as it asks for may have any size. When there are as many, they are told with the rest of their page.
 */
const FEW_RECORDS = 4;
const READ_FEW = `
  SELECT extract(epoch FROM pg_postmaster_start_time())::text AS "startedAt", page.* FROM (SELECT) AS server LEFT JOIN (
    SELECT epoch, seq, payload FROM sync.log WHERE (epoch, seq) > ($1, $2) ORDER BY epoch, seq LIMIT ${FEW_RECORDS}
  ) AS page ON true
  ORDER BY epoch, seq`;

// Planned once a connection.
const PAGE = { name: 'page', text: READ_PAGE };
const FEW = { name: 'few', text: READ_FEW };

interface LogRow {
  readonly epoch: string;
  readonly seq: string;
  readonly payload: string;
}
/** Where the page is empty, the start alone. */
type PageRow = { readonly startedAt: string } & (LogRow | { readonly epoch: null });

/** At the place of the last record told: what stands there now, and whether anything follows. */
const LOOK_BACK = `
  SELECT (SELECT payload FROM sync.log WHERE (epoch, seq) = ($1, $2)) AS payload,
         EXISTS (SELECT FROM sync.log WHERE (epoch, seq) > ($1, $2)) AS "goesOn"`;

/**
 * Reads `sync.log` in the order of (`epoch`, `seq`), page by page.
 *
 * Reading on from the last row seen misses nothing, though rows become visible at commit and not when they are
 * written. A publisher sends `seq` n + 1 only after the commit of n was acknowledged, to itself or to the leader before
 * it, or by a statement that has seen n noted as sent; so whoever sees n + 1 sees n. A deposed relay that is still committing n blocks its successor's INSERT of n (ON
 * CONFLICT waits for the other's transaction), and with it all that follows. And one that commits after its successor
 * has begun a new epoch inserts below this reader's place, where nobody looks any more: a late record of an older
 * epoch is never delivered.
 *
 * That holds on one disk. When an older copy of it was put back, other records will stand at the places that were read;
 * whoever looks only at what comes after would join two histories. So once the server has been started again, the record
 * read last must still be there, unless retention has taken it; else the sink is told a gap.
 */
export function startPostgresReader({
  pool,
  nudges,
  pollMs,
  from,
  sink,
  log,
}: {
  pool: pg.Pool;
  nudges: Nudges;
  pollMs: number;
  /** Null reads from the earliest. */
  from: Position | null;
  sink: Sink;
  log: StreamLog;
}): Reader {
  const closing = new AbortController();
  const delivery = createDelivery({ from, sink, log });
  const backoff = createBackoff({ minMs: 100, maxMs: 2_000 });
  const wakeUp = createWakeUp();
  const unsubscribe = nudges.subscribe(wakeUp.ring);
  let readUpTo = from ?? { epoch: -1, seq: -1 };
  let startedAt: string | null = null;

  let isReadUp = false;

  async function readRows(): Promise<readonly PageRow[]> {
    const values = [readUpTo.epoch, readUpTo.seq];
    if (isReadUp) {
      const { rows } = await pool.query<PageRow>({ ...FEW, values });
      if (rows.length < FEW_RECORDS) return rows;
    }
    return (await pool.query<PageRow>({ ...PAGE, values })).rows;
  }

  /** @returns whether there may be more of what had committed by then. */
  async function readPage(): Promise<boolean> {
    const rows = await readRows();
    const run = rows[0]?.startedAt ?? null;
    if (startedAt !== null && run !== startedAt && (await isSetBack())) {
      readUpTo = (await newestPosition(pool)) ?? { epoch: 0, seq: 0 };
      log.warn({ after: delivery.position(), readUpTo }, 'sync.log was set back: an older copy of its disk');
      delivery.startOver(readUpTo);
      startedAt = run;
      return true;
    }
    startedAt = run;
    let bytes = 0;
    for (const row of rows) {
      if (row.epoch === null || closing.signal.aborted) break;
      bytes += Buffer.byteLength(row.payload);
      readUpTo = { epoch: Number(row.epoch), seq: Number(row.seq) };
      const arrival = delivery.examine(row.payload);
      if (arrival.standing === 'unreadable') delivery.tellUnreadable(arrival.error);
      else if (arrival.standing === 'seen') delivery.drop(arrival.record);
      else await delivery.deliver(arrival.record);
    }
    isReadUp = rows.length < FEW_RECORDS;
    return rows.length === PAGE_RECORDS || bytes >= PAGE_BYTES;
  }

  async function isSetBack(): Promise<boolean> {
    const last = delivery.last();
    if (last === null) return false;
    const { rows } = await pool.query<{ payload: string | null; goesOn: boolean }>(LOOK_BACK, [last.epoch, last.seq]);
    const [found] = rows;
    if (found === undefined || found.payload === null) return found?.goesOn === false;
    const arrival = delivery.examine(found.payload);
    return arrival.standing === 'unreadable' || arrival.record.tag !== last.tag;
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        const mayGoOn = await readPage();
        backoff.reset();
        if (!mayGoOn) await wakeUp.wait(pollMs);
      } catch (error) {
        log.warn({ err: error, readUpTo }, 'sync.log cannot be read; trying again');
        await backoff.wait(closing.signal);
      }
    }
  }
  const running = run();

  return {
    async close() {
      closing.abort();
      delivery.close();
      unsubscribe();
      wakeUp.ring();
      await running;
    },
  };
}
