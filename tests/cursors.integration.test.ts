import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import {
  CommentChangesDocument,
  CreateTaskDocument,
  TaskChangesDocument,
  WatchCommentsDocument,
  WatchTasksDocument,
} from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { addPerson, createWorld, type World } from './cast.ts';
import type { Person } from './person.ts';
import { again, untilShown } from './screen.ts';

describe('cursors on the Postgres stream', () => tellOfCursors([]));
describeWithKafka('cursors on Kafka', (brokers) => tellOfCursors(brokers));

/** What may be asked with a cursor: who asks, and with which `where`. */
interface Asking {
  readonly by?: Person;
  readonly title?: string;
}

function tellOfCursors(kafkaBrokers: readonly string[]) {
  let hub: Hub;
  let ann: Person;
  let ben: Person;
  let world: World;

  beforeAll(async () => {
    hub = await startHub({ kafkaBrokers });
    ann = await addPerson(hub.database, hub.urls[0] ?? '', { name: 'Ann' });
    ben = await addPerson(hub.database, hub.urls[0] ?? '', { name: 'Ben' });
    const members = [[ann, 'OWNER'] as const, [ben, 'EDITOR'] as const];
    world = await createWorld(hub.database, members, ann);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([ann, ben].map((person) => person?.leave()));
    await hub?.close();
  }, 30_000);

  function where(title?: string) {
    return title === undefined ? {} : { where: { title: { contains: title } } };
  }
  const watch = (after: string | null, { by = ann, title }: Asking = {}) =>
    by.follow(WatchTasksDocument, 'watchTasks', { after, ...where(title) });
  const changes = (after: string | null, { by = ann, title }: Asking = {}) =>
    by.follow(TaskChangesDocument, 'taskChanges', { after, ...where(title) });

  /** Of a watch and of changes of tasks that have begun, and then been told of another task. */
  async function takeCursors() {
    const [watching, changing] = [await watch(null), await changes(null)];
    const input = { workspaceId: world.Workspace, title: 'Told to both' };
    const { task } = payloadOf((await ann.request(CreateTaskDocument, { input })).createTask);
    const shown = await untilShown(watching, 'the new task', ({ rows }) => rows.has(task.id));
    const [told] = await changing.take(1);
    watching.stop();
    changing.stop();
    return { ofWatch: shown.frames.at(-1)?.cursor ?? '', ofChanges: told?.cursor ?? '' };
  }

  /** The two answers to a cursor that is true but cannot be gone on with exactly. */
  async function expectReset(following: Awaited<ReturnType<typeof watch>>, ...keys: string[]) {
    const screen = await untilShown(following, keys.join(), ({ rows }) => keys.every((key) => rows.has(key)));
    expect([screen.frames[0]?.reset, screen.resets, following.codes]).toEqual([true, 1, []]);
    following.stop();
  }

  test('one that this hub did not make is CURSOR_INVALID: empty, truncated, changed, or long', async () => {
    const { ofWatch, ofChanges } = await takeCursors();
    const changed = (cursor: string) => `${cursor.slice(0, -8)}${cursor.at(-8) === 'A' ? 'B' : 'A'}${cursor.slice(-7)}`;
    const wrong = (cursor: string) => ['', cursor.slice(0, -4), cursor.slice(4), changed(cursor), 'A'.repeat(200_000)];
    for (const cursor of wrong(ofWatch)) expect((await watch(cursor)).codes).toEqual(['CURSOR_INVALID']);
    for (const cursor of wrong(ofChanges)) expect((await changes(cursor)).codes).toEqual(['CURSOR_INVALID']);
    expect((await watch(ofWatch)).codes).toEqual([]);
  });

  test('one of 1 MB closes the socket with 1009, and nobody else is harmed', async () => {
    const other = await changes(null, { by: ben });
    const device = again(ann, hub.urls[0] ?? '');
    const tooLong = await changes('A'.repeat(2 ** 20), { by: device });
    await waitFor(() => device.closedWith, { what: 'the socket to close' });
    expect([device.closedWith?.split(' ')[0], tooLong.ended]).toEqual(['1009', true]);
    await takeCursors();
    await other.take(1);
    other.stop();
    await device.leave();
  });

  test('one of another user is CURSOR_INVALID, whatever that user may see', async () => {
    const { ofWatch, ofChanges } = await takeCursors();
    expect((await watch(ofWatch, { by: ben })).codes).toEqual(['CURSOR_INVALID']);
    expect((await changes(ofChanges, { by: ben })).codes).toEqual(['CURSOR_INVALID']);
  });

  test('one of another field resets a watch; changes get CURSOR_EXPIRED', async () => {
    const { ofWatch, ofChanges } = await takeCursors();
    await expectReset(await watch(ofChanges), world.Task);
    expect((await changes(ofWatch)).codes).toEqual(['CURSOR_EXPIRED']);
    const comments = await ann.follow(WatchCommentsDocument, 'watchComments', { after: ofWatch });
    await untilShown(comments, 'the comment', ({ rows, resets }) => resets === 1 && rows.has(world.Comment));
    comments.stop();
    const commentChanges = await ann.follow(CommentChangesDocument, 'commentChanges', { after: ofChanges });
    expect(commentChanges.codes).toEqual(['CURSOR_EXPIRED']);
  });

  test('one of another question resets a watch; changes get CURSOR_EXPIRED', async () => {
    const { ofWatch, ofChanges } = await takeCursors();
    await expectReset(await watch(ofWatch, { title: 'Task' }), world.Task);
    expect((await changes(ofChanges, { title: 'Task' })).codes).toEqual(['CURSOR_EXPIRED']);
  });

  test('one from before a change of authority resets a watch; changes get CURSOR_EXPIRED', async () => {
    const { ofWatch, ofChanges } = await takeCursors();
    await createWorld(hub.database, [[ann, 'OWNER']], ann);
    await expectReset(await watch(ofWatch), world.Task);
    expect((await changes(ofChanges)).codes).toEqual(['CURSOR_EXPIRED']);
  });

  test('one from before ALTER TABLE … ADD COLUMN resets a watch; changes get CURSOR_EXPIRED', async () => {
    const { ofWatch, ofChanges } = await takeCursors();
    await hub.database.query('ALTER TABLE tasks ADD COLUMN estimate integer DEFAULT 3');
    await expectReset(await watch(ofWatch), world.Task);
    expect((await changes(ofChanges)).codes).toEqual(['CURSOR_EXPIRED']);
    const later = await takeCursors();
    expect((await watch(later.ofWatch)).opening.reset).toBe(false);
    expect((await changes(later.ofChanges)).codes).toEqual([]);
  });
}
