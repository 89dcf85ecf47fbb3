import { useWatched } from '@sync-hub/board/use-watched';
import { useEffect } from 'react';
import type { TypedDocumentNode } from 'urql';
import { client } from './hub.ts';

/**
 * The rows that a `watch…` document asks for, live.
 *
 * @param where  the same object for as long as the question is the same.
 */
export function useRows<Data extends object, Where>(
  document: TypedDocumentNode<Data, { where?: Where }>,
  where: Where,
) {
  const { watch, ...held } = useWatched<Data>();
  useEffect(() => {
    const results = client.subscription(document, { where }, { listener: watch });
    return results.subscribe(({ data, error }) => {
      if (error) watch.error(error);
      else if (data) watch.next(data);
    }).unsubscribe;
  }, [document, where, watch]);
  return held;
}
