import { createDirectory } from '../../authority/directory.ts';
import type { MemberRow } from '../../authority/member-row.ts';
import type { Row } from '../../model/row.ts';
import { parseSnapshot } from '../snapshot.ts';
import { createSnapshotMemory } from '../snapshot-memory.ts';
import { createSnapshotRows } from '../snapshot-rows.ts';
import type { Snapshots } from '../snapshots.ts';
import type { StartPoint, StartPoints } from '../start-point.ts';
import { enteringRow } from '../view.ts';
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
    shapes: 'as they are',
    /** Every row that there is. */
    rows: [] as Row[],
    /** Rows of one page of a snapshot. */
    pageRows: 500,
    /** That snapshots share. */
    memory: createSnapshotMemory({ maxBytes: 1e9, patienceMs: 0 }),
  };
  /** Held back until `answer` is called, when a test wants to be in between. */
  let gate: Promise<void> = Promise.resolve();

  const point = (): StartPoint => ({
    snapshot: parseSnapshot(state.snapshot),
    epoch: state.epoch ?? log.epoch,
    batch: state.batch ?? log.batch,
    authority: {
      members: [...state.members],
      adminIds: [...state.adminIds],
      liveSessionIds: [...state.liveSessionIds],
    },
    incarnation: log.incarnation,
    shapes: state.shapes,
  });
  const startPoints: StartPoints = {
    async take({ viewerId, needsPeers }) {
      const taken = point();
      await gate;
      return partOf(taken, viewerId, needsPeers);
    },
    takeForEverybody: async () => point(),
    close: async () => {},
  };
  const snapshots: Pick<Snapshots, 'read'> = {
    async read({ views, viewers }) {
      const start = point();
      const [{ viewerId }] = viewers();
      const all = [...state.rows];
      await gate;
      const rows = createSnapshotRows(state.memory);
      const authority = createDirectory(start.authority).authorityOf(viewerId);
      for (const [index, view] of views.entries()) {
        const visible = all.filter(
          (row) =>
            row.__typename === view.model.name && view.model.policy.read.allows(authority, row) && view.matches(row),
        );
        for (let from = 0; from < visible.length; from += state.pageRows) {
          const page = visible.slice(from, from + state.pageRows).map((row) => enteringRow(view, authority, row));
          await rows.add({ view: index, changes: page.map(({ model: _, ...change }) => change) });
        }
      }
      return { start, rows };
    },
  };

  function partOf(taken: StartPoint, viewerId: string, needsPeers: boolean): StartPoint {
    const mine = new Set(
      taken.authority.members.filter((row) => row.user_id === viewerId).map((row) => row.workspace_id),
    );
    const members = taken.authority.members.filter(
      (row) => row.user_id === viewerId || (needsPeers && mine.has(row.workspace_id)),
    );
    return { ...taken, authority: { ...taken.authority, members } };
  }
  return {
    startPoints,
    snapshots,
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
