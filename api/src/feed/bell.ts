/** Wakes all who wait for something to happen: see {@link firstOf}. */
export function createBell() {
  const waiting = new Set<() => void>();
  return {
    waiting,
    ring() {
      for (const wake of [...waiting]) wake();
    },
  };
}

/** As long a turn of the event loop is nothing that others notice. */
const shortTurnMs = 4;

/**
 * The same, for a crowd: so many wake in each turn of the event loop, the first of them at once. Those who wait again meanwhile, and
 * have heard it, are woken by the next ring.
 *
 * As long as turns stay short, twice as many wake in the next, and half as many after a long one: whoever is woken late has more
 * to look at, and the last of ten thousand would never be up to date with a log that goes on.
 *
 * @param atLeast  by default so many as look at a transaction within a fraction of a millisecond.
 */
export function createCrowdBell(atLeast = 20, now = performance.now.bind(performance)): Bell {
  const waiting = new Set<() => void>();
  const due = new Set<() => void>();
  let atATime = atLeast;
  let isWaking = false;

  function wakeNext(since: number) {
    atATime = now() - since < shortTurnMs ? atATime * 2 : Math.max(atLeast, Math.floor(atATime / 2));
    wakeSome();
  }
  function wakeSome() {
    let woken = 0;
    for (const wake of due) {
      if (woken === atATime) break;
      due.delete(wake);
      if (!waiting.has(wake)) continue; // Something else has woken it.
      woken += 1;
      wake();
    }
    isWaking = due.size > 0;
    if (!isWaking) {
      atATime = atLeast;
      return;
    }
    const since = now();
    setImmediate(() => wakeNext(since));
  }
  return {
    waiting,
    ring() {
      for (const wake of waiting) due.add(wake);
      if (!isWaking) wakeSome();
    },
  };
}
export type Bell = ReturnType<typeof createBell>;

/** Resolves when the first of them rings next. The others keep nothing of it: some ring once in a process's life. */
export function firstOf(...bells: readonly Bell[]): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      for (const { waiting } of bells) waiting.delete(wake);
      resolve();
    };
    for (const { waiting } of bells) waiting.add(wake);
  });
}
