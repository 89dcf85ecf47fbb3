import type { MemberRow } from '../../authority/directory.ts';
import { parseSnapshot } from '../snapshot.ts';
import type { StartPoint, StartPoints } from '../start-point.ts';
import type { createFakeLog } from './fake-log.ts';

/** What the database would answer to whoever asks for a start point now; a test changes it as it likes. */
export function createFakeDatabase(log: ReturnType<typeof createFakeLog>) {
  const state = {
    /** As Postgres writes it. */
    snapshot: '100:100:',
    members: [] as MemberRow[],
    adminIds: [] as string[],
    liveSessionIds: ['session-of-ada', 'session-of-bob', 'session-of-eve'],
    /** The relay's batch when asked; the log's own when null. */
    batch: null as number | null,
    /** The relay's epoch when asked; the log's own when null. */
    epoch: null as number | null,
    crashed: false,
  };
  /** Held back until `answer` is called, when a test wants to be in between. */
  let gate: Promise<void> = Promise.resolve();

  const point = (): StartPoint => ({
    snapshot: parseSnapshot(state.snapshot),
    epoch: state.epoch ?? log.epoch,
    session: log.session,
    batch: state.batch ?? log.batch,
    authority: {
      members: [...state.members],
      adminIds: [...state.adminIds],
      liveSessionIds: [...state.liveSessionIds],
    },
    connection: 1,
  });
  const startPoints: StartPoints = {
    async take({ viewerId, needsPeers }) {
      const taken = point();
      await gate;
      const mine = new Set(
        taken.authority.members.filter((row) => row.user_id === viewerId).map((row) => row.workspace_id),
      );
      const members = taken.authority.members.filter(
        (row) => row.user_id === viewerId || (needsPeers && mine.has(row.workspace_id)),
      );
      return { ...taken, authority: { ...taken.authority, members } };
    },
    takeForEverybody: async () => point(),
    stillHolds: async () => !state.crashed,
    close: async () => {},
  };
  return {
    startPoints,
    state,
    /** From now on, start points are taken at once but answered only when the returned function is called. */
    holdAnswers(): () => void {
      let answer = () => {};
      gate = new Promise((resolve) => {
        answer = resolve;
      });
      return answer;
    },
  };
}
