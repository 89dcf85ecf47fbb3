export const maxUserNameLength = 100;

/** The name without spaces around it, or null where it is empty, over 100 code points, or holds what cannot be shown. */
export function parseUserName(text: string): string | null {
  const name = text.trim();
  const length = name.length > 2 * maxUserNameLength ? Number.POSITIVE_INFINITY : [...name].length;
  return length >= 1 && length <= maxUserNameLength && !unprintable.test(name) ? name : null;
}

/** Control characters (Postgres has no text with U+0000) and halves of characters. */
const unprintable = /[\p{Cc}\p{Surrogate}]/u;
