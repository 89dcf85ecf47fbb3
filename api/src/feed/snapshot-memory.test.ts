import { expect, test } from '@jest/globals';
import { createSnapshotMemory } from './snapshot-memory.ts';

test('a snapshot is not dropped where that makes too little room', () => {
  const memory = createSnapshotMemory({ maxBytes: 100, patienceMs: -1 });
  let dropped = 0;
  const old = memory.share(() => {
    dropped += 1;
  });
  old.take(30);
  expect(() => memory.share(() => {}).take(150)).toThrow('Too many rows');
  expect(dropped).toBe(0);
});
