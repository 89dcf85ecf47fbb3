import { createBell, firstOf } from './bell.ts';
import { replay } from './replay.ts';
import { createReplayPass, type ReplayPass } from './replay-pass.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';

export interface ReplaySettings {
  /** Readers of the stream at the same time. */
  readonly max: number;
  /** A pass that has told for so long, and that others wait for, ends. */
  readonly turnMs: number;
  /** A pass begins so long after it was asked for: after a fault many come back at once. */
  readonly gatherMs: number;
  /** Whoever is further ahead of a pass does not wait for it. */
  readonly maxRecordsAhead: number;
  /** Each pass keeps this much of what it has read, roughly. */
  readonly maxBytes: number;
}

/**
 * Replays that share their readers of the stream: clients on the way of one {@link createReplayPass pass} are told by it, and when
 * two meet, one goes on. Passes take turns, also while their clients take nothing, so that slow clients do not keep others
 * from theirs. A replay may therefore end at any transaction: go on with another one, from there.
 */
export function createSharedReplays(dependencies: Parameters<typeof replay>[0], settings: ReplaySettings) {
  const passes = new Set<ReplayPass>();
  const waiting = new Set<LogPosition>();
  /** A pass has begun or ended. */
  const changed = createBell();
  let clock: NodeJS.Timeout | undefined;

  /** The one that has least to read before it can tell what follows `place`. */
  function nearestTo(place: LogPosition, maxDistance = Number.POSITIVE_INFINITY): ReplayPass | null {
    let nearest: { pass: ReplayPass; distance: number } | null = null;
    for (const pass of passes) {
      const distance = pass.distanceTo(place);
      if (distance === null || distance > (nearest === null ? maxDistance : nearest.distance - 1)) continue;
      nearest = { pass, distance };
    }
    return nearest?.pass ?? null;
  }

  /** Waits until there is one. @param company  it may begin further back, for others. */
  async function passFor(place: LogPosition, company: boolean, signal: AbortSignal): Promise<ReplayPass> {
    signal.throwIfAborted();
    const ticket = { ...place }; // Several may wait at one place.
    waiting.add(ticket);
    clock ??= setInterval(giveWay, settings.turnMs);
    try {
      for (let mayBegin = false; ; mayBegin = true) {
        const pass = nearestTo(place, company ? undefined : 1);
        if (pass !== null) return pass;
        if (mayBegin && passes.size < settings.max) return begin(company ? furthestBack(place) : place);
        await orAborted(mayBegin ? firstOf(changed) : pause(settings.gatherMs), signal);
      }
    } finally {
      waiting.delete(ticket);
      if (waiting.size === 0) {
        clearInterval(clock);
        clock = undefined;
      }
    }
  }

  /** Of those who wait for a pass that comes by `place` on its way. */
  function furthestBack(place: LogPosition): LogPosition {
    const onTheWay = [...waiting].filter(
      ({ epochId, seq }) =>
        epochId === place.epochId && seq <= place.seq && place.seq - seq <= settings.maxRecordsAhead,
    );
    return onTheWay.reduce((one, other) => (other.seq < one.seq ? other : one), place);
  }

  function begin(start: LogPosition): ReplayPass {
    const pass = createReplayPass({
      ...settings,
      replay: (from, signal) => replay(dependencies, from, signal),
      start,
      onEnd() {
        passes.delete(pass);
        changed.ring();
      },
    });
    passes.add(pass);
    changed.ring();
    return pass;
  }

  /** Ends as many as others wait for; not sooner than their turn: each brings its clients on, however long a reader takes to begin. */
  function giveWay() {
    if (passes.size < settings.max) return;
    const told = ({ toldSince }: ReplayPass) => (toldSince === null ? 0 : Date.now() - toldSince);
    const ending = [...passes].filter(({ isEnding }) => isEnding).length;
    const due = [...passes].filter((pass) => !pass.isEnding && told(pass) >= settings.turnMs);
    due.sort((one, other) => told(other) - told(one));
    for (const pass of due.slice(0, Math.max(0, waiting.size - ending))) pass.end();
  }

  async function* follow(
    first: ReplayPass,
    place: LogPosition,
    signal: AbortSignal,
  ): AsyncGenerator<LogTransaction, boolean> {
    let pass = first;
    pass.join();
    try {
      for (let at = place; ; ) {
        const transaction = await orAborted(pass.next(at), signal);
        if (transaction === null) return at !== place;
        yield transaction;
        at = transaction.position;
        const nearest = nearestTo(at);
        if (nearest === null || nearest === pass) continue;
        // It holds already what this one would have to read.
        nearest.join();
        pass.leave();
        pass = nearest;
      }
    } finally {
      pass.leave();
    }
  }

  return async function* sharedReplay(place: LogPosition, signal: AbortSignal): AsyncGenerator<LogTransaction> {
    const hasTold = yield* follow(await passFor(place, true, signal), place, signal);
    // What has ended a pass further back need not be in the way of one that begins here.
    if (!hasTold) yield* follow(await passFor(place, false, signal), place, signal);
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** As `promise`, for as long as the signal does not abort. */
function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    const settle = () => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort);
    promise.then(
      (value) => {
        settle();
        resolve(value);
      },
      (error) => {
        settle();
        reject(error);
      },
    );
    if (signal.aborted) onAbort();
  });
}
