import type { SessionOptions, Tokens } from './session.ts';

const key = 'tokens';

/**
 * Keeps a session's tokens where reloads find them: `createSession({ url, ...storedTokens(sessionStorage) })`. With
 * sessionStorage each tab may be somebody else; whatever script runs on the page can read them.
 */
export function storedTokens(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>) {
  return {
    tokens: JSON.parse(storage.getItem(key) ?? 'null') as Tokens | null,
    onTokens: (tokens) => (tokens === null ? storage.removeItem(key) : storage.setItem(key, JSON.stringify(tokens))),
  } satisfies Partial<SessionOptions>;
}
