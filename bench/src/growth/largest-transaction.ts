import { readFileSync, writeFileSync } from 'node:fs';
import type { Bench } from '../bench.ts';
import { createBoard } from '../board.ts';
import { compareRounds } from '../comparison.ts';
import { openOurSide } from '../fan-out/our-side.ts';
import { canWatchProcesses } from '../process-usage.ts';
import type { Row } from '../row.ts';
import type { Stage } from '../stage.ts';
import { boardWatch } from './board-watch.ts';
import { createUncapturedBoard } from './uncaptured-board.ts';

const TIMEOUT_MS = 600_000;

/** Of the resident memory, in MB. */
const bars = { listener: 256, api: 512 };

/** The transaction that it is held against has a row for so many of its own. */
const SMALLER = 1_000;

/**
 * One UPDATE of more rows than any process may hold: how long until a later change in another workspace has arrived, which
 * the log puts behind it, and how much memory listener and API have held meanwhile. A watch of so many rows is none that
 * could be read, so nobody watches them.
 */
export async function measureLargestTransaction(bench: Bench, stage: Stage): Promise<Row[]> {
  const { hub } = stage;
  const count = bench.plan.growth.largestTransaction;
  const smaller = Math.max(1, Math.round(count / SMALLER));
  bench.tell(`writing ${count} rows that nobody follows`);
  const elsewhere = await createBoard(hub.database, 1);
  const subscriptionsOf = () => [boardWatch(elsewhere)];
  const witness = await openOurSide({ stage, board: elsewhere, sockets: 1, goesTo: 'all', subscriptionsOf });
  const workspaces = {
    smaller: (await createUncapturedBoard(stage, smaller)).workspaceUuid,
    largest: (await createUncapturedBoard(stage, count)).workspaceUuid,
  };
  const secondsOf = async (workspaceId: string) => {
    await hub.database.query(`UPDATE tasks SET title = 'changed' WHERE workspace_id = $1`, [workspaceId]);
    const committedAtMs = performance.now();
    const expected = witness.subscribers.total() + 1;
    await witness.emit(1);
    await witness.subscribers.untilTotal(expected, TIMEOUT_MS);
    return (performance.now() - committedAtMs) / 1_000;
  };
  const smallSeconds = await secondsOf(workspaces.smaller);

  bench.tell(`${count} rows in a transaction`);
  const processes = { listener: hub.listener, api: hub.apis[0] ?? hub.listener };
  for (const { pid } of Object.values(processes)) forgetPeak(pid);
  const seconds = await secondsOf(workspaces.largest);
  const peaks = Object.entries(processes).map(([name, { pid }]) => ({ name, bytes: readPeak(pid) }));
  await witness.close();

  const what = `growth: ${count} rows in a transaction`;
  const until = 'from COMMIT until a later change elsewhere';
  const [ours, beside] = [(seconds * 1e6) / count, (smallSeconds * 1e6) / smaller];
  const rows: Row[] = [
    { what: `${what}, ${until}`, unit: 's', ours: seconds, beside: null, bar: null },
    compareRounds(
      { ours: [ours], beside: [beside] },
      {
        what: `${what}, ${until}, a row`,
        besideKind: 'limit',
        besideWhat: `ours with ${smaller}`,
        unit: 'µs',
        maxSpread: 1,
        bar: null,
      },
    ),
  ];
  for (const { name, bytes } of peaks) {
    if (bytes === null) continue;
    const bar = { of: 'ours', atMost: name === 'listener' ? bars.listener : bars.api } as const;
    rows.push({ what: `${what}, ${name}: largest RSS`, unit: 'MB', ours: bytes / 1e6, beside: null, bar });
  }
  return rows;
}

/** @see proc(5): 5 in clear_refs sets VmHWM back to what is resident now. */
function forgetPeak(pid: number): void {
  if (canWatchProcesses) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Bytes; null where nobody tells. */
function readPeak(pid: number): number | null {
  if (!canWatchProcesses) return null;
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kibibytes) * 1_024;
}
