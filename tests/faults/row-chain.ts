import { isSameState, type RowEntry } from './row-histories.ts';
import type { Row, RowState } from './rows.ts';
import type { SeenChange } from './watcher.ts';

/** What one transaction did to one row as a viewer sees it. */
export interface ViewEvent {
  readonly index: number;
  readonly xid: bigint;
  readonly before: RowState | null;
  readonly after: RowState | null;
}

/** A change that a watcher was told, at the index of its transaction. */
export interface Told {
  readonly index: number;
  readonly change: SeenChange;
}

/** How a viewer sees a row: `index` is of the transaction after which he looks. */
export type See = (row: Row | null, index: number) => RowState | null;

/** The state of a row as seen after `from`, and its events in (from, to). */
export function readEvents(
  entries: readonly RowEntry[],
  { from, to, see }: { from: number; to: number; see: See },
): { base: RowState | null; events: ViewEvent[] } {
  let row: Row | null = null;
  const events: ViewEvent[] = [];
  for (const entry of entries) {
    if (entry.index >= to) break;
    if (entry.index > from) {
      const [before, after] = [see(row, entry.index - 1), see(entry.row, entry.index)];
      if (!(before === null && after === null)) events.push({ index: entry.index, xid: entry.xid, before, after });
    }
    row = entry.row;
  }
  return { base: see(lastBefore(entries, from), from), events };
}

function lastBefore(entries: readonly RowEntry[], from: number): Row | null {
  return entries.findLast(({ index }) => index <= from)?.row ?? null;
}

/**
 * What is wrong with what a watcher was told of one row; undefined when nothing is.
 *
 * The snapshot has seen a prefix of the row's events, and the watcher is told exactly the others, once, in order, up to
 * `until`.
 *
 * @param snapshot  the row in it; null: not in it; undefined: there is no snapshot (changes).
 * @param isSurelyTold  of an event that no snapshot of this segment can have seen.
 */
export function judgeRow({
  base,
  events,
  told,
  snapshot,
  until,
  isSurelyTold,
}: {
  base: RowState | null;
  events: readonly ViewEvent[];
  told: readonly Told[];
  snapshot: RowState | null | undefined;
  until: number;
  isSurelyTold: (event: ViewEvent) => boolean;
}): string | undefined {
  const [firstTold] = told;
  if (firstTold === undefined) return judgeUntold({ base, events, snapshot, until, isSurelyTold });
  const first = events.findIndex(({ index }) => index === firstTold.index);
  const start = events[first];
  if (start === undefined) return `was told ${describeTold(firstTold)}, which is no change of its view`;
  if (snapshot !== undefined && !isSameState(snapshot, start.before))
    return `its snapshot has ${describe(snapshot)}, and what follows begins at ${describe(start.before)}`;
  const missed = events.slice(0, first).find(isSurelyTold);
  if (missed !== undefined) return `was not told ${describeEvent(missed)}`;
  for (const [position, { index, change }] of told.entries()) {
    const event = events[first + position];
    if (event === undefined || event.index !== index) {
      const isAgain = told.slice(0, position).some((one) => one.index === index);
      if (isAgain) return `was told ${describeTold({ index, change })} twice`;
      return event === undefined || event.index > index
        ? `was told ${describeTold({ index, change })}, which is no change of its view`
        : `was not told ${describeEvent(event)}`;
    }
    const wrong = judgeChange(event, change);
    if (wrong !== undefined) return wrong;
  }
  const untold = events.slice(first + told.length).find(({ index }) => index <= until);
  return untold === undefined ? undefined : `was not told ${describeEvent(untold)}`;
}

/** A row of which nothing was told: all that happened to it up to `until` must be in the snapshot. */
function judgeUntold({
  base,
  events,
  snapshot,
  until,
  isSurelyTold,
}: Pick<Parameters<typeof judgeRow>[0], 'base' | 'events' | 'snapshot' | 'until' | 'isSurelyTold'>):
  | string
  | undefined {
  const past = events.filter(({ index }) => index <= until);
  const missed = past.find(isSurelyTold);
  if (missed !== undefined) return `was not told ${describeEvent(missed)}`;
  if (snapshot === undefined) return undefined;
  const possible = [
    past.at(-1)?.after ?? (past.length === 0 ? base : null),
    ...events.slice(past.length).map(({ after }) => after),
  ];
  if (possible.some((state) => isSameState(snapshot, state))) return undefined;
  return `its snapshot has ${describe(snapshot)}, it was told nothing, and should have ${possible.map(describe).join(' or ')}`;
}

function judgeChange({ index, before, after }: ViewEvent, change: SeenChange): string | undefined {
  const operation = before === null ? 'CREATED' : after === null ? 'DELETED' : 'UPDATED';
  if (change.operation !== operation)
    return `was told ${change.operation} in place of ${operation} by transaction #${index}`;
  if (!isSameState(change.state, after)) return `was told ${describe(change.state)} in place of ${describe(after)}`;
  if (change.previousVersion !== (before?.version ?? null))
    return `was told that it had version ${change.previousVersion} before, in place of ${before?.version ?? null}`;
  return undefined;
}

function describe(state: RowState | null): string {
  return state === null ? 'no row' : `version ${state.version} (${state.hash})`;
}

function describeEvent({ index, xid, before, after }: ViewEvent): string {
  return `transaction #${index} (${xid}): ${describe(before)} → ${describe(after)}`;
}

function describeTold({ index, change }: Told): string {
  return `transaction #${index}: ${change.operation} ${describe(change.state)}`;
}
