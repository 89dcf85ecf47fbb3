import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { createBoard } from '../board.ts';
import { EVENT_MARK, openSubscribers } from '../load/subscribers.ts';
import { median } from '../percentile.ts';
import type { Row } from '../row.ts';
import type { Stage } from '../stage.ts';
import { boardWatch } from './board-watch.ts';

const TIMEOUT_MS = 600_000;

/**
 * From the return of COMMIT until a client that watches the board holds all of it, with more and more rows in one
 * transaction. (One beyond TRANSACTION_MAX_BYTES comes as a reset and a snapshot.)
 */
export async function measureTransactions(bench: Bench, { hub, connectionParams }: Stage): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of bench.plan.growth.transactions) {
    bench.tell(`${count} rows in a transaction`);
    const board = await createBoard(hub.database, count);
    const subscribers = await openSubscribers({
      name: 'our API',
      port: hub.apis[0]?.port ?? 0,
      sockets: 1,
      connectionParams: await connectionParams(),
      subscriptionsOf: () => [boardWatch(board)],
    });
    subscribers.keepLast(true);
    const until = async (isHeld: () => boolean) => {
      for (const givesUpAtMs = performance.now() + TIMEOUT_MS; performance.now() < givesUpAtMs; await sleep(1)) {
        subscribers.check();
        if (isHeld()) return;
      }
      throw new Error(`${count} rows did not arrive within ${TIMEOUT_MS} ms`);
    };
    await until(() => subscribers.upToDate() === 1);
    const times: number[] = [];
    const repeats = count < 100_000 ? bench.plan.rounds : 1;
    for (let round = 0; round < repeats; round++) {
      const title = `${EVENT_MARK} round ${round}`;
      const before = subscribers.total();
      await hub.database.query('UPDATE tasks SET title = $1 WHERE id = ANY ($2::uuid[])', [title, board.ids]);
      const committedAtMs = performance.now();
      // Only the last frame of a transaction, or of a snapshot, says so; or one without rows, if more had come meanwhile.
      await until(() => subscribers.total() > before && subscribers.last(0).includes('"upToDate":true'));
      times.push(performance.now() - committedAtMs);
    }
    subscribers.close();
    const what = `growth: ${count} rows in a transaction, from COMMIT until a watch holds them`;
    rows.push({ what, unit: 'ms', ours: median(times), beside: null, bar: null });
  }
  return rows;
}
