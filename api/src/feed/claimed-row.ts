import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import type { Change, Claim, JsonRow, Lost } from '@sync-hub/stream/change-record';
import type { FeedLog } from './feed-log.ts';
import { untilAnswered } from './until-answered.ts';

interface ClaimedRow {
  readonly before: JsonRow | null;
  readonly after: JsonRow | null;
}

/** Reads the rows of a claimed change; null when the outbox holds them no more, or they are larger than may be held. */
export type ReadClaimed = (outboxId: string) => Promise<ClaimedRow | null>;

/** @param maxBytes  of both rows: whoever writes a row of hundreds of megabytes would otherwise end every API process. */
export async function readClaimedRow(
  prisma: PrismaClient,
  outboxId: string,
  maxBytes: number,
): Promise<ClaimedRow | null> {
  const rows = await prisma.$queryRaw<{ before: string | null; after: string | null }[]>`
    SELECT old::text AS before, new::text AS after FROM sync.outbox
     WHERE id = ${outboxId}::bigint
       AND coalesce(octet_length(old::text), 0)::bigint + coalesce(octet_length(new::text), 0) <= ${maxBytes}::bigint`;
  const parse = (json: string | null): JsonRow | null => (json === null ? null : JSON.parse(json));
  const [row] = rows;
  return row === undefined ? null : { before: parse(row.before), after: parse(row.after) };
}

/**
 * Puts the rows of a change that was too large for the stream in their place. The log waits for Postgres until `signal`: to go
 * on without the row would lose it.
 */
export function createClaimResolver(
  read: ReadClaimed,
  log: FeedLog,
  signal: AbortSignal,
): (claim: Claim) => Promise<Change | Lost> {
  return async (claim) => {
    const { kind: _, outboxId, ...header } = claim;
    const rows = await untilAnswered(() => read(outboxId), {
      signal,
      onFailure: (error) => log.warn({ err: error }, 'a claimed row could not be read; trying again'),
    });
    if (rows === null)
      return { ...header, kind: 'lost', outboxId, reason: 'its outbox row is gone, or over TRANSACTION_MAX_BYTES' };
    return { ...header, kind: 'change', ...rows };
  };
}
