import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { commonPasswords } from './common-passwords.ts';

/** In code points, after normalisation. */
const minPasswordLength = 12;
export const maxPasswordLength = 200;

/**
 * argon2id as OWASP asks for it at least. Of its equal choices this is the one with little memory: libuv runs four
 * hashes at a time, hence 76 MiB at the very most.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 */
const cost = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const;

/** A hash that no password has, checked where there is no hash to check: it takes just as long. */
const decoy = [
  '$argon2id$v=19',
  `m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}`,
  unpaddedBase64(randomBytes(16)),
  unpaddedBase64(randomBytes(cost.outputLen)),
].join('$');

/** The hash to store: a PHC string that holds its own salt and cost. Ask `newPasswordProblem` first. */
export function hashPassword(password: string): Promise<string> {
  return hash(normalised(password), cost);
}

/**
 * Whether the password is the one that was hashed. Without a hash, false, after the time that a wrong password takes:
 * how long it takes does not tell who has an account.
 */
export async function verifyPassword(passwordHash: string | null, password: string): Promise<boolean> {
  const possible = lengthProblem(password) === null;
  const matches = await verify(passwordHash ?? decoy, possible ? normalised(password) : '');
  return matches && possible && passwordHash !== null;
}

/**
 * Why the password cannot be taken, or null when it can.
 *
 * Length is what counts; no classes of characters are demanded, only what attackers try first is refused
 * (NIST SP 800-63B, section 3.1.1.2).
 */
export function newPasswordProblem(password: string, email: string): string | null {
  const tooLongOrShort = lengthProblem(password);
  if (tooLongOrShort !== null) return tooLongOrShort;
  if (loneSurrogate.test(password)) return 'holds half a character. Type it again.';

  const plain = normalised(password).toLowerCase();
  if (plain === email || plain === email.split('@')[0]) return 'is your e-mail. Choose another.';
  if (new Set(plain).size < 5) return 'repeats too few characters. Choose another.';
  if (commonPasswords.has(plain)) return 'is one of those that are tried first. Choose another.';
  return null;
}

function lengthProblem(password: string): string | null {
  // Before any work on it: a character is at most two units, and composing shortens what people type far less than this.
  const length = password.length > 10 * maxPasswordLength ? Number.POSITIVE_INFINITY : [...normalised(password)].length;
  if (length < minPasswordLength) return `is shorter than ${minPasswordLength} characters.`;
  if (length > maxPasswordLength) return `is longer than ${maxPasswordLength} characters.`;
  return null;
}

/**
 * NFC: one keyboard sends é as one code point, another as two. Not NFKC, which takes ² for 2.
 *
 * @see RFC 8265, section 4.2.2 (OpaqueString)
 */
function normalised(password: string): string {
  return password.normalize('NFC');
}

/** Two different ones would be written as the same U+FFFD. */
const loneSurrogate = /\p{Surrogate}/u;

function unpaddedBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
