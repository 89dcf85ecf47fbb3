import { describe, expect, test } from '@jest/globals';
import type { FrameText, SharedBundle, SharedFrame } from '../feed/shared-frame.ts';
import { sendLetter } from './form-letter.ts';
import type { Outlet } from './outlet.ts';
import { bytesOf, textFrameHeader } from './text-frame.ts';

const bundleOf = (...texts: readonly FrameText[]): SharedBundle => ({
  frames: texts.map((text) => ({ text }) as SharedFrame),
  isWritten: true,
});

/** Sockets of which some take what is written only later. */
function setUp() {
  const written: Buffer[] = [];
  let takes = true;
  const outlet = {
    writeFramed(bytes: Buffer) {
      // Whoever has taken it has copied it.
      written.push(takes ? Buffer.from(bytes) : bytes);
      return takes;
    },
  } as Partial<Outlet> as Outlet;
  return {
    texts: () => written.map((bytes) => bytes.toString('latin1')),
    send(bundle: SharedBundle, head: string, standing: string, { isTaken = true } = {}) {
      takes = isTaken;
      return sendLetter(bundle, { head: bytesOf(head), standing, outlet });
    },
  };
}
const framed = (message: string) => textFrameHeader(message.length) + message;

describe('a letter', () => {
  test('is each message in a WebSocket frame of its own, with id and standing wherever they belong', () => {
    const { send, texts } = setUp();
    const long = 'x'.repeat(70_000);
    const bundle = bundleOf(['none'], [' a ', ' b'], [' c ', long, ' d']);
    for (const [head, standing] of [
      ['id1', 'mine'],
      ['id2', 'your'],
      ['longer id', 'and standing'],
      ['id3', ''],
    ] as const)
      send(bundle, head, standing);
    const expected = (head: string, standing: string) =>
      [`${head}none`, `${head} a ${standing} b`, `${head} c ${standing}${long}${standing} d`].map(framed).join('');
    expect(texts()).toEqual([
      expected('id1', 'mine'),
      expected('id2', 'your'),
      expected('longer id', 'and standing'),
      expected('id3', ''),
    ]);
  });

  test('stays what it is while the network has not taken it', () => {
    const { send, texts } = setUp();
    const bundle = bundleOf([' ', ';'], [' ', '.']);
    send(bundle, 'a', '1', { isTaken: false });
    send(bundle, 'b', '2', { isTaken: false });
    send(bundle, 'c', '3');
    send(bundle, 'd', '4');
    expect(texts()).toEqual(['a 1', 'b 2', 'c 3', 'd 4'].map((text) => [`${text};`, `${text}.`].map(framed).join('')));
  });

  test('holds an id that is not ASCII by its bytes', () => {
    const { send, texts } = setUp();
    const bundle = bundleOf([' ', ';']);
    for (const id of ['é€', 'abcde']) send(bundle, id, 's');
    expect(texts()[0]).toBe(framed(bytesOf('é€ s;')));
    expect(texts()[1]).toBe(framed('abcde s;'));
  });

  test('is not sent to whom it does not pay for: each with blanks of another length', () => {
    const { send, texts } = setUp();
    const bundle = bundleOf([' ', ';']);
    const sent = Array.from({ length: 10 }, (_, index) => send(bundle, 'x'.repeat(index + 1), 's'));
    expect(sent).toEqual([...Array<boolean>(8).fill(true), false, false]);
    expect(texts()).toHaveLength(8);
    expect(send(bundle, 'xx', 't')).toBe(true);
  });
});
