import { createHmac, hkdfSync } from 'node:crypto';
import type { Viewer } from '../auth/authenticate.ts';
import { codedError } from '../errors.ts';
import type { Database, WriteTransaction } from './transaction.ts';
import type { Input } from './values.ts';
import type { WriteRequest } from './write-request.ts';

/** What the first call with a mutationId wrote. */
export interface Claimed {
  readonly field: string;
  readonly id: string;
  readonly transactionId: string;
}

/** The key of the hashes that are kept of inputs. Without it a kept hash would let whoever reads the table guess a password. */
export function createClaimKey(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', 'real-time-sync-hub mutation claim', 32));
}

/** How long a mutationId protects its mutation. */
export const mutationIdKeptHours = 24;

/**
 * Claims a mutationId for the transaction that goes on with it. A second call with it waits until the first has ended:
 * rolled back, it claims for itself; committed, it is given the first result.
 *
 * @throws BAD_USER_INPUT when the id was used for another mutation or another input.
 */
export async function claimMutation(
  tx: WriteTransaction,
  request: WriteRequest,
  mutationId: string,
): Promise<{ readonly result?: Claimed }> {
  const { userId } = request.viewer;
  const field = request.fieldName;
  const hash = inputHash(request);
  const claimed = await tx.$executeRaw`
    INSERT INTO mutation_claims (viewer_id, mutation_id, field, input_hash)
    VALUES (${userId}::uuid, ${mutationId}::uuid, ${field}, ${hash})
    ON CONFLICT DO NOTHING`;
  if (claimed === 1) return {};
  const first = await tx.mutationClaim.findUniqueOrThrow({
    where: { viewerId_mutationId: { viewerId: userId, mutationId } },
  });
  if (first.field !== field || !Buffer.from(first.inputHash).equals(hash))
    throw codedError(
      'BAD_USER_INPUT',
      'This mutationId was used with another input. Make a new one for each mutation.',
    );
  if (first.resultId === null || first.transactionId === null) throw new Error('a committed claim has no result');
  return { result: { field, id: first.resultId, transactionId: first.transactionId } };
}

/** Keeps what the mutation wrote, for its retries. */
export async function recordResult(
  tx: WriteTransaction,
  { userId }: Viewer,
  mutationId: string,
  { id, transactionId }: { id: string; transactionId: string },
): Promise<void> {
  // Not `update`: who deletes himself takes his claims along.
  await tx.mutationClaim.updateMany({
    where: { viewerId: userId, mutationId },
    data: { resultId: id, transactionId },
  });
}

/** A column that says whether the viewer (`viewer.id`) has used the mutationId before; false when it is null. */
export function claimedColumn(mutationId: string): string {
  // Not EXISTS: Postgres may answer that by reading the whole table once.
  const claim = `SELECT true FROM mutation_claims WHERE viewer_id = viewer.id AND mutation_id = ${mutationId}`;
  return `coalesce((${claim}), false)`;
}

/**
 * Claims the id together with its result, as part of the statement that writes: gives one row, or none when the id is claimed
 * already. A claim that is under way is waited for, as in {@link claimMutation}.
 *
 * @param from  something of one row when the write will be, of none when not.
 */
export function claimSql(
  request: WriteRequest,
  { mutationId, id }: { readonly mutationId: string; readonly id: string },
  parameter: (value: unknown) => string,
  from: string,
): string {
  const claim = [request.viewer.userId, mutationId, request.fieldName, inputHash(request), id].map(parameter);
  return `INSERT INTO mutation_claims (viewer_id, mutation_id, field, input_hash, result_id, transaction_id)
    SELECT ${claim.join()}, pg_current_xact_id()::text FROM ${from} ON CONFLICT DO NOTHING RETURNING 1`;
}

/** Forgets claims older than {@link mutationIdKeptHours}. */
export async function forgetOldClaims(database: Database): Promise<number> {
  const before = new Date(Date.now() - mutationIdKeptHours * 3_600_000);
  const { count } = await database.mutationClaim.deleteMany({ where: { createdAt: { lt: before } } });
  return count;
}

function inputHash({ claimKey, input }: WriteRequest): Buffer {
  return createHmac('sha256', claimKey).update(canonical(input)).digest();
}

/** The same text for the same input, whatever the order of its keys. */
function canonical(input: Input): string {
  return JSON.stringify(Object.entries(input).sort(([one], [other]) => (one < other ? -1 : 1)));
}
