import { Prisma } from '@sync-hub/prisma/generated/client';

/** Two that deadlock once rarely do so again: one of them has gone on meanwhile. */
const maxAttempts = 3;

/**
 * Runs a transaction, and runs it again when Postgres has rolled it back in favour of another: two that wait for each other's rows
 * (a member leaves while the workspace is deleted) are nobody's mistake.
 *
 * @throws whatever else the transaction throws, at once; the conflict itself after the third time.
 */
export async function retryWriteConflicts<Result>(transact: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transact();
    } catch (error) {
      if (attempt === maxAttempts || !isWriteConflict(error)) throw error;
    }
  }
}

/** P2034 is Prisma's word for it; a raw statement fails with P2010, which holds what the driver said. */
function isWriteConflict(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  const { driverAdapterError } = (error.meta ?? {}) as { driverAdapterError?: { cause?: { kind?: string } } };
  return error.code === 'P2034' || driverAdapterError?.cause?.kind === 'TransactionWriteConflict';
}
