import { expect, jest, test } from '@jest/globals';
import { createSnapshotMemory } from './snapshot-memory.ts';

test('a snapshot is not dropped where that makes too little room', () => {
  jest.useFakeTimers();
  try {
    const memory = createSnapshotMemory({ maxBytes: 100, patienceMs: 50 });
    let dropped = 0;
    const old = memory.share(() => {
      dropped += 1;
    });
    old.take(30);
    jest.advanceTimersByTime(60);
    memory.share(() => {}).take(60);
    expect(() => memory.share(() => {}).take(50)).toThrow('Too many rows');
    expect(dropped).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});

test('a snapshot that needs more than there is gets no room by waiting', () => {
  const memory = createSnapshotMemory({ maxBytes: 100, patienceMs: -1 });
  const share = memory.share(() => {});
  share.take(60);
  expect(() => share.take(50)).toThrow(expect.objectContaining({ extensions: { code: 'QUERY_TOO_COMPLEX' } }));
});
