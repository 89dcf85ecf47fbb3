import { createHmac, hkdfSync, randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readConfig } from '../config.ts';
import { fingerprint } from '../fingerprint.ts';
import { type CursorContents, type CursorPlace, createCursors } from './cursor.ts';

const started = { snapshot: '10:15:11,13', epoch: 1, batch: 7, incarnation: 'i1' };
const contents: CursorContents = {
  position: { epoch: 1, epochId: 'e1', seq: 42, tag: 't1' },
  sentOfNext: 0,
  start: started,
  authority: 'hash',
  viewerId: 'u1',
  question: 'q1',
  shapes: 'shapes',
  since: { epoch: 1, epochId: 'e1', seq: 40 },
  group: 'g1',
};
const secret = 'a secret of at least 32 bytes, for tests';
const cursors = createCursors(secret);

describe('a cursor', () => {
  test('gives back what it was made of, on every instance with the same secret', () => {
    const cursor = cursors.write(contents);
    expect(createCursors(secret).read(cursor)).toEqual(contents);
  });

  test('is URL-safe', () => {
    expect(cursors.write(contents)).toMatch(/^[\w.~-]+$/);
  });

  test('of a server with 10,000 running transactions is read again, and fits into one message of a socket', () => {
    const oldest = 40_000_000_000;
    const running = Array.from({ length: 10_000 }, (_, index) => oldest + 7 * index);
    const start = { ...started, snapshot: `${oldest}:${oldest + 70_000}:${running.join()}` };
    const cursor = cursors.write({ ...contents, start });
    expect(cursors.read(cursor).start).toEqual(start);
    const { MESSAGE_MAX_BYTES } = readConfig({ DATABASE_URL: 'postgres://localhost/hub', JWT_SECRET: 'x'.repeat(32) });
    expect(cursor.length).toBeLessThan(MESSAGE_MAX_BYTES - 32 * 2 ** 10);
  });

  test('of another secret is CURSOR_INVALID', () => {
    const foreign = createCursors('another secret of at least 32 bytes ...').write(contents);
    expect(() => cursors.read(foreign)).toThrow(codeOf('CURSOR_INVALID'));
  });

  test('that was changed anywhere is CURSOR_INVALID', () => {
    const parts = cursors.write(contents).split('.');
    for (const [part, text] of parts.entries()) {
      const bytes = Buffer.from(text, 'base64url');
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
          const changed = Buffer.from(bytes);
          changed[at] = (changed[at] ?? 0) ^ flip;
          expect(() => cursors.read(parts.with(part, changed.toString('base64url')).join('.'))).toThrow(
            codeOf('CURSOR_INVALID'),
          );
        }),
      );
    }
  });

  test('that is truncated, empty, garbage or 1 MB long is CURSOR_INVALID', () => {
    const cursor = cursors.write(contents);
    const [place = '', standing = ''] = cursor.split('.');
    const cut = [
      cursor.slice(0, -4),
      cursor.slice(4),
      place,
      standing,
      `${place}.`,
      `.${standing}`,
      `${place}.${place}`,
    ];
    const long = ['A'.repeat(2 ** 20), '.'.repeat(2 ** 20), `${'A'.repeat(2 ** 19)}.${'A'.repeat(2 ** 19)}`];
    for (const text of ['', 'x', '.', '..', 'é€', ...cut, ...long])
      expect(() => cursors.read(text)).toThrow(codeOf('CURSOR_INVALID'));
  });

  test.each<[string, readonly (readonly [string, readonly unknown[]])[]]>([
    ['3, which was one text', [['', [3, 1, 'e1', 42, 't1', 0, null, 'hash', 'u1', 'q1', 'shapes']]]],
    [
      '4, which was JSON',
      [
        ['place of g1 ', [4, 1, 'e1', 42, 't1', 0]],
        ['standing ', [4, 'u1', 'q1', 'hash', 'shapes', null, [1, 'e1', 40, 't0'], 'g1']],
      ],
    ],
  ])('of version %s, is CURSOR_EXPIRED', (_, parts) => {
    const key = Buffer.from(hkdfSync('sha256', secret, '', 'real-time-sync-hub cursor', 32));
    const older = parts.map(([purpose, packed]) => {
      const payload = Buffer.from(JSON.stringify(packed));
      const mac = createHmac('sha256', key).update(purpose).update(payload).digest().subarray(0, 16);
      return Buffer.concat([mac, payload]).toString('base64url');
    });
    expect(() => cursors.read(older.join('.'))).toThrow(codeOf('CURSOR_EXPIRED'));
  });

  test('takes a few bytes more than the ids and hashes in it', () => {
    const id = () => randomUUID();
    const hash = () => fingerprint(id());
    const position = { epoch: 3, epochId: id(), seq: 40_000_000, tag: id() };
    const since = { epoch: position.epoch, epochId: position.epochId, seq: 39_000_000 };
    const standing = {
      viewerId: id(),
      question: hash(),
      authority: hash(),
      shapes: id().replaceAll('-', ''),
      start: null,
    };
    const cursor = cursors.write({ ...standing, position, sentOfNext: 0, since, group: hash() });
    // Two codes, the tag, and six in the standing.
    expect(Buffer.from(cursor.replace('.', ''), 'base64url').length).toBeLessThan(9 * 16 + 24);
  });
});

describe('the parts of a cursor', () => {
  const standing = cursors.writeStanding(contents);
  const read = (place: CursorPlace, group = contents.group) =>
    cursors.read(cursors.join(cursors.writePlace(place, group), standing));

  test('are good for any place of their group, from where the standing holds: all of it are told the same there', () => {
    const later = { position: { ...contents.position, seq: 99, tag: 't2' }, sentOfNext: 3 };
    expect(read(later)).toEqual({ ...contents, ...later });
    const first = { ...contents.since, tag: 't0' };
    expect(read({ position: first, sentOfNext: 0 })).toMatchObject({ position: first });
  });

  test.each<[string, CursorPlace, string]>([
    ['of another group', contents, 'g2'],
    ['before the standing held', { ...contents, position: { ...contents.position, seq: 39 } }, 'g1'],
    ['of another epoch', { ...contents, position: { ...contents.position, epoch: 2 } }, 'g1'],
    ['of another history', { ...contents, position: { ...contents.position, epochId: 'e2' } }, 'g1'],
  ])('with a place %s are CURSOR_INVALID', (_, place, group) => {
    expect(() => read(place, group)).toThrow(codeOf('CURSOR_INVALID'));
  });

  test('are CURSOR_INVALID the other way round, and when there are more', () => {
    const [place = ''] = cursors.write(contents).split('.');
    for (const text of [`${standing}.${place}`, `${place}.${standing}.${standing}`, `${standing}.${standing}`])
      expect(() => cursors.read(text)).toThrow(codeOf('CURSOR_INVALID'));
  });
});

function codeOf(code: string) {
  return expect.objectContaining({ extensions: { code } });
}
