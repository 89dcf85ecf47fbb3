import type { Prisma } from '@sync-hub/prisma/generated/client';

/** Who writes, and on whose retryable call. */
export interface Actor {
  readonly userId: string;
  readonly sessionId: string;
  /** The client's own id of this mutation, which its frames will carry. */
  readonly mutationId?: string | null;
  /** W3C Trace Context of the request. */
  readonly traceparent?: string | null;
}

/**
 * Names the author of every change this transaction captures from here on.
 *
 * The settings are local to the transaction (`set_config(…, true)`), so a pooled connection never passes them to the
 * next one. Call it first: a row written before it is captured without an author.
 */
export async function actAs(tx: Prisma.TransactionClient, actor: Actor): Promise<void> {
  const values: string[] = [];
  const text = actingSql(actor, (value) => `$${values.push(value)}`);
  await tx.$queryRawUnsafe(text, ...values);
}

/**
 * The same as part of the one statement of a transaction: a SELECT of one row that the statement has to read.
 *
 * @param parameter  gives a value a place among the statement's.
 */
export function actingSql(actor: Actor, parameter: (value: string) => string): string {
  const { userId, sessionId, mutationId, traceparent } = actor;
  const settings = { actor: userId, actor_session: sessionId, mutation_id: mutationId, traceparent };
  // An empty setting is captured as null.
  const set = Object.entries(settings).map(
    ([name, value]) => `set_config('sync.${name}', ${parameter(value ?? '')}, true)`,
  );
  return `SELECT ${set.join()}`;
}
