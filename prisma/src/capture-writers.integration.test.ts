import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import type pg from 'pg';

/** Every type whose text depends on a session's settings, alone and inside of others. */
const SENSITIVE_TABLE = `
  CREATE TYPE pair AS (at timestamptz, took interval);
  CREATE TABLE sensitive (
    id timestamptz PRIMARY KEY, scope interval, at timestamptz[], local timestamp, day date, clock timetz, during tstzrange,
    took interval, pair pair, bytes bytea, ratio double precision, single real, price money, class regclass, made timestamp
  );
  SELECT sync.track('sensitive', 'scope')`;

const SENSITIVE_ROW = `
  INSERT INTO public.sensitive VALUES (
    '2026-03-29 01:30:00.123+00', '1 mon 2 days 03:04:05', ARRAY['2026-06-01 00:00+02'::timestamptz], '2026-01-02 03:04:05', '2026-01-02',
    '03:04+05', '[2026-01-01 00:00+00,2026-07-01 00:00+00)', '-1 day', ROW('2026-01-02 03:04+05', '1 year'), '\\x00ff'::bytea, 0.1 + 0.2::float8,
    0.1::real, '1234.56'::numeric::money, 'public.tasks'::regclass, NULL
  )`;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database?.close());

/** The rows captured while `write` runs on a connection of its own. */
async function capturedDuring(write: (client: pg.PoolClient) => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const [before] = await database.query<{ id: string }>('SELECT coalesce(max(id), 0) AS id FROM sync.outbox');
  const client = await database.pool.connect();
  try {
    await write(client);
  } finally {
    client.release(true); // its session's settings go with it
  }
  return database.query(
    'SELECT *, old::text AS old_text, new::text AS new_text FROM sync.outbox WHERE id > $1 ORDER BY id',
    [before?.id],
  );
}

describe('a writer without rights on schema sync', () => {
  beforeAll(async () => {
    await database.query(`
      CREATE ROLE visitor;
      GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER ON workspaces, members, tasks, comments TO visitor;
      GRANT CREATE ON SCHEMA public TO visitor`);
  });

  afterAll(() => database.query('DROP OWNED BY visitor; DROP ROLE visitor'));

  const asVisitor = (sql: string) => (client: pg.PoolClient) => client.query(`SET ROLE visitor; ${sql}`);

  test('writes tracked tables, and is captured', async () => {
    const rows = await capturedDuring(
      asVisitor(`
        INSERT INTO workspaces (name) VALUES ('Visited');
        UPDATE workspaces SET name = 'Seen';
        DELETE FROM workspaces;
        TRUNCATE workspaces CASCADE`),
    );
    expect(rows.map((row) => row['op'])).toEqual(['I', 'U', 'D', 'T', 'T', 'T', 'T']);
  });

  test.each([
    ['read the outbox', 'SELECT FROM sync.outbox'],
    ['write the outbox', `INSERT INTO sync.outbox ("table", op) VALUES ('tasks', 'T')`],
    ['track a table', `SELECT sync.track('workspaces')`],
    ['untrack a table', `SELECT sync.untrack('workspaces')`],
    ['start a new epoch', 'SELECT sync.new_epoch()'],
    [
      'capture a table of its own as if it were a tracked one',
      'CREATE TABLE forged (LIKE tasks); CREATE TRIGGER forge AFTER INSERT ON forged FOR EACH ROW EXECUTE FUNCTION sync.capture_5()',
    ],
  ])('cannot %s, with the schema or without', async (_what, sql) => {
    await expect(capturedDuring(asVisitor(sql))).rejects.toThrow('permission denied for schema sync');
    await database.query('GRANT USAGE ON SCHEMA sync TO visitor');
    await expect(capturedDuring(asVisitor(sql))).rejects.toThrow(/^permission denied for (table|function)/);
    await database.query('REVOKE USAGE ON SCHEMA sync FROM visitor');
  });

  test('cannot have operators of its own run with the rights of whoever migrated', async () => {
    await capturedDuring(
      asVisitor(`
      CREATE FUNCTION public.grab(oid, regclass) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN EXECUTE 'ALTER ROLE visitor CREATEROLE'; RETURN $1 = $2::oid; END $$;
      CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = public.grab);
      CREATE TEMP TABLE anything (id integer); ALTER TABLE anything ADD more integer; DROP TABLE anything`),
    );
    await database.query(`SELECT sync.shape('tasks'); SELECT sync.track('tasks', 'workspace_id')`);
    expect(await database.query(`SELECT rolcreaterole FROM pg_roles WHERE rolname = 'visitor'`)).toEqual([
      { rolcreaterole: false },
    ]);
    await database.query('DROP OPERATOR public.= (oid, regclass)');
  });

  test('cannot slip functions or tables of its own under the capture', async () => {
    await capturedDuring(
      asVisitor(`
      CREATE FUNCTION public.row_to_json(workspaces) RETURNS json LANGUAGE sql AS $$ SELECT '{"forged": true}'::json $$;
      CREATE FUNCTION public.octet_length(text) RETURNS integer LANGUAGE sql AS $$ SELECT 1 / 0 $$;
      CREATE FUNCTION public.forged(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
      CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.forged);
      CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT NULL::timestamptz $$;
      CREATE FUNCTION public.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'forged' $$;
      CREATE FUNCTION public.forged(integer, integer) RETURNS boolean LANGUAGE sql AS $$ SELECT NULL::boolean $$;
      CREATE OPERATOR public.<> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = public.forged);
      CREATE OPERATOR public.< (LEFTARG = integer, RIGHTARG = integer, FUNCTION = public.forged);
      CREATE OPERATOR public.<= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = public.forged);
      CREATE OPERATOR public.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = public.forged);
      CREATE FUNCTION public.added(integer, integer) RETURNS integer LANGUAGE sql AS $$ SELECT 70 $$;
      CREATE OPERATOR public.+ (LEFTARG = integer, RIGHTARG = integer, FUNCTION = public.added)`),
    );
    const rows = await capturedDuring(
      asVisitor(`
        CREATE TEMP TABLE outbox (id integer);
        CREATE DOMAIN pg_temp.text AS integer; CREATE DOMAIN pg_temp.json AS integer; CREATE DOMAIN pg_temp."char" AS integer;
        SET search_path = pg_temp, public, pg_catalog; SET sync.actor = 'visitor';
        INSERT INTO workspaces (name) VALUES ('Real');
        UPDATE workspaces SET name = 'Really', version = 70;
        UPDATE workspaces SET id = '00000000-0000-0000-0000-00000000000a';
        DELETE FROM workspaces; TRUNCATE comments`),
    );
    expect(rows).toMatchObject([
      { table: 'workspaces', op: 'I', new: { name: 'Real' } },
      { table: 'workspaces', op: 'U', new: { name: 'Really', version: 2 } },
      { table: 'workspaces', op: 'D', old: { name: 'Really', version: 2 } },
      { table: 'workspaces', op: 'I', new: { name: 'Really', version: 3 } },
      { table: 'workspaces', op: 'D', old: { name: 'Really', version: 3 } },
      { table: 'comments', op: 'T' },
    ]);
    expect(rows.map((row) => row['actor'])).toEqual(Array(6).fill('visitor'));
  });
});

describe('what is captured does not depend on the session that writes', () => {
  beforeAll(async () => {
    await database.query(SENSITIVE_TABLE);
  });

  const write = (settings: string) => async (client: pg.PoolClient) => {
    await client.query(settings);
    await client.query(SENSITIVE_ROW);
    await client.query(`UPDATE public.sensitive SET made = '2026-05-05 05:05'::timestamp`);
    await client.query('DELETE FROM public.sensitive');
  };
  const withoutPlace = (rows: Record<string, unknown>[]) => rows.map(({ id, xid, at, ...rest }) => rest);

  test.each([
    ['TimeZone', `SET TimeZone = 'America/St_Johns'`],
    ['DateStyle', `SET DateStyle = 'German'`],
    ['IntervalStyle', `SET IntervalStyle = 'iso_8601'`],
    ['bytea_output', `SET bytea_output = 'escape'`],
    ['extra_float_digits', 'SET extra_float_digits = -15'],
    ['search_path', 'SET search_path = pg_catalog; CREATE TEMP VIEW tasks AS SELECT 1'],
    ['quote_all_identifiers', 'SET quote_all_identifiers = on'],
    ['plpgsql’s own', `SET plpgsql.extra_errors = 'all'; SET plpgsql.variable_conflict = 'error'`],
  ])('%s', async (_name, settings) => {
    const plain = withoutPlace(await capturedDuring(write(`SET TimeZone = 'UTC'`)));
    expect(plain).toMatchObject([
      {
        op: 'I',
        key: '2026-03-29 01:30:00.123+00',
        scope: '1 mon 2 days 03:04:05',
        new: { class: 'tasks', ratio: 0.30000000000000004 },
      },
      { op: 'U', new: { made: '2026-05-05T05:05:00', price: '$1,234.56' } },
      { op: 'D' },
    ]);
    expect(withoutPlace(await capturedDuring(write(settings)))).toEqual(plain);
  });
});

describe('who wrote', () => {
  const author = (rows: Record<string, unknown>[]) =>
    rows.map(({ actor, actor_session, mutation_id, traceparent }) => ({
      actor,
      actor_session,
      mutation_id,
      traceparent,
    }));
  const nobody = { actor: null, actor_session: null, mutation_id: null, traceparent: null };
  const insert = `INSERT INTO workspaces (name) VALUES ('Written')`;

  test('is what the transaction set, on each of its changes, and nobody afterwards', async () => {
    const rows = await capturedDuring(async (client) => {
      await client.query('BEGIN');
      await client.query(`
        SELECT set_config('sync.actor', 'a', true), set_config('sync.actor_session', 's', true),
          set_config('sync.mutation_id', 'm', true), set_config('sync.traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', true)`);
      await client.query(`${insert}; UPDATE workspaces SET name = 'Again' WHERE name = 'Written'`);
      await client.query('COMMIT');
      await client.query(insert);
    });
    const set = {
      actor: 'a',
      actor_session: 's',
      mutation_id: 'm',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    };
    expect(author(rows)).toEqual([set, set, nobody]);
  });

  test('is nobody for a writer that sets nothing', async () => {
    expect(author(await capturedDuring((client) => client.query(insert)))).toEqual([nobody]);
  });

  test('is nobody where a setting cannot be ours, and the write goes through', async () => {
    const rows = await capturedDuring((client) =>
      client.query(`
        SET sync.actor = ''; SET sync.actor_session = '${'x'.repeat(201)}'; SET sync.mutation_id = '${'x'.repeat(1_000_000)}';
        SET sync.traceparent = '${'ä'.repeat(101)}'; SET sync.nudge = 'perhaps'; ${insert}`),
    );
    expect(author(rows)).toEqual([nobody]);
  });
});

test('what a replica’s apply or a restore writes is captured too (session_replication_role = replica)', async () => {
  const rows = await capturedDuring((client) =>
    client.query(`
      SET session_replication_role = replica;
      INSERT INTO workspaces (name) VALUES ('Applied');
      UPDATE workspaces SET name = 'Applied again' WHERE name = 'Applied';
      DELETE FROM workspaces WHERE name = 'Applied again'; TRUNCATE comments`),
  );
  expect(rows).toMatchObject([{ op: 'I' }, { op: 'U', new: { version: 2 } }, { op: 'D' }, { op: 'T' }]);
});
