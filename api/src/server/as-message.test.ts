import { expect, test } from '@jest/globals';
import { asMessage } from './as-message.ts';

test('a message is given parsed, and what is none as the text that it is, to be refused', () => {
  expect(asMessage('{"type":"ping"}')).toEqual({ type: 'ping' });
  for (const text of ['{', '', '5', '"{\\"type\\":\\"ping\\"}"']) expect(asMessage(text)).toBe(text);
});
