import pg from 'pg';
import { writeThroughApi } from './graphql-writer.ts';
import type { Random } from './random.ts';
import { HOT_WRITE, type SqlWrite, sqlWrites } from './sql-writer.ts';
import type { World } from './world.ts';

export interface Writers {
  /** How often each kind of write succeeded, and how often one failed. */
  readonly counts: ReadonlyMap<string, number>;
  /** Resolves when none writes any more; a transaction that waits still commits. */
  stop(): Promise<void>;
}

const SQL_WRITERS = 4;
const API_WRITERS = 2;
/** These do nothing but meet in one row: the order of the log shows where transactions race. */
const HOT_WRITERS = 3;

/** Starts them, side by side. They live through every fault: a write that fails is counted, and the next one tried. */
export function startWriters({
  world,
  databaseUrl,
  urls,
  random,
}: {
  world: World;
  /** Straight to Postgres: plain SQL does not come through the product. */
  databaseUrl: string;
  urls: readonly string[];
  random: Random;
}): Writers {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10, connectionTimeoutMillis: 3_000 });
  pool.on('error', () => {}); // it crashes on purpose
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  const stopping = new AbortController();
  const repeat = async (write: () => Promise<string>, draw: Random) => {
    while (!stopping.signal.aborted) {
      try {
        count(await write());
      } catch (error) {
        count(error instanceof Error ? `failed: ${kindOf(error)}` : 'failed');
      }
      await pause(draw.between(5, 80));
    }
  };
  const running = [
    ...Array.from({ length: SQL_WRITERS }, () => {
      const own = random.fork();
      const writes = sqlWrites(world, own, pause);
      return repeat(() => writeBySql(pool, weighted(writes, own)), own);
    }),
    ...Array.from({ length: HOT_WRITERS }, () => {
      const own = random.fork();
      const hot = sqlWrites(world, own, pause).filter(({ name }) => name === HOT_WRITE);
      return repeat(() => writeBySql(pool, own.pick(hot)), own);
    }),
    ...Array.from({ length: API_WRITERS }, () => {
      const own = random.fork();
      return repeat(async () => {
        await writeThroughApi({ world, urls, pool, random: own });
        return 'through the API';
      }, own);
    }),
  ];
  return {
    counts,
    async stop() {
      stopping.abort();
      await Promise.all(running);
      await pool.end();
    },
  };
}

async function writeBySql(pool: pg.Pool, write: SqlWrite): Promise<string> {
  const client = await pool.connect();
  client.removeAllListeners('error').on('error', () => {}); // the query's own rejection tells of it
  let failure: Error | undefined;
  try {
    // A paused or cut-off Postgres must not hold a writer for ever.
    await withDeadline(
      (async () => {
        await client.query('BEGIN');
        await write.run(client);
        await client.query('COMMIT');
      })(),
      25_000,
    );
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw failure;
  } finally {
    client.release(failure);
  }
  return write.name;
}

function weighted(writes: readonly SqlWrite[], random: Random): SqlWrite {
  const total = writes.reduce((sum, { weight }) => sum + weight, 0);
  let left = random.fraction() * total;
  for (const write of writes) {
    left -= write.weight;
    if (left < 0) return write;
  }
  return random.pick(writes);
}

async function withDeadline(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('took too long')), ms);
  });
  try {
    await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Enough to see from the counts that writes failed for the expected reasons. */
function kindOf(error: Error): string {
  if (error instanceof pg.DatabaseError) return `SQLSTATE ${error.code}`;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message.slice(0, 40);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
