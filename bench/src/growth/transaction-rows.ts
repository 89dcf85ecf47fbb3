import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { EVENT_MARK, openSubscribers } from '../load/subscribers.ts';
import type { Row } from '../row.ts';
import type { Stage } from '../stage.ts';
import { boardWatch } from './board-watch.ts';
import { growthRows, type Step } from './growth-rows.ts';
import { createUncapturedBoard } from './uncaptured-board.ts';

const TIMEOUT_MS = 600_000;

/**
 * From the return of COMMIT until a client that watches the board holds all of it, with more and more rows in one
 * transaction, divided by the rows. (One beyond TRANSACTION_MAX_BYTES comes as a reset and a snapshot.)
 */
export async function measureTransactions(bench: Bench, stage: Stage): Promise<Row[]> {
  const { hub, connectionParams } = stage;
  const steps: Step[] = [];
  for (const count of bench.plan.growth.transactions) {
    bench.tell(`${count} rows in a transaction`);
    const board = await createUncapturedBoard(stage, count);
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
    const costs: number[] = [];
    // The first is warm-up, but where a single one takes seconds.
    const rounds = Array.from({ length: count < 100_000 ? bench.plan.rounds + 1 : 1 }).keys();
    for (const round of rounds) {
      const title = `${EVENT_MARK} round ${round}`;
      const before = subscribers.total();
      await hub.database.query('UPDATE tasks SET title = $1 WHERE workspace_id = $2', [title, board.workspaceUuid]);
      const committedAtMs = performance.now();
      // Only the last frame of a transaction, or of a snapshot, says so; or one without rows, if more had come meanwhile.
      await until(() => subscribers.total() > before && subscribers.last(0).includes('"upToDate":true'));
      costs.push(((performance.now() - committedAtMs) * 1_000) / count);
    }
    subscribers.close();
    steps.push({
      what: `growth: ${count} rows in a transaction, from COMMIT until a watch holds them, a row`,
      besideWhat: `with ${count}`,
      costs: costs.length > 1 ? costs.slice(1) : costs,
    });
  }
  return growthRows('µs', steps);
}
