import type pg from 'pg';
import { createBackoff } from './backoff.ts';
import { createDelivery } from './delivery.ts';
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
  SELECT epoch, seq, payload FROM (
    SELECT epoch, seq, payload,
      sum(octet_length(payload)) OVER (ORDER BY epoch, seq) - octet_length(payload) AS bytes_before
    FROM (SELECT * FROM sync.log WHERE (epoch, seq) > ($1, $2) ORDER BY epoch, seq LIMIT ${PAGE_RECORDS}) AS page
  ) AS sized
  WHERE bytes_before < ${PAGE_BYTES}
  ORDER BY epoch, seq`;

interface LogRow {
  readonly epoch: string;
  readonly seq: string;
  readonly payload: string;
}

/**
 * Reads `sync.log` in the order of (`epoch`, `seq`), page by page.
 *
 * Reading on from the last row seen misses nothing, though rows become visible at commit and not when they are
 * written. A publisher sends `seq` n + 1 only after the commit of n was acknowledged, to itself or to the leader before
 * it, so whoever sees n + 1 sees n. A deposed relay that is still committing n blocks its successor's INSERT of n (ON
 * CONFLICT waits for the other's transaction), and with it all that follows. And one that commits after its successor
 * has begun a new epoch inserts below this reader's place, where nobody looks any more: a late record of an older
 * epoch is never delivered.
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

  async function readPage(): Promise<number> {
    const { rows } = await pool.query<LogRow>(READ_PAGE, [readUpTo.epoch, readUpTo.seq]);
    for (const row of rows) {
      readUpTo = { epoch: Number(row.epoch), seq: Number(row.seq) };
      const arrival = delivery.examine(row.payload);
      if (arrival.standing === 'unreadable') delivery.tellUnreadable(arrival.error);
      else if (arrival.standing === 'seen') delivery.tellRepeated(arrival.record);
      else await delivery.deliver(arrival.record);
      if (closing.signal.aborted) break;
    }
    return rows.length;
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        const count = await readPage();
        backoff.reset();
        if (count === 0) await wakeUp.wait(pollMs);
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
