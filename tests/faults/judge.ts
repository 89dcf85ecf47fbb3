import { type Evidence, isResetAllowed, refusedEnds } from './allowed.ts';
import { type AuthorityHistory, maySee, readAuthority } from './authority.ts';
import { type Era, erasOf } from './eras.ts';
import type { Replayed, Transaction } from './replay.ts';
import { judgeRow, readEvents, type See, type Told, type ViewEvent } from './row-chain.ts';
import { type RowHistories, readRowHistories, stateOf } from './row-histories.ts';
import type { ModelName, RowState } from './rows.ts';
import { readStory, type Segment } from './segments.ts';
import { type AuthorityAt, startingAuthorities } from './starting-authorities.ts';
import type { View } from './views.ts';
import type { Watcher } from './watcher.ts';

/** A broken promise. */
export interface Violation {
  readonly view: View;
  readonly what: string;
  /** The row concerned, if one is. */
  readonly row?: { readonly model: ModelName; readonly key: string };
  /** What it was told meanwhile, if that alone is wrong. */
  readonly segment?: Segment;
}

/** Judges watchers against the log, transaction by transaction. Shares nothing with the code under test but what docs/ says. */
export function createJudge(replayed: Replayed, evidence: Omit<Evidence, 'transactions'>) {
  const { transactions } = replayed;
  const histories = readRowHistories(transactions);
  const indexOf = new Map(transactions.map(({ xid, index }) => [xid, index]));
  const authorities = new Map<string, AuthorityHistory>();
  const authorityOf = (viewer: string) => {
    const known = authorities.get(viewer) ?? readAuthority(viewer, transactions);
    authorities.set(viewer, known);
    return known;
  };

  return {
    judge({ view, history }: Watcher): Violation[] {
      const authority = authorityOf(view.viewer.id);
      const { segments, ends, problems } = readStory(view, history);
      const all = { transactions, ...evidence };
      const violations: Violation[] = problems.map((what) => ({ view, what }));
      for (const what of refusedEnds({ view, history, ends, authority, evidence: all }))
        violations.push({ view, what });
      let era = 0;
      for (const [position, segment] of segments.entries()) {
        const previous = segments[position - 1];
        if (
          segment.isReset &&
          previous !== undefined &&
          !isResetAllowed({ view, previous, at: segment.startedAt, authority, evidence: all })
        )
          violations.push({ view, what: `was reset at ${new Date(segment.startedAt).toISOString()} without a reason` });
        if (!segment.isWhole) continue;
        const court = { view, segment, transactions, histories, indexOf, authority };
        const verdict = view.kind === 'watch' ? judgeWatch(court, era) : { era, violations: judgeChanges(court) };
        era = verdict.era;
        violations.push(...verdict.violations);
      }
      return violations;
    },
  };
}

interface Court {
  readonly view: View;
  readonly segment: Segment;
  readonly transactions: readonly Transaction[];
  readonly histories: RowHistories;
  readonly indexOf: ReadonlyMap<string, number>;
  readonly authority: AuthorityHistory;
}

/**
 * A watch keeps one authority from its snapshot on: that of some era, not before the one of the segment before. Which one
 * its snapshot saw is not told, so each is tried.
 */
function judgeWatch(court: Court, firstEra: number): { era: number; violations: Violation[] } {
  const { view, transactions, authority, segment } = court;
  const eras = erasOf(view, authority, transactions);
  let least: { era: number; violations: Violation[] } | undefined;
  for (const [position, era] of eras.entries()) {
    if (position < firstEra) continue;
    const constant = authority.after(era.from);
    const see = sightOf(view, () => constant);
    const violations = [...judgePlaces(court, era), ...judgeRows(court, see, era.to)];
    if (segment.isLast && era.to !== Number.POSITIVE_INFINITY)
      violations.push({ view, what: `was not reset when its authority changed, by transaction #${era.to}` });
    if (least === undefined || violations.length < least.violations.length) least = { era: position, violations };
    if (violations.length === 0) break;
  }
  return least ?? { era: firstEra, violations: [{ view, what: 'has no authority to be judged by' }] };
}

/** Changes go on under the authority of the log; which one they begin with is not told, so each is tried. */
function judgeChanges(court: Court): Violation[] {
  let least: Violation[] | undefined;
  for (const authorityAt of startingAuthorities(court)) {
    const see = sightOf(court.view, authorityAt);
    const violations = [...judgePlaces(court, undefined), ...judgeRows(court, see, Number.POSITIVE_INFINITY)];
    if (least === undefined || violations.length < least.length) least = violations;
    if (violations.length === 0) break;
  }
  return least ?? [];
}

/** Transactions come in the order of the log; none at or after the one that ends the era, and none from before it but those of its own batch. */
function judgePlaces({ view, segment, transactions, indexOf }: Court, era: Era | undefined): Violation[] {
  const violations: Violation[] = [];
  let last = -1;
  for (const { xid } of segment.groups) {
    const index = indexOf.get(xid);
    if (index === undefined) {
      violations.push({ view, what: `was told transaction ${xid}, which the log does not have` });
      continue;
    }
    if (index <= last) violations.push({ view, what: `was told transaction #${index} (${xid}) after #${last}` });
    last = index;
    if (era === undefined) continue;
    if (index >= era.to)
      violations.push({ view, what: `was told transaction #${index}, though its authority had changed at #${era.to}` });
    if (index < era.from && transactions[index]?.batch !== transactions[era.from]?.batch)
      violations.push({ view, what: `was told transaction #${index} under the authority of #${era.from}` });
  }
  return violations;
}

function judgeRows({ view, segment, transactions, histories, indexOf }: Court, see: Sight, to: number): Violation[] {
  const from = knownAt(transactions, segment.askedAt);
  const until = segment.isLast
    ? transactions.length
    : Math.max(-1, ...segment.groups.map(({ xid }) => indexOf.get(xid) ?? -1));
  const told = new Map<string, Told[]>();
  const toldOf = new Map<number, number>();
  for (const { xid, changes } of segment.groups) {
    const index = indexOf.get(xid) ?? -1;
    toldOf.set(index, changes.length);
    for (const change of changes) {
      const id = `${change.model}:${change.key}`;
      told.set(id, [...(told.get(id) ?? []), { index, change }]);
    }
  }
  const violations: Violation[] = [];
  const eventsOf = new Map<number, number>();
  const isSurelyTold = ({ xid }: ViewEvent) => segment.xmax !== undefined && xid >= segment.xmax;
  const judgeOne = (model: ModelName, key: string, entries: Parameters<typeof readEvents>[0]) => {
    const id = `${model}:${key}`;
    const { base, events } = readEvents(entries, { from, to, see: see(model) });
    for (const { index } of events) eventsOf.set(index, (eventsOf.get(index) ?? 0) + 1);
    const snapshot = segment.snapshot === null ? undefined : (segment.snapshot.get(id) ?? null);
    const what = judgeRow({ base, events, told: told.get(id) ?? [], snapshot, until, isSurelyTold });
    if (what !== undefined) violations.push({ view, what: `${id} ${what}`, row: { model, key }, segment });
  };
  for (const model of view.models) {
    for (const [key, entries] of histories.get(model) ?? []) judgeOne(model, key, entries);
  }
  for (const id of new Set([...told.keys(), ...(segment.snapshot?.keys() ?? [])])) {
    const [model, key = ''] = id.split(':') as [ModelName, string];
    if (histories.get(model)?.has(key) !== true || !view.models.includes(model))
      violations.push({ view, what: `${id} is not in the log`, row: { model, key } });
  }
  for (const [index, count] of toldOf) {
    const expected = eventsOf.get(index) ?? 0;
    if (expected !== count)
      violations.push({ view, what: `of transaction #${index} ${count} changes were told, of ${expected}` });
  }
  return violations;
}

type Sight = (model: ModelName) => See;

function sightOf(view: View, authorityAt: AuthorityAt): Sight {
  return (model) =>
    (row, index): RowState | null => {
      if (row === null || !maySee(authorityAt(index), model, row)) return null;
      return view.filter === undefined || view.filter.matches(row) ? stateOf(model, row) : null;
    };
}

/** The last transaction whose record had arrived by then: it had surely committed. */
export function knownAt(transactions: readonly Transaction[], at: number): number {
  return transactions.findLastIndex(({ arrivedAt }) => arrivedAt <= at);
}
