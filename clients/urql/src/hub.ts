import { createAuthorizedFetch } from '@sync-hub/sdk/authorized-fetch';
import { createSession } from '@sync-hub/sdk/session';
import { storedTokens } from '@sync-hub/sdk/stored-tokens';
import { createSyncSocket } from '@sync-hub/sdk/sync-socket';
import { Client, fetchExchange, subscriptionExchange } from 'urql';

const url = '/graphql';

export const session = createSession({ url, ...storedTokens(sessionStorage) });
const socket = createSyncSocket({ url, getToken: session.getToken });

/** Without a cache: what is on screen comes from watches, which know what a document cache can only guess. */
export const client = new Client({
  url,
  preferGetMethod: false,
  fetch: createAuthorizedFetch(session.getToken),
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }, { context }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink, context['listener']) }),
      }),
    }),
  ],
});
