import { answerMs } from './post-operation.ts';
import type { SyncError } from './sync-error.ts';

/**
 * Gives an access token that is good now.
 *
 * @param refused  a token that the server called expired: another one is wanted, however good this looks.
 * @param onLeft  runs once when somebody signs out, or in, after this call: what is open with the token is not theirs. One that
 *   is given again counts once. Without a change of users there is no need to call it.
 * @throws SyncError; with `endsSession` when there will be no more tokens before somebody signs in.
 */
export type GetToken = (options?: {
  readonly refused?: string | undefined;
  readonly onLeft?: ((why: SyncError) => void) | undefined;
}) => Promise<string>;

/**
 * A `fetch` that signs each request, for every GraphQL client that takes one. When the server says that the token has expired
 * it sends the request once more, with a new one: nothing was executed before.
 */
export function createAuthorizedFetch(getToken: GetToken, fetch: typeof globalThis.fetch = globalThis.fetch) {
  async function send(request: Request, token: string) {
    request.headers.set('authorization', `Bearer ${token}`);
    return await fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(answerMs)]) });
  }
  return async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const token = await getToken();
    const response = await send(request.clone(), token);
    if (!(await saysTokenExpired(response))) return response;
    return await send(request, await getToken({ refused: token }));
  };
}

async function saysTokenExpired(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  return (await response.clone().text()).includes('"TOKEN_EXPIRED"');
}
