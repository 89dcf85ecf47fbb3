import type { Prisma } from '@sync-hub/prisma/generated/client';
import { fromLiveSession } from './live-sessions.ts';
import { sessionRevoked } from './session-proof.ts';

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
 * The same for whoever has signed in: what a viewer does in a transaction begins with it, so that nothing is written for a
 * session that has ended since its request came.
 *
 * @throws SESSION_REVOKED
 */
export async function actInSession(tx: Prisma.TransactionClient, actor: Actor): Promise<void> {
  const values: string[] = [];
  const parameter = (value: string) => `$${values.push(value)}`;
  const text = `${actingSql(actor, parameter)} ${fromLiveSession(actor, parameter)}`;
  const rows = await tx.$queryRawUnsafe<unknown[]>(text, ...values);
  if (rows.length === 0) throw sessionRevoked();
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
