import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.ts';

export interface PrismaSettings {
  readonly databaseUrl: string;
  /** Connections this process holds at most. Default: 10. */
  readonly maxConnections?: number;
}

/**
 * The typed client of the domain tables, with a pool of its own. It connects when first used; `$disconnect` ends the pool.
 *
 * Statements are prepared once a connection, under a name made of their text.
 */
export function createPrisma({ databaseUrl, maxConnections = 10 }: PrismaSettings): PrismaClient {
  const adapter = new PrismaPg(
    { connectionString: databaseUrl, max: maxConnections },
    // Without it each execution is parsed and planned anew. A hash, since names are cut at 63 bytes.
    { statementNameGenerator: ({ sql }) => createHash('sha1').update(sql).digest('hex') },
  );
  return new PrismaClient({ adapter });
}
