import type pg from 'pg';
import { parseRecord } from './parse-record.ts';
import type { Bounds, Position } from './stream.ts';

/** The place of the newest record of `sync.log`, readable or not; null while it is empty. */
export async function newestPosition(pool: pg.Pool): Promise<Position | null> {
  const { rows } = await pool.query<PositionRow>(
    'SELECT epoch, seq FROM sync.log ORDER BY epoch DESC, seq DESC LIMIT 1',
  );
  return rows[0] ? position(rows[0]) : null;
}

/** What `sync.log` holds; `newest` is the newest record that can be read. */
export async function readPostgresBounds(pool: pg.Pool): Promise<Bounds | null> {
  const { rows: first } = await pool.query<PositionRow>('SELECT epoch, seq FROM sync.log ORDER BY epoch, seq LIMIT 1');
  if (!first[0]) return null;
  const newest = await newestReadable(pool);
  return newest && { oldest: position(first[0]), ...newest };
}

interface PositionRow {
  readonly epoch: string;
  readonly seq: string;
}

function position({ epoch, seq }: PositionRow): Position {
  return { epoch: Number(epoch), seq: Number(seq) };
}

/** One row a query: a record may have 900 KB, and nearly always the first one can be read. */
async function newestReadable(pool: pg.Pool): Promise<Pick<Bounds, 'newest' | 'newestTag'> | null> {
  let before: PositionRow = { epoch: MAX_BIGINT, seq: MAX_BIGINT };
  for (;;) {
    const { rows } = await pool.query<PositionRow & { payload: string }>(
      'SELECT epoch, seq, payload FROM sync.log WHERE (epoch, seq) < ($1, $2) ORDER BY epoch DESC, seq DESC LIMIT 1',
      [before.epoch, before.seq],
    );
    const row = rows[0];
    if (!row) return null;
    try {
      return { newest: position(row), newestTag: parseRecord(row.payload).tag };
    } catch {
      before = row; // Readers report it; here only its tag was asked for.
    }
  }
}

const MAX_BIGINT = String(2n ** 63n - 1n);
