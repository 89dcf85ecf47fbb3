import { expect, test } from '@jest/globals';
import { waitFor } from './wait-for.ts';

test('waiting ends with the first value that is there', async () => {
  let calls = 0;
  expect(await waitFor(() => ++calls >= 3 && `call ${calls}`, { what: 'a third call' })).toBe('call 3');
});

test('a condition that throws is not met yet', async () => {
  let calls = 0;
  const condition = () => {
    if (++calls < 3) throw new Error('not yet');
    return Promise.resolve('there');
  };
  expect(await waitFor(condition, { what: 'a third call' })).toBe('there');
});

test('giving up says what was waited for, and how it failed last', async () => {
  await expect(waitFor(() => false, { what: 'rain', timeoutMs: 30 })).rejects.toThrow(
    'Gave up after 30 ms waiting for rain',
  );
  const cause = new Error('the sky is blue');
  const waiting = waitFor(() => Promise.reject(cause), { what: 'rain', timeoutMs: 30 });
  await expect(waiting).rejects.toMatchObject({ message: expect.stringContaining('rain: the sky is blue'), cause });
});

test('a condition that hangs does not outlast the deadline', async () => {
  const hanging = waitFor(() => new Promise(() => {}), { what: 'an answer', timeoutMs: 30 });
  await expect(hanging).rejects.toThrow('Gave up after 30 ms waiting for an answer');
});
