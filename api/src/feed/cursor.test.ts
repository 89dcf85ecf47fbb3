import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readConfig } from '../config.ts';
import { type CursorContents, createCursors } from './cursor.ts';

const started = { snapshot: '10:15:11,13', epoch: 1, batch: 7, incarnation: 'i1' };
const contents: CursorContents = {
  position: { epoch: 1, epochId: 'e1', seq: 42, tag: 't1' },
  sentOfNext: 0,
  start: started,
  authority: 'hash',
  viewerId: 'u1',
  question: 'q1',
  shapes: 'shapes',
  since: { epoch: 1, epochId: 'e1', seq: 40, tag: 't0' },
  group: 'g1',
};
const cursors = createCursors('a secret of at least 32 bytes, for tests');

describe('a cursor', () => {
  test('gives back what it was made of, on every instance with the same secret', () => {
    const cursor = cursors.write(contents);
    expect(createCursors('a secret of at least 32 bytes, for tests').read(cursor)).toEqual(contents);
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
    const bytes = Buffer.from(cursors.write(contents), 'base64url');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(() => cursors.read(changed.toString('base64url'))).toThrow(codeOf('CURSOR_INVALID'));
      }),
    );
  });

  test('that is truncated, empty, garbage or 1 MB long is CURSOR_INVALID', () => {
    const cursor = cursors.write(contents);
    for (const text of ['', 'x', cursor.slice(0, -4), cursor.slice(4), 'é€', 'A'.repeat(2 ** 20)])
      expect(() => cursors.read(text)).toThrow(codeOf('CURSOR_INVALID'));
  });
});

function codeOf(code: string) {
  return expect.objectContaining({ extensions: { code } });
}
