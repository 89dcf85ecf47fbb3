import { useWatched } from '@sync-hub/board/use-watched';
import { useEffect } from 'react';
import { createRequest, type TypedDocumentNode } from 'urql';
import { client } from './hub.ts';

/** A key for each: urql shares what has the same, and would bring whoever comes later the later frames alone. */
let lastKey = 0;

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
    const request = { ...createRequest(document, { where }), key: ++lastKey };
    return client.executeSubscription(request, { listener: watch }).subscribe(({ data, error }) => {
      if (error) watch.error(error);
      else if (data) watch.next(data);
    }).unsubscribe;
  }, [document, where, watch]);
  return held;
}
