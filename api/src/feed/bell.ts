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
