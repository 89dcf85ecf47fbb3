import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect } from '../connect.ts';
import { measureThroughput } from '../throughput.ts';

const run = promisify(execFile);

/** Writers that update one row at a time, each on a connection of its own. */
export interface RowWriters {
  /** For the report. */
  readonly what: string;
  /** @returns transactions a second. */
  write(options: { readonly table: string; readonly writers: number; readonly durationMs: number }): Promise<number>;
}

/** pgbench where there is one: a client in JavaScript is slower than what it is to measure. */
export async function createRowWriters(databaseUrl: string, rows: number): Promise<RowWriters> {
  try {
    const { stdout } = await run('pgbench', ['--version']);
    return { what: stdout.trim(), write: (options) => writeByPgbench(databaseUrl, rows, options) };
  } catch {
    return { what: 'pg, as there is no pgbench', write: (options) => writeByPg(databaseUrl, rows, options) };
  }
}

type Options = Parameters<RowWriters['write']>[0];

async function writeByPgbench(databaseUrl: string, rows: number, { table, writers, durationMs }: Options) {
  const folder = mkdtempSync(join(tmpdir(), 'sync-hub-bench-'));
  const script = join(folder, 'update.sql');
  writeFileSync(script, `\\set n random(1, ${rows})\n${updateSql(table, ':n')};\n`);
  try {
    // It reports by the second. In the first its connections are new: each plans, compiles triggers and fills its caches.
    const seconds = 1 + Math.max(1, Math.round(durationMs / 1_000));
    const flags = ['--no-vacuum', '--protocol=prepared', '--progress=1', `--client=${writers}`, `--time=${seconds}`];
    const { stdout, stderr } = await run('pgbench', [...flags, `--file=${script}`, databaseUrl]);
    const [, ...rates] = [...stderr.matchAll(/^progress: [\d.]+ s, ([\d.]+) tps/gm)].map(([, rate]) => Number(rate));
    if (rates.length === 0 || !/failed transactions: 0 /.test(stdout))
      throw new Error(`pgbench said: ${stdout} ${stderr}`);
    return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function writeByPg(databaseUrl: string, rows: number, { table, writers, durationMs }: Options) {
  const connections = await Promise.all(Array.from({ length: writers }, () => connect(databaseUrl)));
  const load = {
    async act(writer: number) {
      const row = 1 + Math.floor(Math.random() * rows);
      await connections[writer]?.query({ name: 'update', text: updateSql(table, '$1'), values: [row] });
    },
    async close() {
      await Promise.all(connections.map((connection) => connection.end()));
    },
  };
  try {
    return await measureThroughput(load, { clients: writers, durationMs });
  } finally {
    await load.close();
  }
}

/** Rows have ids from 1 on: see `createRows`. */
function updateSql(table: string, n: string): string {
  return `UPDATE ${table} SET title = 'written ' || ${n}::int WHERE id = lpad(to_hex(${n}::int), 32, '0')::uuid`;
}
