import { expect, test } from '@jest/globals';
import { waitFor } from '@sync-hub/dev/wait-for';
import { createDirectory } from '../authority/directory.ts';
import type { MemberRow } from '../authority/member-row.ts';
import { createEntrance } from '../entrance.ts';
import { task } from '../schema/task.ts';
import type { Follow } from './follow-request.ts';
import { changeOperations } from './frame.ts';
import { createSharedSnapshots } from './shared-snapshots.ts';
import { parseSnapshot } from './snapshot.ts';
import { createSnapshotMemory } from './snapshot-memory.ts';
import { createSnapshotRows, type PackedPage } from './snapshot-rows.ts';
import type { Snapshot, SnapshotRequest } from './snapshots.ts';
import { memberRow } from './testing/start-feed.ts';

const asking = (viewerId: string, question = 'q'): Follow => ({
  kind: 'rows',
  views: [{ model: task, matches: () => true, where: {}, operations: new Set(changeOperations) }],
  question,
  workspaceId: null,
  selection: { responseName: 'watchTasks', models: [], isPersonal: false },
  viewerId,
  sessionId: `session of ${viewerId}`,
  expiresAt: new Date(0),
});
const home = ['ada', 'bob', 'cid'].map((viewerId) => memberRow(viewerId, 'home'));

/** Reads that a test takes S for, then ends. Everybody is as the log says; S may say otherwise. */
function createReads({ everybody = home as MemberRow[] | null } = {}) {
  const memory = createSnapshotMemory({ maxBytes: 1e6, patienceMs: 60_000 });
  const state = { members: everybody ?? home };
  const reads: { viewers: string[]; takeS(): void; end(): Promise<void>; fail(error: Error): void; goOn(): void }[] =
    [];
  const shared = createSharedSnapshots({
    snapshots: {
      read: (request: SnapshotRequest) =>
        new Promise<Snapshot>((resolve, reject) => {
          const read = {
            viewers: [] as string[],
            takeS() {
              read.viewers = request.viewers().map(({ viewerId }) => viewerId);
            },
            async end() {
              const rows = createSnapshotRows(memory);
              await rows.add(pageFor(read.viewers[0] ?? ''));
              const liveSessionIds = read.viewers.map((viewerId) => `session of ${viewerId}`);
              resolve({ rows, start: startOf({ members: [...state.members], adminIds: [], liveSessionIds }) });
            },
            fail: reject,
            goOn() {
              try {
                request.goOn();
              } catch (error) {
                reject(error);
              }
            },
          };
          reads.push(read);
        }),
    },
    log: { everybody: () => everybody && createDirectory({ members: everybody, adminIds: [] }) },
    entrance: createEntrance(),
    counters: { snapshots: 0 },
  });
  return {
    reads,
    memory,
    state,
    read: (request: Follow, signal = new AbortController().signal) => shared.read(request, signal),
    nth: (index: number) => waitFor(() => reads[index], { what: `read ${index}` }),
  };
}
const startOf = (authority: Snapshot['start']['authority']): Snapshot['start'] => ({
  snapshot: parseSnapshot('10:10:'),
  epoch: 1,
  batch: 1,
  incarnation: 'first run',
  shapes: 'as they are',
  authority,
});
const pageFor = (viewerId: string): PackedPage => ({
  view: 0,
  changes: [{ operation: 'CREATED', key: viewerId, row: null, previous: null, changedFields: [] }],
});

test('all who wait before S is taken are read for once, each with its own authority and at its own pace', async () => {
  const { reads, read, nth, memory } = createReads();
  const first = [read(asking('ada')), read(asking('bob'))];
  const one = await nth(0);
  const last = read(asking('cid'));
  one.takeS();
  expect(one.viewers).toEqual(['ada', 'bob', 'cid']);
  await one.end();
  const snapshots = await Promise.all([...first, last]);
  expect(snapshots.map(({ start }) => start.authority.members.map(({ user_id }) => user_id))).toEqual([
    ['ada'],
    ['bob'],
    ['cid'],
  ]);
  expect(snapshots.map(({ start }) => start.authority.liveSessionIds)).toEqual([
    ['session of ada'],
    ['session of bob'],
    ['session of cid'],
  ]);
  for (const { rows } of snapshots) expect(await rows.take()).toEqual(pageFor('ada'));
  expect([reads.length, memory.bytes]).toEqual([1, 0]);
});

test('who comes when S was taken is not given it, and waits until the one read of the group has ended', async () => {
  const { reads, read, nth } = createReads();
  const early = read(asking('ada'));
  const one = await nth(0);
  one.takeS();
  const late = [read(asking('bob')), read(asking('cid'))];
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(reads).toHaveLength(1);
  await one.end();
  await early;
  const two = await nth(1);
  two.takeS();
  expect(two.viewers).toEqual(['bob', 'cid']);
  await two.end();
  await Promise.all(late);
  expect(reads).toHaveLength(2);
});

test('who asks something else, or may see something else, is read for apart, at the same time', async () => {
  const { reads, read, nth } = createReads({ everybody: [...home, memberRow('eve', 'elsewhere')] });
  const all = [read(asking('ada')), read(asking('eve')), read(asking('ada', 'another question'))];
  await nth(2);
  for (const one of reads) one.takeS();
  expect(reads.map(({ viewers }) => viewers)).toEqual([['ada'], ['eve'], ['ada']]);
  for (const one of reads) await one.end();
  await Promise.all(all);
});

test('what S says of a viewer counts, not what the log has told: who may see something else in it gets no rows of others', async () => {
  const { state, read, nth } = createReads();
  const [ada, bob] = [read(asking('ada')), read(asking('bob'))];
  const one = await nth(0);
  one.takeS();
  state.members = [memberRow('ada', 'home'), memberRow('bob', 'elsewhere')];
  await one.end();
  expect(await (await ada).rows.take()).toEqual(pageFor('ada'));
  const two = await nth(1);
  two.takeS();
  expect(two.viewers).toEqual(['bob']);
  await two.end();
  expect(await (await bob).rows.take()).toEqual(pageFor('bob'));
});

test('while everybody is not known, only the same session is taken to see the same', async () => {
  const { reads, read, nth } = createReads({ everybody: null });
  const all = [read(asking('ada')), read(asking('bob')), read(asking('ada'))];
  await nth(1);
  for (const one of reads) one.takeS();
  expect(reads.map(({ viewers }) => viewers)).toEqual([['ada', 'ada'], ['bob']]);
  for (const one of reads) await one.end();
  await Promise.all(all);
});

test('a read goes on as long as anybody wants it, for the rights of whom it was begun', async () => {
  const { state, memory, read, nth } = createReads();
  const leaving = new AbortController();
  const gone = expect(read(asking('ada'), leaving.signal)).rejects.toThrow('aborted');
  const bob = read(asking('bob'));
  const one = await nth(0);
  one.takeS();
  leaving.abort();
  one.goOn();
  state.members = [memberRow('ada', 'elsewhere'), memberRow('bob', 'home')];
  await one.end();
  await gone;
  const two = await nth(1);
  two.takeS();
  await two.end();
  expect(await (await bob).rows.take()).toEqual(pageFor('bob'));
  expect(memory.bytes).toBe(0);
});

test('when all have gone, the read ends, and the next ones are read for', async () => {
  const { read, nth } = createReads();
  const leaving = new AbortController();
  const gone = expect(read(asking('ada'), leaving.signal)).rejects.toThrow('aborted');
  const one = await nth(0);
  one.takeS();
  leaving.abort();
  const late = read(asking('bob'));
  one.goOn();
  await gone;
  const two = await nth(1);
  two.takeS();
  await two.end();
  expect(await (await late).rows.take()).toEqual(pageFor('bob'));
});

test('a read that fails fails those whom it was for; who has come since is read for', async () => {
  const { read, nth } = createReads();
  const failing = [read(asking('ada')), read(asking('bob'))].map((one) => expect(one).rejects.toThrow('away'));
  const one = await nth(0);
  one.takeS();
  const late = read(asking('cid'));
  one.fail(new Error('away'));
  await Promise.all(failing);
  const two = await nth(1);
  two.takeS();
  await two.end();
  expect(await (await late).rows.take()).toEqual(pageFor('cid'));
});
