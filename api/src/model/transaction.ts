import type { Prisma, PrismaClient } from '@sync-hub/prisma/generated/client';

/** A client that can read and write: the pool's, or one inside a transaction. */
export type Database = PrismaClient | Prisma.TransactionClient;
export type WriteTransaction = Prisma.TransactionClient;
