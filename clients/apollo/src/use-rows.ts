import type { TypedDocumentNode } from '@apollo/client';
import { useSubscription } from '@apollo/client/react';
import { useWatched } from '@sync-hub/board/use-watched';

/** The rows that a `watch…` document asks for, live. Apollo has put each into its cache, under its own id, when it is told here. */
export function useRows<Data extends object, Where>(
  document: TypedDocumentNode<Data, { where?: Where }>,
  where: Where,
) {
  const { watch, ...held } = useWatched<Data>();
  useSubscription(document, {
    variables: { where },
    // Shared, as Apollo shares equal subscriptions, it would bring whoever comes later the later frames alone.
    context: { listener: watch, queryDeduplication: false },
    ignoreResults: true, // `watch` sees every frame; a rendering may see the last of several
    onData: ({ data: { data } }) => data && watch.next(data as Data),
    onError: watch.error,
  });
  return held;
}
