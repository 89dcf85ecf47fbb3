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

/**
 * The same, for a crowd: so many wake in each turn of the event loop, the first of them at once. Those who wait again meanwhile, and
 * have heard it, are woken by the next ring.
 *
 * @param atATime  by default so many as look at a transaction within a fraction of a millisecond.
 */
export function createCrowdBell(atATime = 20): Bell {
  const waiting = new Set<() => void>();
  const due = new Set<() => void>();
  let isWaking = false;

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
    if (isWaking) setImmediate(wakeSome);
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
