import type { Log } from './log.ts';

export interface Closing {
  /** Registers how to end what was just opened. Once closing has begun, ends it at once. */
  add(name: string, close: () => unknown): void;
  /** Ends everything, the last opened first. All are ended, whatever fails or hangs; a second call waits for the first. */
  close(): Promise<void>;
  /** Whether `close` was called. */
  hasBegun(): boolean;
}

/**
 * The one place where a process notes what it has opened.
 *
 * What fails to close, or takes longer than `timeoutMs`, is logged and left behind.
 *
 * @param timeoutMs  for each of them. @default 5 000
 */
export function createClosing(log: Log, { timeoutMs = 5_000 }: { timeoutMs?: number } = {}): Closing {
  const open: { name: string; close: () => unknown }[] = [];
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    for (let last = open.pop(); last !== undefined; last = open.pop()) {
      try {
        await within(timeoutMs, last.close);
        log.debug({ part: last.name }, 'closed');
      } catch (err) {
        log.error({ err, part: last.name }, 'could not close in order');
      }
    }
  }

  return {
    add(name, close) {
      open.push({ name, close });
      if (closing !== undefined) closing = closing.then(closeAll);
    },
    close() {
      if (closing === undefined) {
        if (open.length > 0) log.info('closing');
        closing = closeAll();
      }
      return closing;
    },
    hasBegun: () => closing !== undefined,
  };
}

/**
 * Closes and exits on SIGINT, SIGTERM and SIGHUP (a terminal's end); a second signal exits at once, leaving things as they are.
 *
 * So does the end of the parent, for a process that was given a channel to it (`npm start` does): nobody else would.
 */
export function closeOnSignals(closing: Closing): void {
  let isClosing = false;
  const close = () => {
    if (isClosing) process.exit(1);
    isClosing = true;
    void closing.close().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, close);
  process.on('disconnect', close);
}

async function within(timeoutMs: number, run: () => unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not close within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([run(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
