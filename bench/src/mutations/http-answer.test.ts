import { expect, test } from '@jest/globals';
import { type Answer, createAnswerReader } from './http-answer.ts';

const plain = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"data":"é"}'.replace(
  '12',
  String(Buffer.byteLength('{"data":"é"}')),
);
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n';
const refusal = 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n';

test('every answer is told once and whole, however its bytes come in', () => {
  for (const size of [1, 7, 1_000]) {
    const told: Answer[] = [];
    const read = createAnswerReader((answer) => told.push(answer));
    for (const answer of [plain, chunked, refusal, plain]) {
      const bytes = Buffer.from(answer);
      for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
    }
    expect(told.map(({ status }) => status)).toEqual([200, 200, 401, 200]);
    expect(Buffer.from(told[0]?.body ?? '', 'latin1').toString()).toBe('{"data":"é"}');
    expect(told[1]?.body).toContain('{"a"');
    expect(told[2]?.body).toBe('');
  }
});

test('an answer whose end cannot be known is refused', () => {
  const read = createAnswerReader(() => {});
  expect(() => read(Buffer.from('HTTP/1.1 200 OK\r\n\r\n{}'))).toThrow('without a length');
});
