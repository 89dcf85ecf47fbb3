import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { SyncError, toSyncError } from './sync-error.ts';

/** A request without an answer by then has failed: no operation takes so long, so the answer is lost. */
export const answerMs = 30_000;

/** Where operations go. */
export interface Endpoint {
  /** Of /graphql; relative to the page in a browser. */
  readonly url: string;
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/**
 * Sends one query or mutation over HTTP.
 *
 * @throws SyncError with the server's code, or NETWORK when no GraphQL answer came.
 */
export async function postOperation<Data, Variables>(
  { url, fetch = globalThis.fetch }: Endpoint,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  timeoutMs = answerMs,
): Promise<Data> {
  const { data, errors } = await post(fetch, url, JSON.stringify({ query: print(document), variables }), timeoutMs);
  if (errors !== undefined) throw toSyncError(errors);
  return data as Data;
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly unknown[];
}

async function post(fetch: typeof globalThis.fetch, url: string, body: string, timeoutMs: number): Promise<Answer> {
  const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json' };
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) });
    const answer: unknown = await response.json().catch(() => null);
    if (isAnswer(answer)) return answer;
    throw new SyncError('NETWORK', `${url} answered ${response.status}, and not with GraphQL`);
  } catch (cause) {
    throw toSyncError(cause);
  }
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && ('data' in value || 'errors' in value);
}
