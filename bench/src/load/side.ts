import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../percentile.ts';
import { canWatchProcesses, readCpuMs } from '../process-usage.ts';
import type { Subscribers } from './subscribers.ts';

/** A server under load, with those who subscribe to it. */
export interface Side {
  /** Of the serving process. */
  readonly pid: number;
  readonly subscribers: Subscribers;
  /** How many of the sockets each event goes to: all of them, or one after the other in turn. */
  readonly goesTo: 'all' | 'the next';
  /**
   * Makes so many events happen, at once. Resolves when they have, not when they have arrived.
   *
   * @returns what the last event's frame holds and no other; null where all frames are alike.
   */
  emit(events: number): Promise<string | null>;
}

/** One round of a side. */
export interface Load {
  readonly deliveriesPerSecond: number;
  readonly eventsPerSecond: number;
  /** Of the serving process, all its threads. NaN where this cannot be known. */
  readonly cpuSecondsPer100k: number;
}

/** Events that are emitted at once while a side warms up: a peer ends when a thousand wait. */
const WARM_UP_BURST = 100;
/** When nothing has arrived for so long, what is missing was emitted too early and will not come. */
const STILL_MS = { first: 200, longest: 5_000 };
const MAX_TRIES = 30;

/**
 * Emits until one event has reached each of the side's sockets: a peer does not say when a subscription has begun. Nothing
 * of what was emitted is under way any more then, since a socket keeps its order.
 */
export async function warmUp(side: Side): Promise<void> {
  const { subscribers, goesTo } = side;
  const sockets = Array.from(subscribers.counts.keys());
  subscribers.keepLast(true);
  // A try of a single event costs nobody much: soon again, and later from try to try.
  const stillMs = (tries: number) =>
    goesTo === 'all' ? Math.min(STILL_MS.first * 2 ** (tries - 1), STILL_MS.longest) : STILL_MS.longest;
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const before = subscribers.counts.slice();
    const marks: (string | null)[] = [];
    for (let left = goesTo === 'all' ? 1 : sockets.length; left > 0; left -= WARM_UP_BURST) {
      const events = Math.min(left, WARM_UP_BURST);
      const expected = subscribers.total() + (goesTo === 'all' ? sockets.length : events);
      marks.push(await side.emit(events));
      await untilThereOrStill(subscribers, expected, stillMs(tries));
    }
    const isTold = (socket: number) =>
      marks.some((mark) =>
        mark === null
          ? (subscribers.counts[socket] ?? 0) > (before[socket] ?? 0)
          : subscribers.last(socket).includes(`"${mark}"`),
      );
    if (sockets.every(isTold)) return subscribers.keepLast(false);
  }
  throw new Error('there are sockets that no event reaches');
}

async function untilThereOrStill(subscribers: Subscribers, expected: number, stillMs: number): Promise<void> {
  let seen = subscribers.total();
  let movedAtMs = performance.now();
  while (subscribers.total() < expected && performance.now() - movedAtMs < stillMs) {
    await sleep(10);
    subscribers.check();
    if (subscribers.total() === seen) continue;
    seen = subscribers.total();
    movedAtMs = performance.now();
  }
}

/**
 * Keeps a side busy: more is emitted while what came before is being sent, a burst each time, and never is more than
 * `underWay` events.
 *
 * @throws Error when a socket was told too much or too little.
 */
export async function runLoad(
  side: Side,
  { burst, underWay, durationMs }: { readonly burst: number; readonly underWay: number; readonly durationMs: number },
): Promise<Load> {
  const { subscribers, pid, goesTo } = side;
  const sockets = subscribers.counts.length;
  const perEvent = goesTo === 'all' ? sockets : 1;
  const before = subscribers.counts.slice();
  const start = subscribers.total();
  const cpuBeforeMs = canWatchProcesses ? readCpuMs(pid) : Number.NaN;
  const startedAtMs = performance.now();
  let events = 0;
  while (performance.now() - startedAtMs < durationMs) {
    await side.emit(burst);
    events += burst;
    await subscribers.untilTotal(start + (events + burst - underWay) * perEvent);
  }
  const deliveries = events * perEvent;
  await subscribers.untilTotal(start + deliveries);
  const elapsedS = (performance.now() - startedAtMs) / 1_000;
  const cpuS = ((canWatchProcesses ? readCpuMs(pid) : Number.NaN) - cpuBeforeMs) / 1_000;

  checkDeliveries(subscribers, before, goesTo === 'all' ? { each: events } : { together: events });
  return {
    deliveriesPerSecond: deliveries / elapsedS,
    eventsPerSecond: events / elapsedS,
    cpuSecondsPer100k: (cpuS / deliveries) * 100_000,
  };
}

/** Of those that take turns, no socket may be more than one event ahead of another. */
function checkDeliveries(
  { counts }: Subscribers,
  before: Uint32Array,
  expected: { readonly each: number } | { readonly together: number },
): void {
  const told = Array.from(counts, (count, socket) => count - (before[socket] ?? 0));
  const least = told.reduce((a, b) => Math.min(a, b));
  const most = told.reduce((a, b) => Math.max(a, b));
  const sum = told.reduce((a, b) => a + b, 0);
  const isRight =
    'each' in expected
      ? least === expected.each && most === expected.each
      : sum === expected.together && most - least <= 1;
  if (!isRight)
    throw new Error(`${JSON.stringify(expected)} events, and sockets were told ${least} to ${most}, together ${sum}`);
}

export const medianOf = (loads: readonly Load[], figure: keyof Load): number =>
  median(loads.map((load) => load[figure]));
