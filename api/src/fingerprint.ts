import { createHash } from 'node:crypto';

/** Of texts that were asked for of late: who has the same board open asks for the same ones, and keeps them. */
const recent = new Map<string, string>();
const maxRecent = 100;
const maxRecentLength = 2 ** 12;

/** 128 bits of a text's SHA-256, as 22 characters of base64url. */
export function fingerprint(text: string): string {
  const known = recent.get(text);
  if (known !== undefined) return known;
  // Not cut off the text: what is cut keeps the whole.
  const made = createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
  if (text.length > maxRecentLength) return made;
  if (recent.size >= maxRecent) recent.clear();
  recent.set(text, made);
  return made;
}
