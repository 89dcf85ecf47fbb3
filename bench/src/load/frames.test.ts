import { expect, test } from '@jest/globals';
import { clientFrame, createFrameReader } from './frames.ts';

const MEDIUM = 'm'.repeat(300);
const LONG = 'l'.repeat(66_000);

test('every message is told once and whole, however the bytes come in', () => {
  const messages = [text('first'), text(MEDIUM), control(9, 'beat'), text('')];
  const bytes = Buffer.concat([...messages, text(LONG), control(8, '')]);
  for (const size of [7, 1_000, bytes.length]) {
    const told: string[] = [];
    const read = createFrameReader({
      text: (chunk, start, end) => told.push(chunk.toString('latin1', start, end)),
      ping: (payload) => told.push(`ping ${payload}`),
      close: (code) => told.push(`close ${code}`),
    });
    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
    expect(told).toEqual(['first', MEDIUM, 'ping beat', '', LONG, 'close 1005']);
  }
});

test('what a client sends is masked, with a mask that changes nothing', () => {
  expect([...clientFrame('text', Buffer.from('hi'))]).toEqual([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
  expect(clientFrame('pong', Buffer.alloc(200)).subarray(0, 8)).toEqual(Buffer.from([0x8a, 0xfe, 0, 200, 0, 0, 0, 0]));
});

function text(message: string): Buffer {
  const payload = Buffer.from(message);
  if (payload.length < 126) return Buffer.concat([Buffer.from([0x81, payload.length]), payload]);
  const isShort = payload.length < 65_536;
  const header = Buffer.alloc(isShort ? 4 : 10);
  header[0] = 0x81;
  header[1] = isShort ? 126 : 127;
  if (isShort) header.writeUInt16BE(payload.length, 2);
  else header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, payload]);
}

function control(opcode: number, payload: string): Buffer {
  return Buffer.from([0x80 | opcode, payload.length, ...Buffer.from(payload)]);
}
