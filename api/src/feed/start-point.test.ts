import { describe, expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import type { QueryResult } from 'pg';
import { createEntrance } from '../entrance.ts';
import type { Connection } from './single-connection.ts';
import { createStartPoints } from './start-point.ts';

const current = {
  snapshot: '10:10:',
  epoch: '1',
  batch: '7',
  current: true,
  incarnation: 'first run',
  shapes: 'as they are',
  authority: { members: [], adminIds: [], liveSessionIds: [] },
};
const asking = (viewerId: string) => ({ viewerId, sessionId: `session of ${viewerId}`, needsPeers: false });

/** A server that answers when a test says so, on connections that tell how many questions they have at once. */
function createServer() {
  const state = { isAway: false, connections: 0, ended: 0, atOnce: 0, most: 0, statements: [] as unknown[][] };
  const held: { answer(rows: object[]): void; fail(error: Error): void }[] = [];
  const connect = async (): Promise<Connection> => {
    if (state.isAway) throw new Error('away');
    state.connections += 1;
    return {
      query(sql, values) {
        state.atOnce += 1;
        state.most = Math.max(state.most, state.atOnce);
        state.statements.push([sql, ...values]);
        return new Promise((resolve, reject) => {
          const over = () => {
            state.atOnce -= 1;
          };
          held.push({
            answer(rows) {
              over();
              resolve({ rows } as QueryResult<Record<string, unknown>>);
            },
            fail(error) {
              over();
              reject(error);
            },
          });
        });
      },
      on: () => {},
      async end() {
        state.ended += 1;
      },
    };
  };
  const next = async () => {
    await waitFor(() => held.length > 0, { what: 'a question' });
    return held.splice(0);
  };
  return {
    state,
    startPoints: createStartPoints({ connect, entrance: createEntrance(), settings: { relayTimeoutMs: 1_000 } }),
    async answer(row: object = current) {
      for (const question of await next()) question.answer([row]);
    },
    async fail() {
      for (const question of await next()) question.fail(new Error('Query read timeout'));
    },
  };
}

describe('start points', () => {
  test('are asked for in one statement by all who wait, never two statements at once', async () => {
    const { state, startPoints, answer } = createServer();
    const first = startPoints.take(asking('ada'));
    await waitFor(() => state.atOnce === 1, { what: 'the first statement' });
    const later = ['bob', 'cid', 'eve'].map((viewerId) => startPoints.take(asking(viewerId)));
    const everybody = startPoints.takeForEverybody();
    await answer();
    await first;
    await answer();
    await answer();
    await Promise.all([...later, everybody]);
    expect(state.statements.map(([, viewers]) => viewers)).toEqual([['ada'], null, ['bob', 'cid', 'eve']]);
    expect([state.connections, state.most]).toEqual([1, 1]);
  });

  test('of a crowd are given one in a turn of the event loop, each with whether its own session lives', async () => {
    const { startPoints, answer } = createServer();
    let given = 0;
    const crowd = ['ada', 'bob', 'cid'].map(async (viewerId) => {
      const { authority } = await startPoints.take(asking(viewerId));
      given += 1;
      return authority.liveSessionIds;
    });
    await answer({
      ...current,
      authority: { ...current.authority, liveSessionIds: ['session of ada', 'session of cid'] },
    });
    const counts: number[] = [];
    while (given < crowd.length) {
      counts.push(given);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...new Set(counts)]).toEqual([0, 1, 2]);
    expect(await Promise.all(crowd)).toEqual([['session of ada'], [], ['session of cid']]);
  });

  test('are waited for while no relay is there, together with those who come later', async () => {
    const { state, startPoints, answer } = createServer();
    const first = startPoints.take(asking('ada'));
    await answer({ ...current, current: false });
    const later = startPoints.take(asking('bob'));
    await answer();
    await Promise.all([first, later]);
    expect(state.statements).toHaveLength(2);
  });
});

test('a Postgres that does not answer is waited for once by all, and asked again over a new connection', async () => {
  const { state, startPoints, answer, fail } = createServer();
  const asked = ['ada', 'bob'].map((viewerId) => startPoints.take(asking(viewerId)));
  await fail();
  for (const outcome of await Promise.allSettled(asked)) expect(outcome).toMatchObject({ status: 'rejected' });
  expect([state.statements.length, state.ended]).toEqual([1, 1]);
  const again = startPoints.take(asking('ada'));
  await answer();
  await expect(again).resolves.toMatchObject({ incarnation: 'first run' });
  expect(state.connections).toBe(2);
});

test('closing leaves no connection behind, though some still wait', async () => {
  const { state, startPoints, fail } = createServer();
  const first = startPoints.take(asking('ada'));
  await waitFor(() => state.atOnce === 1, { what: 'the first statement' });
  const later = startPoints.take(asking('bob'));
  await startPoints.close();
  await fail();
  for (const outcome of await Promise.allSettled([first, later])) expect(outcome).toMatchObject({ status: 'rejected' });
  expect(state.connections).toBe(1);
});
