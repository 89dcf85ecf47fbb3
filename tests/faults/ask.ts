import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';

/** One GraphQL request. @throws Error when it fails, takes longer than 10 s, or its answer has errors. */
export async function ask<Data, Variables>(
  url: string,
  token: string | null,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  return askText<Data>(url, token, print(document), variables);
}

/** The same for a text that the SDK has no operation for. */
export async function askText<Data>(
  url: string,
  token: string | null,
  query: string,
  variables: unknown = {},
): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(10_000),
  });
  const { data, errors } = (await response.json()) as { data?: Data | null; errors?: { message: string }[] };
  if (errors !== undefined || data === undefined || data === null)
    throw new Error(errors?.map(({ message }) => message).join() ?? `no data (${response.status})`);
  return data;
}
