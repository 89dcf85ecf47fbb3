/** Wakes all who wait for something to happen. */
export function createBell() {
  let wake = () => {};
  let next = new Promise<void>(take);
  function take(resolve: () => void) {
    wake = resolve;
  }
  return {
    /** Resolves when it rings next. */
    rung: (): Promise<void> => next,
    ring() {
      wake();
      next = new Promise<void>(take);
    },
  };
}
