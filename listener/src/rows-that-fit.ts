import { rfc3339 } from './batch.ts';
import type { Query } from './connection.ts';
import { IMAGE_BYTES, MissingRowsError, type OutboxRow, ROW_OVERHEAD_BYTES, type Slice } from './outbox-rows.ts';

/** Gives the fingerprint of each of the tables. */
export type ShapesOf = (tables: ReadonlySet<string>) => Promise<ReadonlyMap<string, string>>;

/**
 * The first rows of a slice, in the order of the log: as many as fit into `maxBytes`, none when the first does not.
 *
 * One statement, where asking for all sizes and then for the rows takes two, and looks everything up twice. It costs PostgreSQL
 * half as much, and the listener, too: rows of a backlog wait for nothing else. What the relay knows of a row without asking
 * (its transaction, whether it is the last of it, its table's fingerprint) is not sent with each; nor is looked up which rows
 * are claimed or lost while none at all is; and `to_char` takes longer than reading the row.
 *
 * Its statement is planned anew each time: a plan made while the outbox was empty may go by the wrong index.
 *
 * @param maxBytes  of images, with what a row takes besides.
 * @throws {MissingRowsError}
 */
export async function readRowsThatFit(
  query: Query,
  slice: Slice,
  maxBytes: number,
  shapesOf: ShapesOf,
): Promise<readonly OutboxRow[]> {
  const { transactions, afterId, rows: count } = slice;
  const read = await query<ReadRow>(fittingSql, [transactions.map(({ xid }) => xid), afterId, count, maxBytes]);
  const shapes = await shapesOf(new Set(read.map(({ table }) => table)));
  return complete(read, slice, shapes);
}

/** With room for what is not sent. */
type ReadRow = { -readonly [K in keyof OutboxRow]: OutboxRow[K] };

/** Adds what was not sent, and makes sure that each transaction is there from its first row to its last. */
function complete(
  read: readonly ReadRow[],
  { transactions, done }: Slice,
  shapes: ReadonlyMap<string, string>,
): OutboxRow[] {
  let index = 0;
  let left = (transactions[0]?.rows ?? 0) - done;
  return read.map((row) => {
    const transaction = transactions[index];
    if (transaction === undefined) throw new MissingRowsError('more outbox rows than were asked for');
    const { xid, lastId } = transaction;
    left -= 1;
    const last = left === 0;
    if (last !== (row.id === lastId))
      throw new MissingRowsError(`transaction ${xid} ends with outbox row ${lastId}, but has another number of rows`);
    if (last) {
      index += 1;
      left = transactions[index]?.rows ?? 0;
    }
    // Into the row itself, which nobody else has: copying it costs more than reading it.
    row.xid = xid;
    row.last = last;
    row.shape = shapes.get(row.table) ?? '';
    if (!row.at.endsWith('Z')) row.at = rfc3339OfIso(row.at);
    return row;
  });
}

/** `2026-11-23 10:00:00.12+00` as `to_char` would have written it. */
function rfc3339OfIso(text: string): string {
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).padEnd(6, '0')}Z`;
}

const fittingSql = `
  SELECT o.id, NULL AS xid, NULL AS shape, NULL AS last, false AS "isOversize", o."table", o.op, o.key, o.scope, o.old::text AS old, o.new::text AS new,
         CASE WHEN o.at >= '0001-01-01Z' AND o.at < '10000-01-01Z' THEN o.at::text ELSE ${rfc3339('o.at')} END AS at,
         o.actor, o.actor_session AS "actorSession", o.mutation_id AS "mutationId", o.traceparent,
         CASE WHEN (SELECT EXISTS (SELECT FROM sync.claim)) THEN EXISTS (SELECT FROM sync.claim WHERE outbox_id = o.id)
              ELSE false END AS "isClaimed",
         CASE WHEN (SELECT EXISTS (SELECT FROM sync.dead_letter))
              THEN (SELECT reason FROM sync.dead_letter WHERE outbox_id = o.id) END AS "lostReason"
  FROM (
    SELECT o.*, t.place,
           sum(${IMAGE_BYTES} + ${ROW_OVERHEAD_BYTES}) OVER (ORDER BY t.place, o.id ROWS UNBOUNDED PRECEDING) AS bytes
    FROM unnest($1::xid8[]) WITH ORDINALITY AS t (xid, place)
      CROSS JOIN LATERAL (
        SELECT * FROM sync.outbox WHERE xid = t.xid AND id > CASE t.place WHEN 1 THEN $2::bigint ELSE 0 END
        ORDER BY id LIMIT $3
      ) AS o
    ORDER BY t.place, o.id LIMIT $3
  ) AS o
  WHERE o.bytes <= $4 ORDER BY o.place, o.id`;

/** Looks each table up once. */
export function createShapes(query: Query): ShapesOf {
  const shapes = new Map<string, string>();
  return async (tables) => {
    const unknown = [...tables].filter((table) => !shapes.has(table));
    if (unknown.length === 0) return shapes;
    const found = await query<{ table: string; shape: string }>(
      'SELECT "table", sync.shape("table") AS shape FROM unnest($1::text[]) AS tables ("table")',
      [unknown],
    );
    for (const { table, shape } of found) shapes.set(table, shape);
    return shapes;
  };
}
