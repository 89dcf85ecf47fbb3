import type { Closing } from '@sync-hub/runtime/closing';

/**
 * Notes something open that is closed when its rows are done, or by `closing`, should they never be.
 *
 * @returns closes it; a second call waits for the first.
 */
export function closedOnce(closing: Closing, name: string, close: () => Promise<void>): () => Promise<void> {
  let closed: Promise<void> | null = null;
  const once = () => {
    closed ??= close();
    return closed;
  };
  closing.add(name, once);
  return once;
}
