import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import {
  CreateCommentDocument,
  CreateTaskDocument,
  DeleteMemberDocument,
  DeleteTaskDocument,
  UpdateMemberDocument,
  UpdateTaskDocument,
  UpdateWorkspaceDocument,
  WatchCommentsDocument,
  WatchTasksDocument,
  WatchUsersDocument,
  WatchWorkspaceDocument,
} from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { addPerson, type Cast, createCast, createWorld, membersOf, roles, type World } from './cast.ts';
import { globalId, type Person, uuidOf } from './person.ts';
import { screenOf, untilShown } from './screen.ts';
import { watches } from './watches.ts';

describe('watching on the Postgres stream', () => tellWatching([]));
describeWithKafka('watching on Kafka', (brokers) => tellWatching(brokers));

function tellWatching(kafkaBrokers: readonly string[]) {
  let hub: Hub;
  let cast: Cast;
  let world: World;
  let ann: Person;
  const guests: Person[] = [];

  beforeAll(async () => {
    hub = await startHub({ kafkaBrokers });
    cast = await createCast(hub.database, hub.urls[0] ?? '');
    world = await createWorld(hub.database, membersOf(cast), cast.SELF);
    ann = cast.OWNER;
  }, 60_000);
  afterAll(async () => {
    await Promise.all([...Object.values(cast ?? {}), ...guests].map((person) => person.leave()));
    await hub?.close();
  }, 30_000);

  async function guest(name: string): Promise<Person> {
    const person = await addPerson(hub.database, hub.urls[0] ?? '', { name });
    guests.push(person);
    return person;
  }

  /** @returns the membership's uuid. */
  async function join(person: Person, role: string, workspace = world.Workspace): Promise<string> {
    const [member] = await hub.database.query<{ id: string }>(
      'INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, $3) RETURNING id',
      [uuidOf(workspace), uuidOf(person.userId), role],
    );
    return member?.id ?? '';
  }

  function removeMember(id: string) {
    return ann.request(DeleteMemberDocument, { input: { id: globalId('Member', id) } });
  }

  test('a watch of 1,200 tasks begins with all of them, in frames of which the first resets and the last is up to date', async () => {
    const many = await createWorld(hub.database, [[ann, 'OWNER']], ann);
    const workspaceId = { eq: many.Workspace };
    await hub.database.query(
      `INSERT INTO tasks (workspace_id, title) SELECT $1::uuid, 'One of many ' || n FROM generate_series(1, 1199) n`,
      [uuidOf(many.Workspace)],
    );
    const watch = await ann.follow(WatchTasksDocument, 'watchTasks', { where: { workspaceId } });
    const { frames, rows } = await untilShown(watch, 'all tasks', () => true);
    expect(rows.size).toBe(1_200);
    expect(frames.flatMap(({ changes }) => changes.map(({ operation }) => operation))).toHaveLength(1_200);
    expect(frames.length).toBeGreaterThan(1);
    expect(frames.map(({ reset }) => reset)).toEqual(frames.map((_, index) => index === 0));
    expect(frames.map(({ upToDate }) => upToDate)).toEqual(frames.map((_, index) => index === frames.length - 1));
    expect(new Set(frames.map(({ transaction }) => transaction))).toEqual(new Set([null]));
    watch.stop();
  });

  test('it follows what is created, updated, deleted, and moved into it and out of it', async () => {
    const away = await createWorld(hub.database, [[ann, 'OWNER']], ann);
    const where = { workspaceId: { eq: world.Workspace }, status: { ne: 'DONE' as const } };
    const watch = await ann.follow(WatchTasksDocument, 'watchTasks', { where });
    const titles = () => [...screenOf([watch.opening, ...watch.frames]).rows.values()].map(({ title }) => title).sort();
    const shows = (...expected: string[]) =>
      untilShown(watch, expected.join(), () => titles().join() === expected.join());
    const create = async (title: string) => {
      const input = { workspaceId: world.Workspace, title };
      return payloadOf((await ann.request(CreateTaskDocument, { input })).createTask).task.id;
    };
    const update = async (id: string, change: { title?: string; status?: 'DONE' | 'TODO'; workspaceId?: string }) =>
      payloadOf((await ann.request(UpdateTaskDocument, { input: { id, ...change } })).updateTask);

    const [one, two] = [await create('One'), await create('Two')];
    await shows('One', 'Task', 'Two');
    await update(one, { title: 'Renamed' });
    await shows('Renamed', 'Task', 'Two');
    await update(two, { workspaceId: away.Workspace });
    await shows('Renamed', 'Task');
    await update(away.Task, { workspaceId: world.Workspace, title: 'Came' });
    await shows('Came', 'Renamed', 'Task');
    await update(one, { status: 'DONE' });
    await shows('Came', 'Task');
    await update(one, { status: 'TODO' });
    await shows('Came', 'Renamed', 'Task');
    payloadOf((await ann.request(DeleteTaskDocument, { input: { id: one } })).deleteTask);
    const { resets } = await shows('Came', 'Task');
    expect(resets).toBe(1);
    watch.stop();
  });

  test.each(roles)(
    'each of the six watches shows %s what the matching query shows, and goes on doing so',
    async (role) => {
      const person = cast[role];
      const screens = await Promise.all(
        watches.map(async (watch) => ({ watch, following: await watch.follow(person) })),
      );
      const untilAlike = async () => {
        for (const { watch, following } of screens)
          await untilShown(following, `${watch.name} as queried by ${role}`, async ({ rows }) => {
            const queried = await watch.query(person);
            expect(new Map([...rows].sort())).toEqual(new Map(queried.map((row) => [row.id, row] as const).sort()));
            return true;
          });
      };
      await untilAlike();
      const user = await guest(`Newcomer of ${role}`);
      const member = await join(user, 'EDITOR');
      const ids = [world.Workspace, member, world.Task, world.Comment, user.sessionId].map((id) =>
        id === member ? id : uuidOf(id),
      );
      await hub.database.query(
        `WITH w AS (UPDATE workspaces SET name = name || '.' WHERE id = $1),
            m AS (UPDATE members SET role = 'VIEWER' WHERE id = $2),
            t AS (UPDATE tasks SET title = title || '.', priority = 4, due_at = now() WHERE id = $3),
            c AS (UPDATE comments SET body = body || '.' WHERE id = $4)
       UPDATE sessions SET user_agent = 'another' WHERE id = $5`,
        ids,
      );
      await untilAlike();
      await hub.database.query('DELETE FROM users WHERE id = $1', [uuidOf(user.userId)]);
      await untilAlike();
      for (const { following } of screens) expect([following.codes, following.ended]).toEqual([[], false]);
      for (const { following } of screens) following.stop();
    },
  );

  test('watchWorkspace shows a workspace with its members, tasks and comments, and nothing else', async () => {
    const ben = cast.VIEWER;
    const watch = await ben.follow(WatchWorkspaceDocument, 'watchWorkspace', { workspaceId: world.Workspace });
    const { rows } = await untilShown(watch, 'the workspace', () => true);
    const expected = await hub.database.query<{ key: string }>(
      `SELECT 'Workspace:' || id AS key FROM workspaces WHERE id = $1
       UNION ALL SELECT 'Member:' || id FROM members WHERE workspace_id = $1
       UNION ALL SELECT 'Task:' || id FROM tasks WHERE workspace_id = $1
       UNION ALL SELECT 'Comment:' || id FROM comments WHERE workspace_id = $1`,
      [uuidOf(world.Workspace)],
    );
    expect([...rows.keys()].sort()).toEqual(expected.map(({ key }) => Buffer.from(key).toString('base64')).sort());
    watch.stop();
  });

  test('its frames are the transactions of all tables in the order in which they were written', async () => {
    const ben = cast.VIEWER;
    const watch = await ben.follow(WatchWorkspaceDocument, 'watchWorkspace', { workspaceId: world.Workspace });
    const { frames } = await untilShown(watch, 'the workspace', () => true);
    const written: (readonly [string, string])[] = [];
    for (let round = 0; round < 5; round += 1) {
      const task = await ann.request(CreateTaskDocument, { input: { workspaceId: world.Workspace, title: 'Ordered' } });
      const made = payloadOf(task.createTask);
      const input = { taskId: made.task.id, body: 'Ordered' };
      const comment = payloadOf((await ann.request(CreateCommentDocument, { input })).createComment);
      const place = { id: world.Member, role: round % 2 === 0 ? ('VIEWER' as const) : ('EDITOR' as const) };
      const member = payloadOf((await ann.request(UpdateMemberDocument, { input: place })).updateMember);
      const named = { id: world.Workspace, name: `Name ${round}` };
      const workspace = payloadOf((await ann.request(UpdateWorkspaceDocument, { input: named })).updateWorkspace);
      written.push(['Task', made.transactionId], ['Comment', comment.transactionId]);
      written.push(['Member', member.transactionId], ['Workspace', workspace.transactionId]);
    }
    const told = (await watch.take(frames.length - 1 + written.length)).slice(frames.length - 1);
    expect(
      told.map(({ changes, transaction }) => [
        changes.map(({ row }) => row?.__typename).join(),
        transaction?.transactionId,
      ]),
    ).toEqual(written);
    watch.stop();
  });

  test('an outsider who asks for a workspace is told NOT_FOUND, as for one that does not exist', async () => {
    for (const id of [world.Workspace, globalId('Workspace', '00000000-0000-4000-8000-000000000000')]) {
      const watch = await cast.OUTSIDER.follow(WatchWorkspaceDocument, 'watchWorkspace', { workspaceId: id });
      expect(watch.codes).toEqual(['NOT_FOUND']);
    }
  });

  test('whoever loses the membership is reset to no rows; whoever gains it, to the rows as they are then', async () => {
    const dee = await guest('Dee');
    const place = await join(dee, 'EDITOR');
    const tasks = await dee.follow(WatchTasksDocument, 'watchTasks', {});
    const workspace = await dee.follow(WatchWorkspaceDocument, 'watchWorkspace', { workspaceId: world.Workspace });
    const { resets } = await untilShown(tasks, 'tasks', ({ rows }) => rows.has(world.Task));
    await untilShown(workspace, 'the workspace', ({ rows }) => rows.has(world.Task));
    await removeMember(place);
    const lost = await untilShown(tasks, 'no task', ({ rows }) => rows.size === 0);
    expect([lost.resets, lost.frames.at(-1)?.changes]).toEqual([resets + 1, []]);
    await untilShown(workspace, 'no workspace', (screen) => screen.resets === 2 && screen.rows.size === 0);
    await hub.database.query(`UPDATE tasks SET title = 'Not for Dee' WHERE id = $1`, [uuidOf(world.Task)]);
    await join(dee, 'VIEWER');
    const gained = await untilShown(tasks, 'tasks again', ({ rows }) => rows.has(world.Task));
    expect([gained.resets, gained.rows.get(world.Task)?.title]).toEqual([resets + 2, 'Not for Dee']);
    await untilShown(workspace, 'the workspace again', (screen) => screen.resets === 3 && screen.rows.has(world.Task));
    const again = gained.frames.findLastIndex(({ reset }) => reset);
    const between = gained.frames.slice(lost.frames.length, again).flatMap(({ changes }) => changes);
    expect(between).toEqual([]);
    tasks.stop();
    workspace.stop();
  });

  test("a new member appears in the others' watchUsers and they in his, each by a reset, and goes with the membership", async () => {
    const eve = await guest('Eve');
    const his = await eve.follow(WatchUsersDocument, 'watchUsers', {});
    const theirs = await cast.VIEWER.follow(WatchUsersDocument, 'watchUsers', {});
    await untilShown(his, 'himself alone', ({ rows }) => [...rows.keys()].join() === eve.userId);
    await untilShown(theirs, 'the others', ({ rows }) => rows.has(ann.userId) && !rows.has(eve.userId));
    const place = await join(eve, 'VIEWER');
    const appeared = await untilShown(theirs, 'the new member', ({ rows }) => rows.has(eve.userId));
    expect([appeared.resets, appeared.rows.get(eve.userId)?.email]).toEqual([2, null]);
    const met = await untilShown(his, 'the others', ({ rows }) => rows.has(ann.userId) && rows.has(cast.VIEWER.userId));
    expect(met.resets).toBe(2);
    await removeMember(place);
    await untilShown(theirs, 'the others', (screen) => screen.resets === 3 && !screen.rows.has(eve.userId));
    await untilShown(his, 'himself alone', (screen) => screen.resets === 3 && screen.rows.size === 1);
    his.stop();
    theirs.stop();
  });

  test('whose role is changed is shown nothing that only the old role may see', async () => {
    const flo = await guest('Flo');
    const setRole = (role: string) =>
      hub.database.query('UPDATE users SET role = $1::user_role WHERE id = $2', [role, uuidOf(flo.userId)]);
    const watch = await flo.follow(WatchUsersDocument, 'watchUsers', {});
    await untilShown(watch, 'herself alone', ({ rows }) => rows.size === 1);
    await setRole('ADMIN');
    const all = await untilShown(watch, 'everybody', ({ rows }) => rows.has(cast.OUTSIDER.userId));
    expect(all.rows.get(ann.userId)?.email).toBe(ann.email);
    await setRole('MEMBER');
    await untilShown(watch, 'herself alone', ({ rows }) => [...rows.keys()].join() === flo.userId);
    watch.stop();
  });

  test('whoever begins while a table is being truncated has seen it all, or nothing of it', async () => {
    const truncating = await hub.database.pool.connect();
    await truncating.query('BEGIN');
    await truncating.query('TRUNCATE comments');
    const following = ann.follow(WatchCommentsDocument, 'watchComments', {});
    const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    await waitFor(async () => (await hub.database.query(waiting)).length > 0, { what: 'the watch to wait' });
    await truncating.query('COMMIT');
    truncating.release();
    const watch = await following;
    const input = { taskId: world.Task, body: 'The first after it' };
    payloadOf((await ann.request(CreateCommentDocument, { input })).createComment);
    const { resets } = await untilShown(watch, 'the comment', ({ rows }) => rows.size === 1);
    expect(resets).toBe(1);
    watch.stop();
  });

  test('TRUNCATE of comments resets their watches to no rows, and they go on', async () => {
    const watch = await cast.VIEWER.follow(WatchCommentsDocument, 'watchComments', {});
    const { resets } = await untilShown(watch, 'comments', ({ rows }) => rows.size > 0);
    await hub.database.query('TRUNCATE comments');
    await untilShown(watch, 'nothing', (screen) => screen.resets === resets + 1 && screen.rows.size === 0);
    const input = { taskId: world.Task, body: 'The first of a new page' };
    payloadOf((await ann.request(CreateCommentDocument, { input })).createComment);
    await untilShown(watch, 'the new comment', ({ rows }) => rows.size === 1);
    expect(watch.codes).toEqual([]);
    watch.stop();
  });
}
