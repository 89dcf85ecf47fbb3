import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFilter } from '@sync-hub/api/model/filter';
import { matches } from '@sync-hub/api/model/match';
import type { Model } from '@sync-hub/api/model/model';
import { prismaWhere } from '@sync-hub/api/model/prisma-where';
import { rowFromRecord } from '@sync-hub/api/model/record-row';
import { tableOf } from '@sync-hub/api/model/table';
import { models } from '@sync-hub/api/schema/models';
import { buildSchema } from '@sync-hub/api/schema/schema';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createPrisma } from '@sync-hub/prisma/client';
import type { JsonRow } from '@sync-hub/stream/change-record';
import fc from 'fast-check';
import { filtersOf, type GeneratedRow, rowsOf } from './filter-arbitraries.ts';
import { columnNamed, sqlCondition } from './filter-sql.ts';

const schema = buildSchema();
let database: TestDatabase;
let prisma: ReturnType<typeof createPrisma>;

beforeAll(async () => {
  database = await createTestDatabase();
  prisma = createPrisma({ databaseUrl: database.url, maxConnections: 4 });
});
afterAll(async () => {
  await prisma?.$disconnect();
  await database?.close();
});

/** Columns that a row must have and no filter knows. */
const otherColumns: Readonly<Record<string, (id: unknown) => Readonly<Record<string, unknown>>>> = {
  User: (id) => ({ email: `${id}@example.com`, color: '#123456' }),
};

/** Makes these the only rows of the model's table. @returns the rows as capture writes them for the log. */
async function write(model: Model, rows: readonly GeneratedRow[]): Promise<JsonRow[]> {
  const records = rows.map((row) => ({
    ...Object.fromEntries(Object.entries(row).map(([field, value]) => [columnNamed(field), value])),
    ...otherColumns[model.name]?.(row['id']),
  }));
  const columns = Object.keys(records[0] ?? {}).join(', ');
  const client = await database.pool.connect();
  try {
    await client.query('BEGIN');
    // Rows refer to whatever they say: a filter looks at nothing but the row.
    await client.query(`SET LOCAL session_replication_role = replica`);
    await client.query(`DELETE FROM ${model.table}`);
    await client.query(
      `INSERT INTO ${model.table} (${columns})
       SELECT ${columns} FROM json_populate_recordset(NULL::${model.table}, $1) ON CONFLICT DO NOTHING`,
      [JSON.stringify(records)],
    );
    const captured = await client.query<{ row: JsonRow }>(
      `SELECT new AS row FROM sync.outbox WHERE xid = pg_current_xact_id() AND op = 'I'`,
    );
    await client.query('COMMIT');
    return captured.rows.map(({ row }) => row);
  } finally {
    client.release();
  }
}

describe('a filter tells rows of the log apart exactly as SELECT finds them, and both as SQL says', () => {
  test.each(models.map((model) => [model.name, model] as const))(
    'whatever is asked of a %s',
    async (_, model) => {
      const property = fc.asyncProperty(
        rowsOf(model),
        fc.array(filtersOf(model, schema), { minLength: 1, maxLength: 10 }),
        async (rows, inputs) => {
          const captured = await write(model, rows);
          for (const input of inputs) {
            const filter = readFilter(model, input);
            const matched = captured.map((row) => rowFromRecord(model, row)).filter((row) => matches(filter, row));
            const found = await tableOf(model, prisma).find(prismaWhere(filter));
            const params: unknown[] = [];
            const meant = await database.query<{ id: string }>(
              `SELECT id FROM ${model.table} WHERE ${sqlCondition(model, input, params)}`,
              params,
            );
            expect({ input, matched: idsOf(matched), found: idsOf(found) }).toEqual({
              input,
              matched: idsOf(meant),
              found: idsOf(meant),
            });
          }
        },
      );
      await fc.assert(property, { numRuns: 100, interruptAfterTimeLimit: 8_000 });
    },
    60_000,
  );
});

/**
 * Capitals of Unicode 17, which Node 20.20 knows and PostgreSQL 18 (Unicode 16) does not: with `insensitive` the matcher takes
 * them for their small letters, Postgres does not. No generated text has one.
 * @see docs/decisions/pinned-collation.md
 */
const newerThanPostgres: readonly (readonly [first: number, last: number])[] = [
  [0xa7ce, 0xa7ce],
  [0xa7d2, 0xa7d2],
  [0xa7d4, 0xa7d4],
  [0x16ea0, 0x16eb8],
];

test('upper and lower case are the same to the matcher and to Postgres, for every character there is but those listed', async () => {
  const rows = await database.query<{ point: number; lower: string }>(
    `SELECT point, lower(chr(point) COLLATE pg_unicode_fast) AS lower
     FROM generate_series(1, x'10ffff'::int) AS point WHERE point NOT BETWEEN x'd800'::int AND x'dfff'::int`,
  );
  const different = rows.filter(({ point, lower }) => String.fromCodePoint(point).toLowerCase() !== lower);
  const isListed = (point: number) => newerThanPostgres.some(([first, last]) => first <= point && point <= last);
  expect(rows.length).toBeGreaterThan(1_100_000);
  expect(different.filter(({ point }) => !isListed(point))).toEqual([]);
}, 60_000);

function idsOf(rows: readonly { readonly [field: string]: unknown }[]): string[] {
  return rows.map((row) => String(row['id'])).sort();
}
