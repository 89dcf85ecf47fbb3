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
  // An empty setting is captured as null.
  await tx.$queryRaw`
    SELECT set_config('sync.actor', ${actor.userId}, true),
           set_config('sync.actor_session', ${actor.sessionId}, true),
           set_config('sync.mutation_id', ${actor.mutationId ?? ''}, true),
           set_config('sync.traceparent', ${actor.traceparent ?? ''}, true)`;
}

/**
 * The same as part of the one statement of a transaction: a SELECT of one row that the statement has to read.
 *
 * @param parameter  gives a value a place among the statement's.
 */
export function actingSql(actor: Actor, parameter: (value: string) => string): string {
  const { userId, sessionId, mutationId, traceparent } = actor;
  const settings = { actor: userId, actor_session: sessionId, mutation_id: mutationId, traceparent };
  const given = Object.entries(settings).filter((setting): setting is [string, string] => Boolean(setting[1]));
  // Those that are not set are empty: whoever set them last did so for his own transaction.
  return `SELECT ${given.map(([name, value]) => `set_config('sync.${name}', ${parameter(value)}, true)`).join()}`;
}
