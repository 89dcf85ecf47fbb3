import type { PrismaClient } from '@sync-hub/prisma/generated/client';

/** The rows of a change that was too large for the stream, as JSON text; null when the outbox holds them no more. */
export async function readClaimedRow(prisma: PrismaClient, outboxId: string) {
  const rows = await prisma.$queryRaw<{ before: string | null; after: string | null }[]>`
    SELECT old::text AS before, new::text AS after FROM sync.outbox WHERE id = ${outboxId}::bigint`;
  return rows[0] ?? null;
}
