import type { Violation } from './judge.ts';
import { modelOfTable } from './rows.ts';
import type { RunResult } from './run.ts';
import type { Segment } from './segments.ts';
import type { Watcher } from './watcher.ts';

/** Of each kind. */
const SHOWN_VIOLATIONS = 3;
const SHOWN_LINES = 30;
/** How much is shown of what came after the wrong segment. */
const AFTERWARDS_MS = 1_000;

/** What a run found, for a person: of each broken promise the smallest history of the row concerned. */
export function formatReport({ seed, stream }: { seed: number; stream: string }, result: RunResult): string {
  const { problems, violations, faults, writes, copy, replayed, caughtUpMs } = result;
  const isGreen = problems.length === 0 && violations.length === 0;
  const counted = (counts: ReadonlyMap<string, number>) =>
    [...counts]
      .sort()
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ');
  return [
    `seed ${seed} on ${stream}: ${isGreen ? 'every promise held' : `${problems.length + violations.length} promises broken`}`,
    `  ${replayed.transactions.length} transactions, ${copy.records.length} records, ${result.watchers.length} watchers; caught up ${caughtUpMs} ms after the last fault`,
    `  faults: ${counted(faults)}`,
    `  writes: ${counted(writes)}`,
    `  seen: ${counted(countSeen(result.watchers))}`,
    ...[...countKinds([...problems, ...violations.map(({ what }) => what)])].map(
      ([kind, count]) => `  ⚑ ${kind} (${count})`,
    ),
    ...problems.slice(0, SHOWN_VIOLATIONS).map((what) => `  ✗ ${what}`),
    ...someOfEachKind(violations).flatMap((violation) => formatViolation(violation, result)),
    ...(isGreen ? [] : [`  again: npm run test:faults -- --seed ${seed} --stream ${stream}`]),
  ].join('\n');
}

function countSeen(watchers: readonly Watcher[]): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  for (const { history } of watchers) {
    for (const one of history) {
      if (one.what === 'frame') count(one.frame.reset ? 'resets' : 'frames');
      else if (one.what === 'subscribes') count(one.resumes ? 'resumes' : 'starts');
      else if (one.what === 'closes') count(`closed ${one.code}`);
      else for (const code of one.codes) count(code);
    }
  }
  return counts;
}

/** Ids and numbers left out: what is broken in the same way counts as one. */
function countKinds(violations: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const what of violations) counts.set(kindOf(what), (counts.get(kindOf(what)) ?? 0) + 1);
  return counts;
}

function kindOf(what: string): string {
  return what
    .replace(/[0-9a-f-]{36}/g, '…')
    .replace(/\([\w-]{10}\)|[\d:.T-]+Z|#?\d+/g, '…')
    .slice(0, 120);
}

function someOfEachKind(violations: readonly Violation[]): Violation[] {
  const shown = new Map<string, number>();
  return violations.filter(({ what }) => {
    const count = (shown.get(kindOf(what)) ?? 0) + 1;
    shown.set(kindOf(what), count);
    return count <= SHOWN_VIOLATIONS;
  });
}

function formatViolation({ view, what, row, segment }: Violation, { watchers, copy, replayed }: RunResult): string[] {
  const heading = `  ✗ ${view.name}: ${what}${segment === undefined ? '' : describeSegment(segment)}`;
  const watcher = watchers.find((one) => one.view === view);
  if (watcher === undefined) return [heading];
  if (row === undefined)
    return [heading, ...lastLines(watcher.history.map((one) => `      ${timeOf(one.at)} ${describeHappening(one)}`))];
  const indexOf = new Map(replayed.transactions.map(({ xid, index }) => [xid, index]));
  const inLog = copy.records
    .filter(({ table, key }) => modelOfTable(table) === row.model && key === row.key)
    .map(({ arrivedAt, seq, batch, xid, op, before, after }) => ({
      at: arrivedAt,
      text: `log    #${indexOf.get(xid)} seq ${seq} batch ${batch} xid ${xid} ${op} ${before?.['version'] ?? '–'} → ${after?.['version'] ?? '–'} in ${after?.['workspace_id'] ?? before?.['workspace_id']}`,
    }));
  const seen = watcher.history.flatMap((one) => {
    if (one.what !== 'frame') return [{ at: one.at, text: describeHappening(one) }];
    const changes = one.frame.changes.filter(({ model, key }) => model === row.model && key === row.key);
    if (changes.length === 0 && !one.frame.reset) return [];
    const told = changes.map(
      ({ operation, state, previousVersion }) =>
        `${operation} ${previousVersion ?? '–'} → ${state?.version ?? '–'} ${state?.hash ?? ''}`,
    );
    return [{ at: one.at, text: `${describeHappening(one)} ${told.join('; ')}` }];
  });
  const end = (segment?.lastFrameAt ?? Number.POSITIVE_INFINITY) + AFTERWARDS_MS;
  const lines = [...inLog, ...seen].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
  return [heading, ...lastLines(lines.map(({ at, text }) => `      ${timeOf(at)} ${text}`))];
}

function describeSegment({ askedAt, startedAt, lastFrameAt, groups }: Segment): string {
  const told = groups.length === 0 ? '' : `, told ${groups.length} transactions`;
  return ` (asked ${timeOf(askedAt)}, began ${timeOf(startedAt)}, last frame ${timeOf(lastFrameAt)}${told})`;
}

function describeHappening(one: Watcher['history'][number]): string {
  if (one.what === 'subscribes') return `client ${one.resumes ? 'resumes' : 'starts'}`;
  if (one.what === 'ends') return `client ended: ${one.codes.join()} ${one.messages.join()}`;
  if (one.what === 'closes') return `client closed: ${one.code} ${one.reason}`;
  const { reset, upToDate, transactionId, changes } = one.frame;
  return `frame  ${reset ? 'RESET ' : ''}xid ${transactionId} ${changes.length} changes${upToDate ? '' : ' not up to date'}`;
}

function timeOf(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}

function lastLines(lines: readonly string[]): string[] {
  return lines.length <= SHOWN_LINES
    ? [...lines]
    : [`      … ${lines.length - SHOWN_LINES} before`, ...lines.slice(-SHOWN_LINES)];
}
