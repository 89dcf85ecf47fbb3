import type { Fault } from './faults.ts';
import type { Random } from './random.ts';

export interface Nemesis {
  /** How often each kind was injected. */
  readonly counts: ReadonlyMap<string, number>;
  /** What it did and when, for a report. */
  readonly diary: readonly string[];
  /** Waits until what is broken has been healed, and breaks nothing more. */
  stop(): Promise<void>;
}

const SHORTEST_MS = 100;

/** Two hands: at most two things are broken at a time. */
const HANDS = 2;

/**
 * Injects faults until it is stopped: each kind as often as any other, in an order and for a time that the seed decides.
 *
 * @param longestMs  of one fault; most are far shorter.
 */
export function startNemesis({
  faults,
  random,
  longestMs,
}: {
  faults: readonly Fault[];
  random: Random;
  longestMs: number;
}): Nemesis {
  const counts = new Map<string, number>();
  const diary: string[] = [];
  const busy = new Set<string>();
  const stopping = new AbortController();
  let deck: Fault[] = [];
  const startedAt = Date.now();
  const note = (what: string) => diary.push(`${((Date.now() - startedAt) / 1000).toFixed(1)} s: ${what}`);

  const draw = (): Fault | undefined => {
    if (deck.length === 0) deck = random.shuffled(faults);
    const index = deck.findIndex(({ target }) => !busy.has(target));
    return index === -1 ? undefined : deck.splice(index, 1)[0];
  };
  const work = async (own: Random) => {
    while (!stopping.signal.aborted) {
      const fault = draw();
      // Skewed: many short ones, some that outlast every timeout.
      const forMs = SHORTEST_MS * (longestMs / SHORTEST_MS) ** (own.fraction() ** 1.5);
      const restMs = own.between(50, 1_500);
      if (fault !== undefined) {
        busy.add(fault.target);
        note(`${fault.kind} for ${Math.round(forMs)} ms`);
        counts.set(fault.kind, (counts.get(fault.kind) ?? 0) + 1);
        try {
          await fault.begin();
          await pause(forMs, stopping.signal);
        } finally {
          await fault.end();
          note(`${fault.kind} is over`);
          busy.delete(fault.target);
        }
      }
      await pause(restMs, stopping.signal);
    }
  };
  const working = Array.from({ length: HANDS }, () => work(random.fork()));
  return {
    counts,
    diary,
    async stop() {
      stopping.abort();
      await Promise.all(working);
    },
  };
}

/** @returns early when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
