import { expect, jest, test } from '@jest/globals';
import { createClosing } from './closing.ts';
import { createLog } from './log.ts';

const log = createLog({ name: 'test', level: 'silent' });

test('what was opened last is closed first, one after the other', async () => {
  const closing = createClosing(log);
  const events: string[] = [];
  for (const name of ['database', 'stream', 'server']) {
    closing.add(name, async () => {
      events.push(`${name} closes`);
      await Promise.resolve();
      events.push(`${name} closed`);
    });
  }
  await closing.close();
  expect(events.join(', ')).toBe(
    'server closes, server closed, stream closes, stream closed, database closes, database closed',
  );
});

test('one that fails, even at once, does not keep the others open', async () => {
  const closing = createClosing(log);
  const closed = jest.fn();
  closing.add('first', closed);
  closing.add('rejects', () => Promise.reject(new Error('no')));
  closing.add('throws', () => {
    throw new Error('no');
  });
  await closing.close();
  expect(closed).toHaveBeenCalledTimes(1);
});

test('one that hangs is left behind after its deadline', async () => {
  const closing = createClosing(log, { timeoutMs: 20 });
  const closed = jest.fn();
  closing.add('first', closed);
  closing.add('hangs', () => new Promise(() => {}));
  await closing.close();
  expect(closed).toHaveBeenCalledTimes(1);
});

test('closing twice closes once, and both wait for the end', async () => {
  const closing = createClosing(log);
  const closed = jest.fn(() => Promise.resolve());
  closing.add('only', closed);
  await Promise.all([closing.close(), closing.close()]);
  expect(closed).toHaveBeenCalledTimes(1);
});

test('what is opened while the process closes is closed too', async () => {
  const closing = createClosing(log);
  const late = jest.fn();
  closing.add('slow to open', () => closing.add('late', late));
  await closing.close();
  closing.add('later still', late);
  await closing.close();
  expect(late).toHaveBeenCalledTimes(2);
});
