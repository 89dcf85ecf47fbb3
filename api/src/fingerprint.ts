import { createHash } from 'node:crypto';
import { createBoundedMemo } from './bounded-memo.ts';

const recent = createBoundedMemo<string, string>(100);
const maxRecentLength = 2 ** 12;

/** 128 bits of a text's SHA-256, as 22 characters of base64url. */
export function fingerprint(text: string): string {
  return text.length > maxRecentLength ? hash(text) : recent(text, () => hash(text));
}

function hash(text: string): string {
  // Not cut off the text: what is cut keeps the whole.
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
}
