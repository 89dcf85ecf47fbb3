import { describe, expect, test } from '@jest/globals';
import { parseOptions } from '@node-rs/argon2';
import { commonPasswords } from './common-passwords.ts';
import { hashPassword, newPasswordProblem, verifyPassword } from './passwords.ts';

const email = 'ada.lovelace@example.com';
const good = 'violet teapot orbit';

describe('a password', () => {
  test('is stored as argon2id with no less than OWASP asks for, salted anew each time', async () => {
    const [one, other] = await Promise.all([hashPassword(good), hashPassword(good)]);
    expect(one).toMatch(/^\$argon2id\$v=19\$/);
    expect(parseOptions(one)).toMatchObject({ memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 });
    expect(one).not.toBe(other);
  });

  test('is known again, and no other is', async () => {
    const hash = await hashPassword(good);
    expect(await verifyPassword(hash, good)).toBe(true);
    expect(await verifyPassword(hash, `${good} `)).toBe(false);
    expect(await verifyPassword(hash, good.toUpperCase())).toBe(false);
    expect(await verifyPassword(hash, '')).toBe(false);
  });

  test('is the same from a keyboard that sends é as two code points', async () => {
    const hash = await hashPassword('caf\u00e9 au lait noir');
    expect(await verifyPassword(hash, 'cafe\u0301 au lait noir')).toBe(true);
  });

  test('with ² is not the one with 2', async () => {
    expect(await verifyPassword(await hashPassword('e = mc², he said'), 'e = mc2, he said')).toBe(false);
  });

  test('of a megabyte is wrong, not an error', async () => {
    expect(await verifyPassword(await hashPassword(good), 'x'.repeat(1_000_000))).toBe(false);
  });

  test.each([
    ['a user is not known', good],
    ['the password is empty', ''],
    ['the password is a megabyte', 'x'.repeat(1_000_000)],
  ])('takes as long to refuse when %s', async (_when, password) => {
    const hash = await hashPassword(good);
    const wrong: number[] = [];
    const unknown: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      wrong.push(await cpuTime(() => verifyPassword(hash, 'another password')));
      unknown.push(await cpuTime(() => verifyPassword(null, password)));
    }
    // The least of several: what is left is the work itself, whatever else the machine does.
    expect(Math.min(...unknown) / Math.min(...wrong)).toBeGreaterThan(0.7);
    expect(Math.min(...unknown) / Math.min(...wrong)).toBeLessThan(1.5);
  });
});

async function cpuTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

describe('a new password', () => {
  test.each([
    ['12 characters', 'violet teapo'],
    ['200 characters', 'violet teapot orbit '.repeat(10)],
    ['characters outside the BMP, each counted once', '🫖🛰🌸🎻🧭🪁🧊🦉🌵🎈🧶🪀'],
    ['words alone, without digits or signs', 'correct horse battery staple'],
  ])('may have %s', (_what, password) => {
    expect(newPasswordProblem(password, email)).toBeNull();
  });

  test.each([
    ['is shorter than 12 characters', 'violet teap', 'shorter'],
    ['is shorter once composed', 'e\u0301'.repeat(11), 'shorter'],
    ['is six characters of two UTF-16 units each', '🫖🌸🎻🧭🪁🧊', 'shorter'],
    ['is longer than 200 characters', `${'violet teapot orbit '.repeat(10)}!`, 'longer'],
    ['is a megabyte', 'x'.repeat(1_000_000), 'longer'],
    ['is the e-mail, in any case', 'ADA.Lovelace@example.com', 'e-mail'],
    ['is the part of the e-mail before the @', 'ada.lovelace', 'e-mail'],
    ['repeats a few characters', 'abcabcabcabcabc', 'repeats'],
    ['is one that is tried first, in any case', 'Password1234', 'tried first'],
    ['holds half a character', 'violet teapot \ud83e', 'half'],
  ])('is refused that %s', (_what, password, problem) => {
    expect(newPasswordProblem(password, email)).toContain(problem);
  });

  test('is compared with a list that holds nothing that would be refused anyway', () => {
    for (const password of commonPasswords) expect(newPasswordProblem(password, email)).toContain('tried first');
  });
});
