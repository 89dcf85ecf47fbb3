import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, Observable } from '@apollo/client';
import { createAuthorizedFetch } from '@sync-hub/sdk/authorized-fetch';
import possibleTypes from '@sync-hub/sdk/generated/possible-types';
import { createSession } from '@sync-hub/sdk/session';
import { storedTokens } from '@sync-hub/sdk/stored-tokens';
import { createSyncSocket } from '@sync-hub/sdk/sync-socket';
import { OperationTypeNode, print } from 'graphql';

const url = '/graphql';

export const session = createSession({ url, ...storedTokens(sessionStorage) });
const socket = createSyncSocket({ url, getToken: session.getToken });

const httpLink = new HttpLink({ uri: url, fetch: createAuthorizedFetch(session.getToken) });
const socketLink = new ApolloLink((operation) => {
  const payload = { query: print(operation.query), variables: operation.variables };
  return new Observable((sink) => socket.subscribe(payload, sink, operation.getContext()['listener']));
});

export const client = new ApolloClient({
  cache: new InMemoryCache(possibleTypes),
  link: ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, socketLink, httpLink),
  // What a mutation has changed shows when its frame comes. Its answer may be late, and then older than the cache.
  defaultOptions: { mutate: { fetchPolicy: 'no-cache' } },
  devtools: { enabled: true }, // look into the cache while tasks change
});
