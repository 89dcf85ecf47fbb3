import { Duplex } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { createTurnEnd } from '../turn-end.ts';
import { SocketOutlet } from './outlet.ts';
import { bytesOf, textFrameHeader } from './text-frame.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A connection that takes what is written at once, or, when it is `stuck`, when `release` is called. Nothing it always takes. */
function setUp({ maxUnreadBytes = 1e6 } = {}) {
  const writes: string[] = [];
  const stuck: (() => void)[] = [];
  const state = { isStuck: false, cuts: 0 };
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      if (chunk.length === 0) return done();
      writes.push(chunk.toString('latin1'));
      if (state.isStuck) stuck.push(done);
      else done();
    },
  });
  const webSocket = { OPEN: 1, readyState: 1 as 0 | 1 | 2 | 3 } as const;
  const cut = () => {
    state.cuts += 1;
  };
  const outlet = new SocketOutlet({ webSocket, socket, atTurnEnd: createTurnEnd(), cut, maxUnreadBytes });
  const release = async () => {
    stuck.shift()?.();
    await turn();
  };
  return { writes, state, webSocket: webSocket as { readyState: number }, outlet, release };
}

describe('what is written to a socket', () => {
  test('in one turn of the event loop goes out in one piece, in order', async () => {
    const { writes, outlet } = setUp();
    for (const message of ['one', 'two', 'three']) outlet.write(message);
    expect(writes).toEqual([]);
    await turn();
    outlet.write('four');
    await turn();
    expect(writes).toEqual(['\x81\x03one\x81\x03two\x81\x05three', '\x81\x04four']);
  });

  test('as bytes goes out at once, after what was written before', () => {
    const { writes, outlet } = setUp();
    outlet.write('one');
    expect(outlet.writeFramed(Buffer.from('bytes'))).toBe(true);
    outlet.write('two');
    outlet.flush();
    expect(writes).toEqual(['\x81\x03one', 'bytes', '\x81\x03two']);
  });

  test('as bytes is needed until the network has taken it, and makes room then', async () => {
    const { writes, state, outlet, release } = setUp();
    state.isStuck = true;
    expect(outlet.writeFramed(Buffer.from('one'))).toBe(false);
    expect(outlet.hasRoom()).toBe(false);
    expect(outlet.writeFramed(Buffer.from('two'))).toBe(false);
    let calls = 0;
    outlet.whenRoom({
      pump() {
        calls += 1;
      },
    });
    await release();
    expect([writes, calls]).toEqual([['one', 'two'], 0]);
    await release();
    expect([calls, outlet.hasRoom()]).toEqual([1, true]);
  });

  test('as bytes counts as unread, too, and is nothing once the socket is closing', () => {
    const { writes, state, outlet, webSocket } = setUp({ maxUnreadBytes: 2_000 });
    state.isStuck = true;
    outlet.writeFramed(Buffer.alloc(1_000));
    expect(state.cuts).toBe(0);
    outlet.writeFramed(Buffer.alloc(1_001));
    expect(state.cuts).toBe(1);
    webSocket.readyState = 2;
    expect(outlet.writeFramed(Buffer.from('late'))).toBe(true);
    expect(writes).toHaveLength(1);
  });

  test('goes out before whatever else is sent', async () => {
    const { writes, outlet } = setUp();
    outlet.write('one');
    outlet.flush();
    expect(writes).toEqual(['\x81\x03one']);
    await turn();
    expect(writes).toHaveLength(1);
  });

  test('is nothing once the socket is closing: nothing follows a close frame', async () => {
    const { writes, outlet, webSocket } = setUp();
    outlet.write('one');
    webSocket.readyState = 2;
    await turn();
    expect([writes, outlet.hasRoom()]).toEqual([[], true]);
  });

  test('is handed on in pieces, and no more than a piece while the network takes nothing', () => {
    const { writes, state, outlet } = setUp();
    state.isStuck = true;
    const message = 'x'.repeat(1_000);
    let written = 0;
    for (; outlet.hasRoom() && written < 1_000; written += 1) outlet.write(message);
    expect(written).toBe(66);
    expect(writes.map((bytes) => bytes.length)).toEqual([66 * 1_004]);
  });

  test('cuts the socket when the client has left too much unread', () => {
    const { state, outlet } = setUp({ maxUnreadBytes: 2_000 });
    state.isStuck = true;
    for (const times of [1_000, 3_000]) {
      outlet.write('x'.repeat(times));
      outlet.flush();
    }
    expect(state.cuts).toBe(1);
  });

  test('cuts it also when too much waits elsewhere for room', () => {
    const { state, outlet } = setUp({ maxUnreadBytes: 2_000 });
    for (const bytes of [1_500, -1_000, 1_500]) outlet.hold(bytes);
    expect(state.cuts).toBe(0);
    outlet.hold(1);
    expect(state.cuts).toBe(1);
  });
});

describe('who waits for room', () => {
  test('is called once, first come first served, and those who find none wait on', async () => {
    const { state, outlet, release } = setUp();
    const calls: string[] = [];
    const writeMuch = (name: string) => ({
      pump() {
        calls.push(name);
        outlet.write('x'.repeat(70_000));
      },
    });
    state.isStuck = true;
    writeMuch('first').pump();
    expect(outlet.hasRoom()).toBe(false);
    const forgotten = writeMuch('forgotten');
    for (const one of [writeMuch('second'), forgotten, writeMuch('third')]) outlet.whenRoom(one);
    outlet.forget(forgotten);
    await release();
    expect(calls).toEqual(['first', 'second']);
    await release();
    await release();
    expect(calls).toEqual(['first', 'second', 'third']);
  });
});

describe('a frame of text', () => {
  test.each([0, 1, 125, 126, 65_535, 65_536, 2 ** 31])('says that it is %i bytes long', (length) => {
    const bytes = Buffer.from(textFrameHeader(length), 'latin1');
    const short = bytes.readUInt8(1);
    const [size, header] =
      short === 127 ? [Number(bytes.readBigUInt64BE(2)), 10] : short === 126 ? [bytes.readUInt16BE(2), 4] : [short, 2];
    expect([bytes[0], size, bytes.length]).toEqual([0x81, length, header]);
    // RFC 6455: the shortest there is.
    expect(header).toBe(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  });

  test('holds the bytes of its text, whichever that is', () => {
    for (const text of ['ascii\n', 'é', '€', '😀', '\x7f\x80'])
      expect(Buffer.from(bytesOf(text), 'latin1').toString('utf8')).toBe(text);
  });
});
