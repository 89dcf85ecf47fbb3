/** Lets one loop sleep until it is called, without missing a call that comes while it is still at work. */
export interface WakeUp {
  ring(): void;
  /** It was called since the last wait: the next one ends at once. */
  isRung(): boolean;
  /** Resolves at the first ring since the last wait, or after `timeoutMs`. @returns whether it was a ring. */
  wait(timeoutMs: number): Promise<boolean>;
}

export function createWakeUp(): WakeUp {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    isRung: () => rung,
    async wait(timeoutMs) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = null;
      }
      const wasRung = rung;
      rung = false;
      return wasRung;
    },
  };
}
