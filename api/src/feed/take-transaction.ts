import { directoryTables } from '../authority/directory.ts';
import { type Follow, needsPeers } from './follow-request.ts';
import type { FrameChange } from './frame.ts';
import type { Before } from './frame-writer.ts';
import type { LogView } from './log-view.ts';
import type { Standpoint } from './standpoint.ts';
import type { Teller } from './teller.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';
import { lookBefore } from './view.ts';
import { type Loss, whyEnded } from './why-ended.ts';

/** One who is told. */
export interface Subscriber {
  readonly request: Follow;
  readonly standpoint: Standpoint;
  readonly teller: Teller;
  /** It takes nothing more; its client is told why, if there is a reason. */
  end(reason?: ReturnType<typeof whyEnded.noMember>): void;
}

/**
 * Takes a transaction for one subscription, in two halves: what was, at once; the rest when the returned function is called, with
 * what the viewer may see by then.
 *
 * @returns a function that gives why it cannot be told, and has told nothing then; null when it has.
 */
export function takeTransaction(
  subscriber: Subscriber,
  transaction: LogTransaction,
  { previous, log }: { readonly previous: LogPosition; readonly log: Pick<LogView, 'position'> },
): () => Loss | null {
  const { request, standpoint, teller } = subscriber;
  if (changesRowsOnly(transaction) && !needsPeers(request)) {
    const standing = standpoint.standing();
    const look = () => lookBefore(request.views, transaction, standpoint.authority())(standpoint.authority());
    const told = teller.recent.changesIn(transaction, standing.group, look);
    return () => {
      tell(subscriber, transaction, told, { previous, before: standing, log });
      return null;
    };
  }
  const authority = standpoint.authority();
  const look = lookBefore(request.views, transaction, authority);
  const wasMember = standpoint.isMember();
  const before = standpoint.standing();
  const mayHaveMissed = standpoint.mayHaveMissed(transaction);
  return () => {
    const loss = standpoint.lossBy(transaction, mayHaveMissed);
    if (loss !== null) return loss;
    tell(subscriber, transaction, look(authority), { previous, before, log });
    // Changes of one workspace end with the membership in it.
    if (request.kind === 'changes' && wasMember && !standpoint.isMember()) subscriber.end(whyEnded.noMember());
    return null;
  };
}

/** All of it is known, and nobody may see more or less by it: to all of a group it is the same. */
export function changesRowsOnly({ tables, unknowable }: LogTransaction): boolean {
  return unknowable.size === 0 && !directoryTables.some((table) => tables.has(table));
}

/** Tells what it changed; its author's session hears of it also when that is nothing. */
export function tell(
  { teller }: Pick<Subscriber, 'teller'>,
  transaction: LogTransaction,
  told: readonly FrameChange[],
  { log, ...from }: Before & { readonly log: Pick<LogView, 'position'> },
): void {
  const isNewest = log.position()?.seq === transaction.position.seq;
  teller.transaction(transaction, told, { ...from, isNewest });
}
