import type { Query } from './connection.ts';

export interface DeadLetter {
  readonly outboxId: string;
  readonly seq: number;
  readonly reason: string;
}

/** Copies outbox rows that can never be published to `sync.dead_letter`, before the markers in their place go out. */
export async function parkDeadLetters(query: Query, letters: readonly DeadLetter[]): Promise<void> {
  if (letters.length === 0) return;
  await query(parkSql, [
    letters.map(({ outboxId }) => outboxId),
    letters.map(({ seq }) => seq),
    letters.map(({ reason }) => reason),
  ]);
}

const parkSql = `
  INSERT INTO sync.dead_letter (
    outbox_id, seq, reason, xid, "table", op, key, scope, old, new, at, actor, actor_session, mutation_id, traceparent)
  SELECT id, letter.seq, letter.reason, xid, "table", op, key, scope, old, new, at, actor, actor_session, mutation_id, traceparent
  FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS letter (id, seq, reason) JOIN sync.outbox USING (id)
  ON CONFLICT (outbox_id) DO NOTHING`;
