import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { createDirectory } from '../authority/directory.ts';
import { bothWheres } from '../model/prisma-where.ts';
import { type Row, textOf } from '../model/row.ts';
import { tableOf } from '../model/table.ts';
import type { Database } from '../model/transaction.ts';
import { divideAuthority } from './authority-parts.ts';
import { createSnapshotMemory } from './snapshot-memory.ts';
import { createSnapshotRows, type SnapshotRows } from './snapshot-rows.ts';
import {
  onceRelayed,
  parametersOf,
  parseStartPoint,
  type StartPoint,
  type StartRequest,
  startPointSql,
} from './start-point.ts';
import { createTurns } from './turns.ts';
import { enteringRow, type View } from './view.ts';

export interface SnapshotRequest {
  readonly views: readonly View[];
  /**
   * Of whom the start point is to tell, as of right before it is taken; called again for each attempt. The rows are those that
   * the first of them may see.
   *
   * @throws when nobody wants it any more.
   */
  viewers(): readonly [StartRequest, ...StartRequest[]];
  /** @throws when nobody wants it any more. */
  goOn(): void;
}

/** All rows of a question's views as of one start point. */
export interface Snapshot {
  readonly start: StartPoint;
  readonly rows: SnapshotRows;
}

interface Dependencies {
  readonly prisma: PrismaClient;
  readonly settings: {
    /** Transactions that read snapshots at the same time. */
    readonly maxConcurrent: number;
    /** Of one such transaction, but for its last statement, which may take as long again. */
    readonly timeoutMs: number;
    /** Of all rows that were read and not yet sent, compressed. */
    readonly maxBytes: number;
    /** A snapshot that is sent for longer gives way to others when that is too much. */
    readonly patienceMs: number;
    readonly pageRows: number;
    readonly relayTimeoutMs: number;
  };
}

/**
 * Reads snapshots: rows and start point in one REPEATABLE READ transaction, page by page, hence as of one moment. The transaction
 * is over before the first row is sent.
 */
export function createSnapshots({ prisma, settings }: Dependencies) {
  const memory = createSnapshotMemory(settings);
  const turns = createTurns(settings.maxConcurrent);

  async function read(request: SnapshotRequest): Promise<Snapshot | null> {
    const rows = createSnapshotRows(memory);
    try {
      const start = await prisma.$transaction((tx) => readAll(tx, request, rows), {
        isolationLevel: 'RepeatableRead',
        timeout: settings.timeoutMs,
        maxWait: settings.timeoutMs,
      });
      if (start === null) rows.release();
      return start && { start, rows };
    } catch (error) {
      rows.release();
      throw error;
    }
  }

  async function readInTurn(request: SnapshotRequest): Promise<Snapshot | null> {
    const endTurn = await turns.take();
    try {
      request.goOn();
      return await read(request);
    } finally {
      endTurn();
    }
  }

  async function readAll(tx: Database, request: SnapshotRequest, rows: SnapshotRows) {
    const { views } = request;
    // Prisma's timeout ends no statement that waits, for a lock say.
    await tx.$executeRawUnsafe(`SET LOCAL statement_timeout = ${settings.timeoutMs}`);
    // Before the snapshot is taken: TRUNCATE empties a table also for older ones, whose rows would be gone before the log says so.
    const tables = [...new Set(views.map(({ model }) => model.table))];
    await tx.$executeRawUnsafe(`LOCK TABLE ${tables.join()} IN ACCESS SHARE MODE`);
    const viewers = request.viewers();
    const start = parseStartPoint(await tx.$queryRawUnsafe<unknown[]>(startPointSql, ...parametersOf(viewers)));
    if (start === null) return null;
    const [first] = viewers;
    const authority = createDirectory(divideAuthority(start.authority)(first)).authorityOf(first.viewerId);
    for (const [index, view] of views.entries()) {
      const where = bothWheres(view.model.policy.read.where(authority), view.where);
      for (let last: Row | undefined, isMore = true; isMore; ) {
        request.goOn();
        const after = last === undefined ? where : bothWheres(where, { id: { gt: textOf(last, 'id') } });
        const page = await tableOf(view.model, tx).find(after, { orderBy: [{ id: 'asc' }], take: settings.pageRows });
        last = page.at(-1);
        isMore = page.length === settings.pageRows;
        const changes = page.map((row) => enteringRow(view, authority, row)).map(({ model: _, ...change }) => change);
        if (changes.length > 0) await rows.add({ view: index, changes });
      }
    }
    return start;
  }

  return {
    /**
     * @throws UNAVAILABLE when no relay runs, or when it takes too long; what the database, and the request, throw.
     */
    read(request: SnapshotRequest): Promise<Snapshot> {
      const options = { timeoutMs: settings.relayTimeoutMs, isOver: () => false };
      return onceRelayed(() => readInTurn(request), options);
    },
  };
}
export type Snapshots = ReturnType<typeof createSnapshots>;
