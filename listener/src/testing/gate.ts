/** Lets pass all but one, which it holds until it is opened. */
export interface Gate {
  pass(): Promise<void>;
  /** Resolves when somebody is held. */
  readonly reached: Promise<void>;
  /** From now on everybody passes. */
  open(): void;
}

/** @param nth  who is held: the first by default. */
export function createGate({ nth = 1 } = {}): Gate {
  let reach = () => {};
  let open = () => {};
  let passed = 0;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    async pass() {
      passed += 1;
      if (passed !== nth) return;
      reach();
      await opened;
    },
    reached,
    open,
  };
}
