import { expect, test } from '@jest/globals';
import { createLog } from './log.ts';

test('secrets do not reach the log, wherever a field holds them', () => {
  const lines: string[] = [];
  const log = createLog({ name: 'test', level: 'info' }, { write: (line) => lines.push(line) });
  log.info(
    { password: 'hunter2', user: { refreshToken: 'hunter2' }, request: { headers: { authorization: 'hunter2' } } },
    'in',
  );
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ name: 'test', level: 'info', msg: 'in', password: '[secret]' });
  expect(lines[0]).not.toContain('hunter2');
});

test('messages below the level are not written', () => {
  const lines: string[] = [];
  const log = createLog({ name: 'test', level: 'warn' }, { write: (line) => lines.push(line) });
  log.info('quiet');
  log.warn('loud');
  expect(lines).toHaveLength(1);
});
