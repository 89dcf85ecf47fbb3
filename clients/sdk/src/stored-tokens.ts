import type { SessionOptions, Tokens } from './session.ts';

const key = 'tokens';

/**
 * Keeps a session's tokens where reloads find them: `createSession({ url, ...storedTokens(sessionStorage) })`. Whatever script
 * runs on the page can read them.
 *
 * Not for tabs that share tokens: once one has refreshed them, the refresh of another ends the session of both. With
 * sessionStorage each tab has its own, and may be somebody else, but a duplicate of a tab, or one that it opens with
 * `window.open`, begins with a copy. With localStorage all tabs share them.
 */
export function storedTokens(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>) {
  return {
    tokens: JSON.parse(storage.getItem(key) ?? 'null') as Tokens | null,
    onTokens: (tokens) => (tokens === null ? storage.removeItem(key) : storage.setItem(key, JSON.stringify(tokens))),
  } satisfies Partial<SessionOptions>;
}
