import type { Batch } from '../batch.ts';
import type { Query } from '../connection.ts';
import { FencedOffError, lookAndFence } from '../fence.ts';

/** Fixes the next batch, whatever is in it. @throws {FencedOffError} */
export async function fenceNext(query: Query, held: Batch, session: string): Promise<Batch> {
  const { fenced } = await lookAndFence(query, held, session, true);
  if (fenced === null) throw new FencedOffError('the epoch is over');
  return fenced;
}
