import { collectRows, type RowOf } from '@sync-hub/sdk/watched-rows';
import { useState } from 'react';
import { useReport } from './page.tsx';

/**
 * Holds the rows of a `watch…` subscription, whichever client follows it.
 *
 * @returns `rows`, the last that were whole; `isLive`, whether they are as they are now; and `watch`, the same from one
 *   rendering to the next, to be told each frame, each interruption and the end.
 */
export function useWatched<Data extends object>() {
  const { fail } = useReport();
  const [rows, setRows] = useState<readonly RowOf<Data>[]>([]);
  const [isLive, setLive] = useState(false);
  const [watch] = useState(() => {
    const interrupted = () => setLive(false);
    function error(cause: unknown) {
      setLive(false);
      fail(cause);
    }
    const { next } = collectRows<Data>({
      rows(whole, isUpToDate) {
        setRows(whole);
        setLive(isUpToDate);
      },
      error,
    });
    return { next, interrupted, error };
  });
  return { rows, isLive, watch };
}
