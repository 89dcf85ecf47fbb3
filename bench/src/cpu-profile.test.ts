import { expect, test } from '@jest/globals';
import { topSelfTimes } from './cpu-profile.ts';

test('self times are shares of all the time, waiting left out, the largest first', () => {
  const node = (id: number, functionName: string, url = '') => ({
    id,
    callFrame: { functionName, url, lineNumber: 6 },
  });
  const profile = {
    nodes: [node(1, '(idle)'), node(2, 'poll', 'file:///hub/src/reader.ts'), node(3, 'parse'), node(4, 'parse')],
    samples: [1, 2, 3, 4, 1],
    timeDeltas: [500, 100, 80, 70, 250],
  };
  expect(topSelfTimes(profile, 5)).toEqual([
    { name: 'parse', share: 0.15 },
    { name: 'poll hub/src/reader.ts:7', share: 0.1 },
  ]);
  expect(topSelfTimes(profile, 1)).toHaveLength(1);
});
