import type { Prisma, PrismaClient } from '@sync-hub/prisma/generated/client';
import type { Query } from '@sync-hub/prisma/query';

/** A client that can read and write: the pool's, or one inside a transaction. */
export type Database = PrismaClient | Prisma.TransactionClient;
export type WriteTransaction = Prisma.TransactionClient;

/** Statements inside a transaction of Prisma's, or over its pool. */
export function queryThrough(database: Pick<Database, '$queryRawUnsafe'>): Query {
  return (text, ...values) => database.$queryRawUnsafe(text, ...values);
}
