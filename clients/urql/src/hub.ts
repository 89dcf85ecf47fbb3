import { createAuthorizedFetch } from '@sync-hub/sdk/authorized-fetch';
import { createSession } from '@sync-hub/sdk/session';
import { type SyncError, toSyncError } from '@sync-hub/sdk/sync-error';
import { createSyncSocket } from '@sync-hub/sdk/sync-socket';
import { Client, type CombinedError, fetchExchange, subscriptionExchange } from 'urql';

const url = '/graphql';

/** Signed in as long as the tab lives, over reloads too. Another tab may be somebody else. */
export const session = createSession({
  url,
  tokens: JSON.parse(sessionStorage.getItem('tokens') ?? 'null'),
  onTokens: (tokens) => sessionStorage.setItem('tokens', JSON.stringify(tokens)),
});

export const socket = createSyncSocket({ url, getToken: session.getToken });

/** Without a cache: what is on screen comes from `useTasks`, which follows what a document cache can only guess. */
export const client = new Client({
  url,
  preferGetMethod: false,
  fetch: createAuthorizedFetch(session.getToken),
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      }),
    }),
  ],
});

export function asSyncError({ networkError, graphQLErrors }: CombinedError): SyncError {
  return toSyncError(networkError ?? graphQLErrors);
}
