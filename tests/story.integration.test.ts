import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import { waitFor } from '@sync-hub/dev/wait-for';
import {
  CreateMemberDocument,
  CreateTaskDocument,
  CreateUserDocument,
  DeleteMemberDocument,
  DeleteTaskDocument,
  MemberChangesDocument,
  MembersDocument,
  RevokeSessionDocument,
  TaskChangesDocument,
  UpdateTaskDocument,
  UserChangesDocument,
  WorkspaceChangesDocument,
} from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { createWorkspace, type Following, type Person, signIn, signUp, uuidOf } from './person.ts';

describe('the story on the Postgres stream', () => tellStory([]));
describeWithKafka('the story on Kafka', (brokers) => tellStory(brokers));

/** Ann writes on one API process; Ben follows on the other. Cid belongs elsewhere; Root is ADMIN. */
function tellStory(kafkaBrokers: readonly string[]) {
  let hub: Hub;
  let ann: Person;
  let ben: Person;
  let cid: Person;
  let root: Person;
  let home: string;
  let away: string;
  let bensTasks: Following<{ changes: readonly TaskChange[]; transaction?: Transaction | null; upToDate: boolean }>;
  let cidsTasks: typeof bensTasks;
  let told = 0;

  /** Waits for the next frame of Ben's, and gives what it told. */
  async function nextOfBen() {
    told += 1;
    const frames = await bensTasks.take(told);
    const frame = frames[told - 1];
    if (frame === undefined) throw new Error('no frame');
    return frame;
  }

  beforeAll(async () => {
    hub = await startHub({ apis: 2, kafkaBrokers });
    const [one = '', other = ''] = hub.urls;
    ann = await signUp(one, 'Ann');
    ben = await signUp(other, 'Ben');
    cid = await signUp(other, 'Cid');
    const rootAsMember = await signUp(one, 'Root');
    await hub.database.query(`UPDATE users SET role = 'ADMIN' WHERE email = 'root@example.com'`);
    root = await signIn(one, rootAsMember.email, 'a long password of a test');
    home = await createWorkspace(ann, 'Home');
    away = await createWorkspace(cid, 'Away');
    await addMember(ann, home, ben, 'EDITOR');
    bensTasks = await ben.follow(TaskChangesDocument, 'taskChanges', {});
    cidsTasks = await cid.follow(TaskChangesDocument, 'taskChanges', {});
  }, 60_000);

  afterAll(async () => {
    await Promise.all([ann, ben, cid, root].map((person) => person?.leave()));
    await hub?.close();
  }, 30_000);

  test('B sees A create, update and delete a task, each once, in order', async () => {
    const created = await createTask(ann, home, 'Write the story');
    await updateTask(ann, created.id, { title: 'Tell the story' });
    const { deleteTask } = await ann.request(DeleteTaskDocument, { input: { id: created.id } });
    payloadOf(deleteTask);

    expect(summary(await nextOfBen())).toEqual(['CREATED Write the story 1']);
    const update = await nextOfBen();
    expect(summary(update)).toEqual(['UPDATED Tell the story 2']);
    expect(update.changes[0]?.changedFields).toEqual(['version', 'updatedAt', 'title']);
    expect(update.transaction?.actor?.name).toBe('Ann');
    const deletion = await nextOfBen();
    expect(summary(deletion)).toEqual(['DELETED']);
    expect(deletion.changes[0]?.previous?.title).toBe('Tell the story');
  });

  test('an ADMIN sees the user that an ADMIN creates; whoever shares no workspace does not', async () => {
    const roots = await root.follow(UserChangesDocument, 'userChanges', {});
    const bens = await ben.follow(UserChangesDocument, 'userChanges', {});
    const input = { email: 'dee@example.com', name: 'Dee', password: 'a long password of a test' };
    payloadOf((await root.request(CreateUserDocument, { input })).createUser);
    const [frame] = await roots.take(1);
    expect(frame?.changes.map(({ operation, row }) => [operation, row?.name, row?.email])).toEqual([
      ['CREATED', 'Dee', 'dee@example.com'],
    ]);
    await signIn(hub.urls[1] ?? '', 'dee@example.com', 'a long password of a test');
    await createTask(ann, home, 'Marker');
    await nextOfBen();
    expect(bens.frames).toEqual([]);
    roots.stop();
    bens.stop();
  });

  test('a plain SQL transaction over three tasks is one frame', async () => {
    const tasks = [];
    for (const title of ['a', 'b', 'c']) {
      tasks.push(await createTask(ann, home, title));
      await nextOfBen();
    }
    const ids = tasks.map(({ id }) => uuidOf(id));
    await hub.database.query('UPDATE tasks SET priority = 4 WHERE id = ANY ($1::uuid[])', [ids]);
    const frame = await nextOfBen();
    expect(summary(frame).sort()).toEqual(['UPDATED a 2', 'UPDATED b 2', 'UPDATED c 2']);
    expect(frame.transaction?.actor).toBeNull();
    expect(frame.upToDate).toBe(true);
  });

  test('one transaction makes a workspace with its first member and task: who is in it sees it all', async () => {
    const workspaces = await ben.follow(WorkspaceChangesDocument, 'workspaceChanges', {});
    const members = await ben.follow(MemberChangesDocument, 'memberChanges', {});
    await hub.database.query(
      `WITH w AS (INSERT INTO workspaces (name) VALUES ('Together') RETURNING id),
            m AS (INSERT INTO members (workspace_id, user_id, role) SELECT id, $1::uuid, 'OWNER' FROM w RETURNING workspace_id)
       INSERT INTO tasks (workspace_id, title) SELECT workspace_id, 'First' FROM m`,
      [uuidOf(ben.userId)],
    );
    const task = await nextOfBen();
    const [workspace] = await workspaces.take(1);
    const [member] = await members.take(1);
    expect(summary(task)).toEqual(['CREATED First 1']);
    expect(workspace?.changes.map(({ operation, row }) => [operation, row?.name])).toEqual([['CREATED', 'Together']]);
    expect(member?.changes.map(({ operation, row }) => [operation, row?.role])).toEqual([['CREATED', 'OWNER']]);
    const ids = [task, workspace, member].map((frame) => frame?.transaction?.transactionId);
    expect(new Set(ids).size).toBe(1);
    workspaces.stop();
    members.stop();
  });

  test('C, of another workspace, has seen nothing of all this', () => {
    expect(cidsTasks.frames).toEqual([]);
  });

  test("a task moved to C's workspace is DELETED for B and CREATED for C", async () => {
    await addMember(cid, away, ann, 'EDITOR');
    const { id } = await createTask(ann, home, 'Moves');
    await nextOfBen();
    await updateTask(ann, id, { workspaceId: away });
    expect(summary(await nextOfBen())).toEqual(['DELETED']);
    const [frame] = await cidsTasks.take(1);
    expect(frame === undefined ? [] : summary(frame)).toEqual(['CREATED Moves 2']);
    expect(frame?.changes[0]?.previous).toBeNull();
  });

  test('the listener killed and restarted in between changes nothing', async () => {
    await createTask(ann, home, 'Before the kill');
    await nextOfBen();
    const restarted = hub.restartListener('SIGKILL');
    await createTask(ann, home, 'During');
    await restarted;
    await createTask(ann, home, 'After');
    expect(summary(await nextOfBen())).toEqual(['CREATED During 1']);
    expect(summary(await nextOfBen())).toEqual(['CREATED After 1']);
    expect(bensTasks.codes).toEqual([]);
  }, 30_000);

  test('B, removed from the workspace, sees nothing more of it', async () => {
    const inHome = await ben.follow(TaskChangesDocument, 'taskChanges', { where: { workspaceId: { eq: home } } });
    const { members } = await ann.request(MembersDocument, { where: { userId: { eq: ben.userId } } });
    const [bensPlace] = members?.nodes ?? [];
    payloadOf((await ann.request(DeleteMemberDocument, { input: { id: bensPlace?.id ?? '' } })).deleteMember);
    await waitFor(() => inHome.ended, { what: 'the subscription to the lost workspace to end' });
    expect(inHome.codes).toEqual(['FORBIDDEN']);
    await createTask(ann, home, 'Not for Ben');
    const together = await createTask(ben, await createWorkspace(ben, "Ben's own"), 'For Ben');
    const frame = await nextOfBen();
    expect(frame.changes.map(({ key }) => key)).toEqual([together.id]);
  });

  test("A's revoked session closes its socket with 4403 SESSION_REVOKED, within 2 s", async () => {
    const again = await signIn(hub.urls[1] ?? '', ann.email, 'a long password of a test');
    const following = await ann.follow(TaskChangesDocument, 'taskChanges', {});
    payloadOf((await again.request(RevokeSessionDocument, { input: { id: ann.sessionId } })).revokeSession);
    await waitFor(() => ann.closedWith, { what: "Ann's socket to close", timeoutMs: 2_000 });
    expect(ann.closedWith).toBe('4403 SESSION_REVOKED');
    expect(following.frames).toEqual([]);
    const { codes } = await ann.ask(CreateTaskDocument, { input: { workspaceId: home, title: 'Too late' } });
    expect(codes).toEqual(['SESSION_REVOKED']);
    expect(ben.closedWith).toBeNull();
    // Of everything B was told in this story, nothing came twice and nothing besides.
    expect(bensTasks.frames).toHaveLength(told);
  });
}

interface TaskChange {
  readonly operation: string;
  readonly key: string;
  readonly changedFields: readonly string[];
  readonly row?: { readonly title: string; readonly version: number } | null;
  readonly previous?: { readonly title: string } | null;
}
interface Transaction {
  readonly transactionId: string;
  readonly actor?: { readonly name: string } | null;
}

function summary(frame: { readonly changes: readonly TaskChange[] }): string[] {
  return frame.changes.map(({ operation, row }) => (row ? `${operation} ${row.title} ${row.version}` : operation));
}

async function createTask(author: Person, workspaceId: string, title: string) {
  const { createTask: result } = await author.request(CreateTaskDocument, { input: { workspaceId, title } });
  return payloadOf(result).task;
}

async function updateTask(author: Person, id: string, change: { title?: string; workspaceId?: string }) {
  const { updateTask: result } = await author.request(UpdateTaskDocument, { input: { id, ...change } });
  return payloadOf(result).task;
}

async function addMember(owner: Person, workspaceId: string, { email }: Person, role: 'EDITOR' | 'VIEWER' | 'OWNER') {
  payloadOf((await owner.request(CreateMemberDocument, { input: { workspaceId, email, role } })).createMember);
}
