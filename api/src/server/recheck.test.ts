import { afterEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { createDirectory } from '../authority/directory.ts';
import { lossesOf } from '../authority/losses.ts';
import type { MemberRow } from '../authority/member-row.ts';
import { startRecheck } from './recheck.ts';

const settings = { everyMs: 10, graceMs: 20, blindMs: 200 };
const member = (user: string, workspace: string, role: MemberRow['role'] = 'EDITOR'): MemberRow => ({
  id: `${user} in ${workspace}`,
  version: 1,
  user_id: user,
  workspace_id: workspace,
  role,
});

let stop = async () => {};
afterEach(() => stop());

/** Ada and Bob are connected, members of `home`, by the log and by Postgres; a test says what Postgres answers later. */
function startWatched() {
  const members = [member('ada', 'home'), member('bob', 'home')];
  const state = {
    log: createDirectory({ members, adminIds: ['ada'] }),
    members,
    adminIds: ['ada'],
    liveSessionIds: ['of ada', 'of bob'],
    isStalled: false,
    answers: true,
    asked: 0,
  };
  const told: string[] = [];
  const recheck = startRecheck({
    async query() {
      state.asked += 1;
      if (!state.answers) throw new Error('away');
      const { members, adminIds, liveSessionIds } = state;
      return [{ authority: { members, adminIds, liveSessionIds } }] as never;
    },
    sockets: {
      sessionIds: () => ['of ada', 'of bob'],
      closeAll: (code, reason) => told.push(`close all ${code} ${reason}`),
    },
    feed: {
      hasLost: (viewerId, now) => lossesOf(state.log.authorityOf(viewerId), now) !== null,
      distrust: (viewerId) => told.push(`distrust ${viewerId}`),
      endAll: () => told.push('end all'),
      endSession: (sessionId) => told.push(`end ${sessionId}`),
      get isStalled() {
        return state.isStalled;
      },
      sessionIds: () => [],
      viewers: () => ['ada', 'bob'],
    },
    log: { error: () => {} },
    settings,
  } as Parameters<typeof startRecheck>[0]);
  stop = recheck.close;
  const askedAgain = async (times = 5) => {
    const { asked } = state;
    await waitFor(() => state.asked >= asked + times, { what: 'Postgres to be asked again' });
  };
  return { state, told, askedAgain };
}

describe('those who are connected are checked against Postgres', () => {
  test('and left alone as long as log and Postgres agree', async () => {
    const { told, askedAgain } = startWatched();
    await askedAgain();
    expect(told).toEqual([]);
  });

  test('a session that has ended is ended here', async () => {
    const { state, told, askedAgain } = startWatched();
    state.liveSessionIds = ['of bob'];
    await askedAgain();
    expect(new Set(told)).toEqual(new Set(['end of ada']));
  });

  test.each([
    ['a membership', (members: MemberRow[]) => members.filter(({ user_id }) => user_id !== 'bob'), ['ada']],
    ['a role in a workspace', ([ada]: MemberRow[]) => [ada, member('bob', 'home', 'VIEWER')] as MemberRow[], ['ada']],
  ])('%s that the log does not know to be lost is lost', async (_, change, adminIds) => {
    const { state, told, askedAgain } = startWatched();
    Object.assign(state, { members: change(state.members), adminIds });
    await askedAgain();
    expect(new Set(told)).toEqual(new Set(['distrust bob']));
  });

  test('an ADMIN who is one no more is distrusted', async () => {
    const { state, told, askedAgain } = startWatched();
    state.adminIds = [];
    await askedAgain();
    expect(new Set(told)).toEqual(new Set(['distrust ada']));
  });

  test('what the log tells in time is left to the log', async () => {
    const { state, told, askedAgain } = startWatched();
    state.members = state.members.slice(0, 1);
    state.log = createDirectory(state);
    await askedAgain();
    expect(told).toEqual([]);
  });

  test('what was gained is left to the log', async () => {
    const { state, told, askedAgain } = startWatched();
    state.members = [...state.members, member('bob', 'elsewhere')];
    await askedAgain();
    expect(told).toEqual([]);
  });
});

describe('while Postgres does not answer', () => {
  test('the log vouches for everybody', async () => {
    const { state, told } = startWatched();
    state.answers = false;
    await new Promise((resolve) => setTimeout(resolve, settings.blindMs * 2));
    expect(told).toEqual([]);
  });

  test('and the log stands still, every socket closes with 1013', async () => {
    const { state, told } = startWatched();
    state.answers = false;
    state.isStalled = true;
    await waitFor(() => told.length > 0, { what: 'the sockets to close' });
    expect(told.slice(0, 2)).toEqual(['close all 1013 UNAVAILABLE', 'end all']);
  });
});
