import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import * as engineModule from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import type { Migration } from '../migration-files.ts';

const NO_FILTER = { externalTables: [], externalEnums: [] };

/** The OID of Postgres's internal type "char", which the catalog uses and adapter-pg does not know. */
const INTERNAL_CHAR = 18;

/** What Prisma itself says and does, for tests that hold this package to it. */
export interface SchemaEngine {
  /** The SQL that `prisma migrate diff` would write to take the database to a schema file's text; null when there is no difference. */
  diff(schema: string): Promise<string | null>;
  /** What `prisma migrate status` would find. */
  status(migrations: readonly Migration[]): Promise<{ edited: string[]; failed: string[]; unapplied: string[] }>;
  /** `prisma migrate deploy`. */
  deploy(migrations: readonly Migration[]): Promise<string[]>;
}

/**
 * Prisma's schema engine on a database: the WebAssembly build, since the native one has to be downloaded. Its interface
 * is Prisma's own affair, hence pinned by version. The pool becomes the engine's: its `query` is changed.
 */
export async function createSchemaEngine(pool: pg.Pool): Promise<SchemaEngine> {
  loadEngine();
  const adapter = bindMigrationAwareSqlAdapterFactory(createCatalogAdapter(pool));
  const engine = await engineModule.SchemaEngine.new(
    { datamodels: [['schema.prisma', 'datasource db { provider = "postgresql" }']] },
    () => {},
    adapter,
  );
  const listed = (migrations: readonly Migration[]) => ({
    migrationsList: {
      baseDir: 'migrations',
      lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"' },
      shadowDbInitScript: '',
      migrationDirectories: migrations.map(({ name, sql }) => ({
        path: name,
        migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
      })),
    },
    filters: NO_FILTER,
  });

  return {
    async diff(schema) {
      const files = [{ path: 'schema.prisma', content: schema }];
      const from = { tag: 'schemaDatasource' as const, files, configDir: '.' };
      const to = { tag: 'schemaDatamodel' as const, files };
      const result = await engine.diff({ from, to, script: true, exitCode: true, filters: NO_FILTER });
      return result.exitCode === 0 ? null : result.stdout;
    },
    async status(migrations) {
      const found = await engine.diagnoseMigrationHistory({ ...listed(migrations), optInToShadowDatabase: false });
      const unapplied =
        found.history !== null && 'unappliedMigrationNames' in found.history
          ? found.history.unappliedMigrationNames
          : [];
      return { edited: found.editedMigrationNames, failed: found.failedMigrationNames, unapplied };
    },
    async deploy(migrations) {
      const result = await withUnheldTimers(() => engine.applyMigrations(listed(migrations)));
      return result.appliedMigrationNames;
    },
  };
}

let isLoaded = false;

/** Once a process: a second instance would take the memory of the first from under its engines. */
function loadEngine(): void {
  if (isLoaded) return;
  isLoaded = true;
  // The engine's last words go here before it traps.
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: {
      set_message(message: string) {
        throw new Error(message);
      },
    },
  });
  const path = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const compiled = new WebAssembly.Module(readFileSync(path.replace(/\.js$/, '.wasm')));
  const { exports } = new WebAssembly.Instance(compiled, {
    './schema_engine_bg.js': engineModule as object as WebAssembly.ModuleImports,
  });
  engineModule.__wbg_set_wasm(exports);
  (exports['__wbindgen_start'] as () => void)();
}

/** The engine gives its lock ten seconds and never clears the timer, which would hold the process for as long. */
async function withUnheldTimers<T>(run: () => Promise<T>): Promise<T> {
  const { setTimeout } = globalThis;
  const unheld = (callback: () => void, ms?: number) => setTimeout(callback, ms).unref();
  Object.assign(globalThis, { setTimeout: unheld });
  try {
    return await run();
  } finally {
    Object.assign(globalThis, { setTimeout });
  }
}

/** adapter-pg, made fit for the engine: it lacks the type "char", and splits scripts at every semicolon, also inside a function's body. */
function createCatalogAdapter(pool: pg.Pool): PrismaPg {
  let isInternalChar: boolean[] = [];
  const query = pool.query.bind(pool) as (config: pg.QueryArrayConfig) => Promise<pg.QueryArrayResult>;
  Object.assign(pool, {
    query: async (config: pg.QueryArrayConfig) => {
      const result = await query(config);
      isInternalChar = result.fields.map((field) => field.dataTypeID === INTERNAL_CHAR);
      for (const field of result.fields)
        if (field.dataTypeID === INTERNAL_CHAR) field.dataTypeID = pg.types.builtins.TEXT;
      return result;
    },
  });

  const factory = new PrismaPg(pool);
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    return Object.assign(adapter, {
      async queryRaw(sql: Parameters<typeof queryRaw>[0]) {
        const result = await queryRaw(sql);
        const columnTypes = result.columnTypes.map((type, i) => (isInternalChar[i] ? ColumnTypeEnum.Character : type));
        return { ...result, columnTypes };
      },
      async executeScript(script: string) {
        await pool.query(script);
      },
    });
  };
  return factory;
}
