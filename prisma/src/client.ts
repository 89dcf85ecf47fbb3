import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.ts';
import { createStatementNames } from './statement-names.ts';

export interface PrismaSettings {
  readonly databaseUrl: string;
  /** Connections this process holds at most. Default: 10. */
  readonly maxConnections?: number;
}

/**
 * The typed client of the domain tables, with a pool of its own. It connects when first used; `$disconnect` ends the pool.
 *
 * Statements are prepared, so that Postgres parses and plans each once a connection.
 */
export function createPrisma({ databaseUrl, maxConnections = 10 }: PrismaSettings): PrismaClient {
  const nameOf = createStatementNames();
  return new PrismaClient({
    adapter: new PrismaPg(
      { connectionString: databaseUrl, max: maxConnections },
      { statementNameGenerator: ({ sql }) => nameOf(sql) },
    ),
  });
}
