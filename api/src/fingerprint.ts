import { createHash } from 'node:crypto';

/** 128 bits of a text's SHA-256, as 22 characters of base64url. */
export function fingerprint(text: string): string {
  // Not cut off the text: what is cut keeps the whole.
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
}
