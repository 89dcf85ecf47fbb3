import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { type Act, acts, nodeOf, outcomeOf, profileOf, rowsOf } from './acts.ts';
import {
  addPerson,
  type Cast,
  createCast,
  createWorld,
  membersOf,
  modelNames,
  type Role,
  roles,
  type World,
} from './cast.ts';
import { type Person, uuidOf } from './person.ts';
import { secretsOfUsers, seesSecretsOfUsers, whoMayWhat } from './who-may-what.ts';

let hub: Hub;
let url: string;
let cast: Cast;
let world: World;

beforeAll(async () => {
  hub = await startHub();
  url = hub.urls[0] ?? '';
  cast = await createCast(hub.database, url);
  world = await createWorld(hub.database, membersOf(cast), cast.SELF);
}, 60_000);
afterAll(() => hub?.close(), 30_000);

/** How many changes were committed in this person's name. */
async function writesBy(person: Person | null): Promise<number> {
  const [row] = await hub.database.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM sync.outbox WHERE actor IS NOT DISTINCT FROM $1',
    [person && uuidOf(person.userId)],
  );
  return row?.count ?? 0;
}

describe.each(modelNames)('%s is read as the table says', (model) => {
  const id = () => world[model];
  const ways: readonly [string, () => Act][] = [
    ['alone', () => acts[model].one(id())],
    ['in a list', () => acts[model].many(id())],
    ['as a node', () => nodeOf(id())],
  ];

  test.each(ways)('%s', async (_, way) => {
    const seen = await Promise.all(
      roles.map(async (role) => [role, rowsOf(await way()(url, cast[role].accessToken)).map((row) => row.id)]),
    );
    const expected = roles.map((role) => [role, whoMayWhat[model].read[role] === 'sees' ? [id()] : []]);
    expect(seen).toEqual(expected);
  });

  test.each(ways)('%s by nobody who is not signed in', async (_, way) => {
    expect(await way()(url, null)).toMatchObject({ codes: ['UNAUTHENTICATED'] });
  });
});

test('who only shares a workspace sees users without e-mail and role; the public profile has neither', async () => {
  for (const way of [acts.User.one(world.User), acts.User.many(world.User)]) {
    for (const role of roles.filter((one) => whoMayWhat.User.read[one] === 'sees')) {
      const rows = rowsOf(await way(url, cast[role].accessToken));
      const secrets = seesSecretsOfUsers.has(role) ? { email: cast.SELF.email, role: 'MEMBER' } : secretsOfUsers;
      expect([role, rows]).toEqual([role, [expect.objectContaining(secrets)]]);
    }
  }
  for (const role of roles) {
    const rows = rowsOf(await profileOf(world)(url, cast[role].accessToken));
    const sees = whoMayWhat.User.read[role] === 'sees';
    expect(rows.map((row) => Object.keys(row).sort())).toEqual(
      sees ? [['__typename', 'color', 'id', 'name', 'userId']] : [],
    );
  }
});

describe.each(modelNames)('%s is written as the table says, and not at all when it is refused', (model) => {
  for (const operation of ['create', 'update', 'delete'] as const) {
    const rights = whoMayWhat[model][operation];
    const act = acts[model][operation];
    if (rights === undefined || act === undefined) {
      test(`there is no ${operation}`, () => expect([rights, act]).toEqual([undefined, undefined]));
      continue;
    }
    /** Everybody has a SELF and a world of their own to act on: it may be gone after that. */
    const attempt = async (role: Role | null) => {
      const self = await addPerson(hub.database, url, { name: 'Self' });
      const stranger = await addPerson(hub.database, url, { name: 'Stranger' });
      const people = { ...cast, SELF: self };
      const person = role === null ? null : people[role];
      const itsWorld = await createWorld(hub.database, membersOf(people), self);
      const before = await writesBy(person);
      const answer = await act(itsWorld, stranger.email)(url, person?.accessToken ?? null);
      return { role, outcome: outcomeOf(answer), wrote: (await writesBy(person)) > before };
    };

    test(operation, async () => {
      const attempts = await Promise.all(roles.map(attempt));
      const expected = roles.map((role) => ({ role, outcome: rights[role], wrote: rights[role] === 'done' }));
      expect(attempts).toEqual(expected);
    });

    test(`${operation} by nobody who is not signed in`, async () => {
      expect(await attempt(null)).toEqual({ role: null, outcome: 'UNAUTHENTICATED', wrote: false });
    });
  }
});
