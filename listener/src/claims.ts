import type { Query } from './connection.ts';

/** An outbox row, and the `seq` of the record in its place. */
export interface Claimed {
  readonly outboxId: string;
  readonly seq: number;
}

/** Notes, before the records go out, which outbox rows they name in place of carrying them: clean-up keeps those. */
export async function keepClaimed(query: Query, claims: readonly Claimed[]): Promise<void> {
  if (claims.length === 0) return;
  await query(
    `INSERT INTO sync.claim (outbox_id, seq) SELECT * FROM unnest($1::bigint[], $2::bigint[])
     ON CONFLICT (outbox_id) DO UPDATE SET created_at = now()`,
    [claims.map(({ outboxId }) => outboxId), claims.map(({ seq }) => seq)],
  );
}
