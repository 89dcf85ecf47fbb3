import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.ts';
import { createQuery, type Query } from './query.ts';
import { createStatementNames } from './statement-names.ts';

export interface PrismaSettings {
  readonly databaseUrl: string;
  /** Of its connections, in `pg_stat_activity`. */
  readonly applicationName?: string;
  /** Connections this process holds at most. Default: 10. */
  readonly maxConnections?: number;
}

/** Both ways to ask the database, over the same connections. */
export interface Clients {
  /** Its `$disconnect` ends the pool. */
  readonly prisma: PrismaClient;
  readonly query: Query;
  /** The same for what is answered by index, at once or not at all: soon somebody is told that the database is away. */
  readonly lookUp: Query;
}

/** A write waits as long for a transaction. */
const maxWaitMs = 5_000;
const lookUpMs = 5_000;

/**
 * Connects when first used. Statements are prepared, so that Postgres parses and plans each once a connection.
 */
export function createClients({ databaseUrl, applicationName, maxConnections = 10 }: PrismaSettings): Clients {
  const nameOf = createStatementNames();
  const pool = new pg.Pool({ connectionString: databaseUrl, application_name: applicationName, max: maxConnections });
  // An idle connection that breaks is replaced when one is needed; without a listener it would end the process.
  pool.on('error', () => {});
  const adapter = new PrismaPg(pool, { statementNameGenerator: ({ sql }) => nameOf(sql), disposeExternalPool: true });
  const queryWithin = (maxRunMs: number | null) => createQuery({ pool, nameOf, maxWaitMs, maxRunMs });
  return { prisma: new PrismaClient({ adapter }), query: queryWithin(null), lookUp: queryWithin(lookUpMs) };
}

/** The typed client of the domain tables, with a pool of its own, which `$disconnect` ends. */
export function createPrisma(settings: PrismaSettings): PrismaClient {
  return createClients(settings).prisma;
}
