import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import * as operations from '@sync-hub/sdk/generated/graphql';
import { outcomeOf } from './acts.ts';
import { addPerson, createWorld } from './cast.ts';
import { type Answer, globalId, type Person, uuidOf } from './person.ts';

let hub: Hub;
let url: string;

beforeAll(async () => {
  hub = await startHub();
  url = hub.urls[0] ?? '';
}, 60_000);
afterAll(() => hub?.close(), 30_000);

/** Two people who share a workspace, and their places in it. */
async function createPair(roles: readonly ['OWNER', 'OWNER' | 'EDITOR']) {
  const [one, other] = await Promise.all([
    addPerson(hub.database, url, { name: 'One' }),
    addPerson(hub.database, url, { name: 'Other' }),
  ]);
  const members = [[one, roles[0]] as const, [other, roles[1]] as const];
  const { Workspace: workspaceId } = await createWorld(hub.database, members, one);
  const places = await hub.database.query<{ id: string; user_id: string }>(
    'SELECT id, user_id FROM members WHERE workspace_id = $1',
    [uuidOf(workspaceId)],
  );
  const placeOf = ({ userId }: Person) =>
    globalId('Member', places.find((place) => place.user_id === uuidOf(userId))?.id ?? '');
  return { one, other, workspaceId, placeOf };
}
type Pair = Awaited<ReturnType<typeof createPair>>;
type Going = (pair: Pair, who: Person) => Promise<Answer<object>>;

async function ownersLeft({ workspaceId }: Pair): Promise<number> {
  const owners = await hub.database.query(`SELECT 1 FROM members WHERE workspace_id = $1 AND role = 'OWNER'`, [
    uuidOf(workspaceId),
  ]);
  return owners.length;
}

/** How an OWNER can cease to be one. */
const goings: Readonly<Record<'leaves' | 'steps down' | 'deletes himself', Going>> = {
  leaves: ({ placeOf }, who) => who.ask(operations.DeleteMemberDocument, { input: { id: placeOf(who) } }),
  'steps down': ({ placeOf }, who) =>
    who.ask(operations.UpdateMemberDocument, { input: { id: placeOf(who), role: 'VIEWER' } }),
  'deletes himself': (_, who) => who.ask(operations.DeleteUserDocument, { input: { id: who.userId } }),
};
const ways = Object.keys(goings) as (keyof typeof goings)[];

test.each(ways)('the last OWNER who %s is told what to do first, and stays', async (way) => {
  const pair = await createPair(['OWNER', 'EDITOR']);
  const answer = await goings[way](pair, pair.one);
  expect(Object.values(answer.data ?? {})[0]).toMatchObject({
    __typename: 'ValidationError',
    code: 'BAD_USER_INPUT',
    message: expect.stringMatching(/last OWNER.*Make another member OWNER first, or delete the workspace/),
  });
  expect(await ownersLeft(pair)).toBe(1);
});

test.each(ways)('an OWNER who %s when there is another is let go', async (way) => {
  const pair = await createPair(['OWNER', 'OWNER']);
  expect(outcomeOf(await goings[way](pair, pair.one))).toBe('done');
  expect(await ownersLeft(pair)).toBe(1);
});

test('the last OWNER who says again that he is OWNER is told no error', async () => {
  const { one, placeOf } = await createPair(['OWNER', 'EDITOR']);
  const input = { id: placeOf(one), role: 'OWNER' } as const;
  expect(outcomeOf(await one.ask(operations.UpdateMemberDocument, { input }))).toBe('done');
});

test('an ADMIN cannot delete the last OWNER of a workspace either', async () => {
  const pair = await createPair(['OWNER', 'EDITOR']);
  const admin = await addPerson(hub.database, url, { name: 'Root', isAdmin: true });
  const answer = await admin.ask(operations.DeleteUserDocument, { input: { id: pair.one.userId } });
  expect(outcomeOf(answer)).toBe('BAD_USER_INPUT');
  expect(await ownersLeft(pair)).toBe(1);
});

/** Runs both at the very same moment: they wait until neither can go on without the workspace. */
async function atOnce<One, Other>({ workspaceId }: Pair, one: () => Promise<One>, other: () => Promise<Other>) {
  const client = await hub.database.pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM workspaces WHERE id = $1 FOR UPDATE', [uuidOf(workspaceId)]);
    const both = Promise.all([one(), other()]);
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await waitFor(async () => (await hub.database.query(waiting)).length === 2, { what: 'both to wait' });
    await client.query('ROLLBACK');
    return await both;
  } finally {
    client.release();
  }
}

const pairsOfWays = ways.flatMap((one, index) => ways.slice(index).map((other) => [one, other] as const));

test.each(pairsOfWays)('of the two last OWNERs at once, one who %s and one who %s, one stays', async (one, other) => {
  const pair = await createPair(['OWNER', 'OWNER']);
  const outcomes = await atOnce(
    pair,
    () => goings[one](pair, pair.one),
    () => goings[other](pair, pair.other),
  );
  expect(outcomes.map(outcomeOf).sort()).toEqual(['BAD_USER_INPUT', 'done']);
  expect(await ownersLeft(pair)).toBe(1);
});

test('an OWNER who leaves while another deletes the workspace gets an answer, whoever comes first', async () => {
  const pair = await createPair(['OWNER', 'OWNER']);
  const input = { id: pair.workspaceId };
  const [leaving, deleting] = await atOnce(
    pair,
    () => goings.leaves(pair, pair.one),
    () => pair.other.ask(operations.DeleteWorkspaceDocument, { input }),
  );
  expect(outcomeOf(deleting)).toBe('done');
  expect(['done', 'NOT_FOUND']).toContain(outcomeOf(leaving));
});
