import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';

/** A value of each type, as SQL that means the same in every session. */
const VALUES = {
  boolean: 'true',
  smallint: '-7',
  integer: '1',
  bigint: '9007199254740993',
  numeric: '1.50',
  text: `'ä"' || chr(92) || chr(10)`,
  'varchar(9)': `'v'`,
  'char(3)': `'c'`,
  name: `'n'`,
  '"char"': `'x'`,
  uuid: `'00000000-0000-0000-0000-00000000000a'`,
  json: `'{"b": [1.0,  null]}'`,
  jsonb: `'{"b": [1.0, null]}'`,
  date: `'2026-01-02'`,
  time: `'03:04:05.6'`,
  timetz: `'03:04+05'`,
  timestamp: `'2026-01-02 03:04:05.678'`,
  timestamptz: `'2026-03-29 01:30:00.123+00'`,
  'timestamptz(3)': `'infinity'`,
  interval: `make_interval(years => -1, days => 2, secs => 3.5)`,
  'double precision': '0.1::float8 + 0.2::float8',
  real: '0.1',
  money: `'1234.56'::numeric::money`,
  bytea: `decode('00ff5c', 'hex')`,
  oid: '2200',
  regclass: `(SELECT oid FROM pg_class WHERE relname = 'tasks' AND relnamespace = 2200)::regclass`,
  bit: `B'1'`,
  inet: `'10.0.0.1/8'`,
  xml: `'<a/>'`,
  point: `point(0.1, 0.2)`,
  tsvector: `'a b'`,
  int4range: `int4range(1, 9)`,
  tstzrange: `tstzrange('2026-01-01 00:00+00', '2026-07-01 00:00+00')`,
  datemultirange: `datemultirange(daterange('2026-01-01', '2026-07-01'))`,
  'text[]': `ARRAY['a,b', NULL, 'NULL']`,
  'uuid[]': `ARRAY['00000000-0000-0000-0000-00000000000a'::uuid]`,
  'date[]': `ARRAY['2026-01-02'::date]`,
  'timestamptz[]': `ARRAY['2026-06-01 00:00+02'::timestamptz]`,
  'interval[]': `ARRAY[make_interval(days => 2)]`,
  'float8[]': `ARRAY[0.1::float8 + 0.2::float8]`,
  'public.mood': `'fine'`,
  'public.mood[]': `ARRAY['fine']::public.mood[]`,
  'public.told': `'loud'`,
  'public.moment': `'2026-01-02 03:04+05'`,
  'public.word': `'w'`,
  'public.pair': `ROW('2026-01-02 03:04+05', make_interval(days => 2))::public.pair`,
  'public.pair[]': `ARRAY[ROW('2026-01-02 03:04+05', make_interval(days => 2))::public.pair]`,
} as const;

/** Those whose capture sets nothing at all, or the time zone and nothing else, where they are neither key nor scope. */
const LIKE_EVERYWHERE = [
  'boolean',
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'text',
  'varchar(9)',
  'char(3)',
  'uuid',
];
const WITHOUT_SETTINGS = [...LIKE_EVERYWHERE, 'json', 'jsonb', 'text[]', 'uuid[]', 'public.mood', 'public.mood[]'];
const WITHOUT_SETTINGS_AS_JSON = ['date', 'timestamp', 'date[]'];
const WITH_A_TIME_ZONE = ['timestamptz', 'timestamptz(3)', 'timestamptz[]'];

const SESSIONS = [
  `SET TimeZone = 'America/St_Johns'; SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'escape';
   SET extra_float_digits = -15; SET quote_all_identifiers = on; SET search_path = pg_catalog; SET xmlbinary = 'hex'; SET xmloption = 'document'`,
  `SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard'; SET extra_float_digits = 3;
   SET search_path = pg_temp, public, pg_catalog; SET standard_conforming_strings = off; SET transform_null_equals = on; SET array_nulls = off;
   SET plan_cache_mode = force_custom_plan; SET plpgsql.variable_conflict = 'error'; SET plpgsql.extra_errors = 'all'`,
  `SET DateStyle = 'Postgres, MDY'; SET IntervalStyle = 'postgres_verbose'; SET session_replication_role = replica; SET search_path = ''`,
];

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query(`
    CREATE TYPE mood AS ENUM ('fine', 'poor'); CREATE TYPE told AS ENUM ('loud'); CREATE DOMAIN moment AS timestamptz; CREATE DOMAIN word AS text;
    CREATE TYPE pair AS (at timestamptz, took interval);
    CREATE FUNCTION tell(told) RETURNS json LANGUAGE sql AS $$ SELECT to_json(make_interval(days => 2)::text) $$;
    CREATE CAST (told AS json) WITH FUNCTION tell(told)`);
  for (const [index, type] of Object.keys(VALUES).entries()) {
    await database.query(`
      CREATE TABLE value_${index} (id integer PRIMARY KEY, value ${type}); SELECT sync.track('value_${index}');
      CREATE TABLE scope_${index} (id integer PRIMARY KEY, value ${type}); SELECT sync.track('scope_${index}', 'value')`);
  }
});

afterAll(() => database?.close());

const types = Object.entries(VALUES).map(([type, value], index) => ({ type, value, index }));

const capturedBy = async (settings: string, { value, index }: (typeof types)[number]) => {
  const client = await database.pool.connect();
  try {
    await client.query(settings);
    for (const table of [`public.value_${index}`, `public.scope_${index}`])
      await client.query(
        `INSERT INTO ${table} VALUES (1, ${value}); UPDATE ${table} SET value = NULL; UPDATE ${table} SET value = ${value}; DELETE FROM ${table}`,
      );
  } finally {
    client.release(true); // its session's settings go with it
  }
  return database.query<{ op: string; scope: string }>(
    `WITH captured AS (DELETE FROM sync.outbox RETURNING id, "table", op, key, scope, old::text, new::text)
     SELECT "table", op, key, scope, old, new FROM captured ORDER BY id`,
  );
};

test.each(types)('$type is captured alike, whatever is set in the session that writes', async (entry) => {
  const plain = await capturedBy(`SET TimeZone = 'UTC'`, entry);
  expect(plain.map(({ op }) => op)).toEqual([...'IUUD', ...'IUUD']);
  expect(plain[4]?.scope).toBeTruthy();
  for (const settings of SESSIONS) expect(await capturedBy(settings, entry)).toEqual(plain);
});

describe('only what a table’s types depend on is set for its capture', () => {
  const settingsOf = async (table: string) => {
    const [found] = await database.query<{ settings: string[] | null }>(
      `SELECT proconfig AS settings FROM sync.tracked JOIN pg_proc ON proname = 'capture_' || id AND pronamespace = 'sync'::regnamespace
       WHERE "table" = $1::regclass`,
      [table],
    );
    return found?.settings?.map((setting) => setting.split('=')[0]) ?? [];
  };
  const all = [
    ...['search_path', 'TimeZone', 'DateStyle', 'IntervalStyle', 'bytea_output', 'extra_float_digits', 'lc_monetary'],
    'quote_all_identifiers',
  ];

  test.each(types)('$type', async ({ type, index }) => {
    const nothing = [...WITHOUT_SETTINGS, ...WITHOUT_SETTINGS_AS_JSON].includes(type);
    expect(await settingsOf(`value_${index}`)).toEqual(
      nothing ? [] : WITH_A_TIME_ZONE.includes(type) ? ['TimeZone'] : all,
    );
    expect(await settingsOf(`scope_${index}`)).toEqual(WITHOUT_SETTINGS.includes(type) ? [] : all);
  });

  test('a key is text, as a scope is; excluded columns do not count', async () => {
    await database.query(`
      CREATE TABLE days (day date, id integer, PRIMARY KEY (id, day)); SELECT sync.track('days');
      CREATE TABLE hidden (id integer PRIMARY KEY, took interval); SELECT sync.track('hidden', exclude => '{took}')`);
    expect(await settingsOf('days')).toEqual(all);
    expect(await settingsOf('hidden')).toEqual([]);
  });

  test('a column that is added later counts, also one that a restore adds', async () => {
    await database.query(`CREATE TABLE grows (id integer PRIMARY KEY); SELECT sync.track('grows')`);
    expect(await settingsOf('grows')).toEqual([]);
    const client = await database.pool.connect();
    await client.query('SET session_replication_role = replica; ALTER TABLE grows ADD COLUMN took interval');
    client.release(true);
    expect(await settingsOf('grows')).toEqual(all);
    await database.query('ALTER TABLE grows ALTER COLUMN took TYPE text');
    expect(await settingsOf('grows')).toEqual([]);
  });

  test('where no event trigger tells of new columns, all is set', async () => {
    await database.query('CREATE TABLE alone (id integer PRIMARY KEY)');
    await database.query(`ALTER EVENT TRIGGER sync_follow_ddl DISABLE; SELECT sync.track('alone')`);
    expect(await settingsOf('alone')).toEqual(all);
    await database.query('ALTER EVENT TRIGGER sync_follow_ddl ENABLE ALWAYS');
  });
});
