import type { AuthorityHistory } from './authority.ts';
import type { LogRecord } from './log-copy.ts';
import type { Transaction } from './replay.ts';
import type { Expiry } from './retention.ts';
import type { End, Segment } from './segments.ts';
import { HELD_UP_MS } from './socket.ts';
import type { View } from './views.ts';
import type { Happening } from './watcher.ts';

/** What happened to the servers, by the clock that watchers' histories are noted by. */
export interface Evidence {
  readonly transactions: readonly Transaction[];
  readonly records: readonly LogRecord[];
  /** When the stream was made to forget what it held. */
  readonly expiries: readonly Expiry[];
}

/** Codes with which a socket may close while parts are being killed. Not 4403, nor what says that the client is wrong. */
const REFUSED_CLOSES = [4400, 4401, 4403, 4409, 4429, 4500, 1011, 1002];

const WHILE_LOST = ['FORBIDDEN', 'NOT_FOUND'];

/** A frame that says "up to date" may be of so long ago: the log may stall before it is noticed, the frame be held up. */
const STALL_MS = 5_000;

/** The copy of the log may be so late. */
const LATE_MS = 1_000;

/** Whether what a client held might be given up: there is a reason in the log, or in what was done to Postgres or the stream. */
export function isResetAllowed({
  view,
  previous,
  at,
  authority,
  evidence: { transactions, records, expiries },
}: {
  view: View;
  previous: Segment;
  at: number;
  authority: AuthorityHistory;
  evidence: Evidence;
}): boolean {
  if (!previous.isWhole) return true; // The cursor of a page before the last means "start again".
  const isBetween = (transaction: Transaction | undefined) =>
    transaction !== undefined && transaction.arrivedAt >= previous.askedAt && transaction.at <= at;
  const changes = view.models.includes('User') ? authority.peers : authority.own;
  if (changes.some((index) => isBetween(transactions[index]))) return true;
  if (transactions.some((one) => isBetween(one) && one.truncated.some((model) => view.models.includes(model))))
    return true;
  const knownUntil = previous.upToDateAt - STALL_MS - HELD_UP_MS;
  if (expiries.some(({ from, to }) => knownUntil <= to && from <= at)) return true;
  return isCrashInWindow(records, previous);
}

/** Whether the log tells of a crash before b + 3, where b is one above what had arrived at most. */
function isCrashInWindow(records: readonly LogRecord[], { askedAt, startedAt }: Segment): boolean {
  const batchAt = (time: number) => records.findLast(({ arrivedAt }) => arrivedAt <= time)?.batch ?? 0;
  const [first, last] = [batchAt(askedAt), batchAt(startedAt + LATE_MS) + 1 + 3];
  const runs = records.filter(({ batch }) => batch >= first && batch <= last).map(({ incarnation }) => incarnation);
  return new Set(runs).size > 1;
}

/** The ends and closes that had no reason. */
export function refusedEnds({
  view,
  history,
  ends,
  authority,
  evidence,
}: {
  view: View;
  history: readonly Happening[];
  ends: readonly End[];
  authority: AuthorityHistory;
  evidence: Evidence;
}): string[] {
  const closes = history.flatMap((one) =>
    one.what === 'closes' && REFUSED_CLOSES.includes(one.code)
      ? [`its socket was closed with ${one.code} ${one.reason}`]
      : [],
  );
  const refused = ends.filter(
    ({ codes, segment, at }) => codes.length === 0 || !codes.every((code) => isAllowed(code, segment, at)),
  );
  return [
    ...closes,
    ...refused.map(({ at, codes }) => `ended at ${new Date(at).toISOString()} with ${codes.join() || 'complete'}`),
  ];

  function isAllowed(code: string, segment: Segment | undefined, at: number): boolean {
    if (code === 'SLOW_CONSUMER' || code === 'UNAVAILABLE') return true;
    if (WHILE_LOST.includes(code)) return wasEverOutside(at);
    if (code !== 'CURSOR_EXPIRED' || view.kind !== 'changes') return false;
    return segment === undefined || isResetAllowed({ view, previous: segment, at, authority, evidence });
  }

  /** Whether the viewer was, shortly before or after then, outside the workspace that the view asks for. */
  function wasEverOutside(at: number): boolean {
    const workspace = view.filter?.workspace;
    if (workspace === undefined) return false;
    const near = evidence.transactions.filter((one) => one.arrivedAt >= at - 60_000);
    return [...near, evidence.transactions.at(-1)].some(
      (one) => one !== undefined && !authority.after(one.index).workspaces.has(workspace),
    );
  }
}
