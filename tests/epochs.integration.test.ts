import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { type RunningPostgres, startPostgres } from '@sync-hub/dev/postgres';
import { copyDataDir } from '@sync-hub/dev/postgres-copy';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { deleteTopic, describeWithKafka } from '@sync-hub/dev/test-kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import { applyChanges } from '@sync-hub/sdk/apply-changes';
import {
  CreateTaskDocument,
  TaskChangesDocument,
  type TaskFrameFieldsFragment,
  TasksDocument,
  WatchTasksDocument,
} from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { createWorkspace, type Following, type Person, signUp, uuidOf } from './person.ts';

jest.setTimeout(60_000);

describe('what clients see on the Postgres stream', () => tell([]));
describeWithKafka('what clients see on Kafka', (brokers) => tell(brokers));

/** Tests in the order of one story: API and listener run through all of it, and so do the clients' sockets. */
function tell(kafkaBrokers: readonly string[]) {
  let dataDir: string;
  let server: RunningPostgres;
  let hub: Hub;
  let ann: Person;
  let home: string;
  let written = 0;

  beforeAll(async () => {
    dataDir = await createTestFolder();
    server = await startPostgres({ dataDir });
    process.env['TEST_POSTGRES_URL'] = server.url; // The hub's database is one of this server, not of the run's.
    hub = await startHub({ kafkaBrokers });
    ann = await signUp(hub.urls[0] ?? '', 'Ann');
    home = await createWorkspace(ann);
    await addTask();
  });
  afterAll(async () => {
    await ann?.leave();
    await hub?.close();
    await server?.close();
  });

  async function restart(meanwhile: () => Promise<void>, settings: Record<string, string> = {}): Promise<void> {
    await server.close();
    await meanwhile();
    server = await startPostgres({ dataDir, port: server.port, settings });
  }

  /** As soon as it can be: while Postgres was away the API answered with errors. */
  async function addTask(): Promise<void> {
    written += 1;
    const input = { workspaceId: home, title: `Task ${written}` };
    await waitFor(async () => payloadOf((await ann.request(CreateTaskDocument, { input })).createTask).task.id, {
      what: 'a task to be written',
      timeoutMs: 20_000,
    });
  }

  async function titles(): Promise<string[]> {
    const { tasks } = await ann.request(TasksDocument, { where: {} });
    return (tasks?.nodes ?? []).map(({ title }) => title).sort();
  }

  /** A watch and changes, past the time in which they filter by their snapshot: two more transactions have come. */
  async function followBoth() {
    const watch = await ann.follow(WatchTasksDocument, 'watchTasks', {});
    const changes = await ann.follow(TaskChangesDocument, 'taskChanges', {});
    for (let n = 0; n < 4; n += 1) {
      await addTask();
      await changes.take(n + 1);
    }
    return { watch, changes };
  }

  async function untilShown(watch: Watch): Promise<void> {
    const expected = JSON.stringify(await titles());
    await waitFor(() => JSON.stringify(shownBy(watch)) === expected, {
      what: `${expected} on screen`,
      timeoutMs: 20_000,
    });
  }

  /** Until it has been told of all that will be lost. @returns the cursor that it leaves with. */
  async function untilLost(following: Watch): Promise<string | null> {
    await waitFor(() => following.frames.flatMap(({ changes }) => changes).length >= 100, {
      what: 'what will be lost',
    });
    following.stop();
    return following.frames.at(-1)?.cursor ?? null;
  }

  /** As soon as anything can be followed. */
  function comeBack(follow: () => Promise<Watch>): Promise<Watch> {
    const answered = async () => {
      const following = await follow();
      return following.codes.includes('UNAVAILABLE') ? null : following;
    };
    return waitFor(answered, { what: 'an answer to a cursor', timeoutMs: 20_000 });
  }

  async function expectReset({ watch, changes }: Awaited<ReturnType<typeof followBoth>>): Promise<void> {
    await waitFor(() => changes.ended, { what: 'the changes to end', timeoutMs: 20_000 });
    expect(changes.codes).toEqual(['CURSOR_EXPIRED']);
    await waitFor(() => resetsOf(watch) > 0, { what: 'the watch to be reset', timeoutMs: 20_000 });
    await untilShown(watch);
    await addTask();
    await untilShown(watch);
    expect(watch.codes).toEqual([]);
  }

  async function expectNoReset({ watch, changes }: Awaited<ReturnType<typeof followBoth>>): Promise<void> {
    await addTask();
    await untilShown(watch);
    expect([resetsOf(watch), watch.codes, changes.codes, changes.ended]).toEqual([0, [], [], false]);
    const told = changes.frames.flatMap((frame) => frame.changes.map(({ operation }) => operation));
    await waitFor(() => changes.frames.flatMap((frame) => frame.changes).length === 5, { what: 'each change once' });
    expect(new Set(told)).toEqual(new Set(['CREATED']));
    watch.stop();
    changes.stop();
  }

  test('when Postgres is started again: no reset and no error', async () => {
    const both = await followBoth();
    await restart(() => copyDataDir(dataDir, `${dataDir}-copy`));
    await expectNoReset(both);
  });

  test('when Postgres is killed (kill -9) and recovers: no reset and no error', async () => {
    const both = await followBoth();
    process.kill(server.pid, 'SIGKILL');
    await server.ended;
    server = await startPostgres({ dataDir, port: server.port });
    await expectNoReset(both);
  });

  if (kafkaBrokers.length > 0) {
    test('when the topic is deleted: no reset and no error, for all of it is kept', async () => {
      const both = await followBoth();
      await deleteTopic(kafkaBrokers, new URL(hub.database.url).pathname.slice(1));
      await expectNoReset(both);
    });
  }

  test('when a copy of the disk is put back: everybody begins anew with the rows as they are', async () => {
    const both = await followBoth();
    await restart(() => copyDataDir(`${dataDir}-copy`, dataDir));
    await expectReset(both);
  });

  test('when a copy of the disk is put back while a client is away: it begins anew as soon as it comes back', async () => {
    const both = await followBoth();
    // So many that heartbeats alone do not bring the log so far again while this test waits.
    await hub.database.query("INSERT INTO tasks (workspace_id, title) SELECT $1, 'Lost' FROM generate_series(1, 100)", [
      uuidOf(home),
    ]);
    const [watched, followed] = await Promise.all([untilLost(both.watch), untilLost(both.changes)]);
    await restart(() => copyDataDir(`${dataDir}-copy`, dataDir));
    const watch = await comeBack(() => ann.follow(WatchTasksDocument, 'watchTasks', { after: watched }));
    const changes = await comeBack(() => ann.follow(TaskChangesDocument, 'taskChanges', { after: followed }));
    // At once, or when the relay has begun a new epoch.
    await waitFor(() => watch.opening.reset || resetsOf(watch) > 0, { what: 'the watch to be reset' });
    await untilShown(watch);
    await waitFor(() => changes.codes.length > 0, { what: 'the changes to end' });
    expect([watch.codes, changes.codes]).toEqual([[], ['CURSOR_EXPIRED']]);
    watch.stop();
  });

  test('when it was recovered to an earlier point, on another timeline: everybody begins anew', async () => {
    const both = await followBoth();
    const recover = async () => {
      await copyDataDir(`${dataDir}-copy`, dataDir);
      await writeFile(join(dataDir, 'recovery.signal'), '');
    };
    await restart(recover, { restore_command: 'false' });
    await expectReset(both);
  });

  test('when sync.new_epoch() was called: everybody begins anew', async () => {
    const both = await followBoth();
    await waitFor(() => hub.database.query('SELECT sync.new_epoch()'), { what: 'the server' });
    await expectReset(both);
  });
}

type Watch = Following<TaskFrameFieldsFragment>;

/** After its opening frame. */
function resetsOf(watch: Watch): number {
  return watch.frames.filter(({ reset }) => reset).length;
}

/** Titles, as a client has them that applies every frame. */
function shownBy(watch: Watch): string[] {
  let rows: readonly { readonly id: string; readonly title: string }[] = [];
  for (const { reset, changes } of [watch.opening, ...watch.frames]) {
    const shown = changes.map(({ key, row }) => ({ key, row: row ?? null }));
    rows = applyChanges(reset ? [] : rows, shown);
  }
  return rows.map(({ title }) => title).sort();
}
