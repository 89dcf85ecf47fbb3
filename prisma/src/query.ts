import pg from 'pg';

/**
 * Runs one statement, a transaction of its own, and gives its rows as pg reads them.
 *
 * For the few statements that every request needs: by itself pg takes a small part of the CPU that the same statement takes
 * through Prisma, which is what `npm run bench -- --only mutations` holds it against.
 *
 * @throws pg's own error; `timeout exceeded` when no connection is free in time, `Query read timeout` when there is no answer in
 *   time: whether it was done is not known then, and its connection, which may have gone silent, is not used again.
 */
export type Query = <Row>(text: string, ...values: readonly unknown[]) => Promise<Row[]>;

interface Dependencies {
  readonly pool: pg.Pool;
  /** Under which name a text is prepared; '': under none. */
  readonly nameOf: (text: string) => string;
  /** How long a statement waits for a connection. */
  readonly maxWaitMs: number;
  /** How long it waits for its answer; then it is cancelled. Null: as long as it takes. */
  readonly maxRunMs: number | null;
}

/**
 * Classes of SQLSTATE that say something about the statement and nothing about its connection: that is kept. (`pool.query` would
 * end it, and whoever sends ids that are taken would have us connect anew each time.)
 */
const refusals = /^(22|23|40|42)/;

export function createQuery({ pool, nameOf, maxWaitMs, maxRunMs }: Dependencies): Query {
  return async <Row>(text: string, ...values: readonly unknown[]) => {
    const client = await connect(pool, maxWaitMs);
    let broken: Error | undefined;
    const onError = (error: Error) => {
      broken = error;
    };
    client.on('error', onError);
    const run = async (name: string) => {
      const deadline = maxRunMs === null ? {} : { query_timeout: maxRunMs };
      return (await client.query({ name, text, values: [...values], ...deadline })).rows as Row[];
    };
    try {
      return await run(nameOf(text)).catch((error: unknown) => {
        if (!isOutdatedPlan(error)) throw error;
        broken = error; // What else it has prepared may be outdated, too.
        return run('');
      });
    } catch (error) {
      const isRefusal = error instanceof pg.DatabaseError && refusals.test(error.code ?? '');
      if (!isRefusal) broken ??= error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken);
      if (broken?.message === 'Query read timeout') cancel(pool, client);
    }
  };
}

/** It would go on without a client, beside the connection that takes its place in the pool: that would be bounded no more. */
function cancel(pool: pg.Pool, client: pg.PoolClient): void {
  const { processID } = client as unknown as { readonly processID: number | null };
  pool.query('SELECT pg_cancel_backend($1)', [processID]).catch(() => undefined); // The server is away, and with it what it did.
}

/** A migration has changed the type of a column that the statement gives. Postgres says so before it does anything. */
function isOutdatedPlan(error: unknown): error is Error {
  return error instanceof pg.DatabaseError && error.code === '0A000' && error.routine === 'RevalidateCachedQuery';
}

function connect(pool: pg.Pool, maxWaitMs: number): Promise<pg.PoolClient> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new Error('timeout exceeded: no connection to Postgres is free'));
    }, maxWaitMs);
    pool.connect((error, client, release) => {
      clearTimeout(timer);
      if (isLate) return release();
      if (client === undefined) return reject(error);
      resolve(client);
    });
  });
}
