import type { Bench, Section } from '../bench.ts';
import type { Row } from '../row.ts';
import { besideServer, type Stage, serverCores, startStage } from '../stage.ts';
import { measureLargestTransaction } from './largest-transaction.ts';
import { measureSubscribers } from './subscriber-rows.ts';
import { measureTransactions } from './transaction-rows.ts';
import { measureWorkspaces } from './workspace-rows.ts';

/** How cost grows: what stands beside a row is the same with the fewest. */
export const growth: Section = {
  name: 'growth',
  cores: serverCores,
  measure: (bench) =>
    besideServer(bench, async () => [
      ...(await onStage(bench, measureSubscribers, measureWorkspaces)),
      // In processes of their own: what 10,000 sockets have taken is not what a transaction takes.
      ...(await onStage(bench, measureTransactions, measureLargestTransaction)),
    ]),
};

async function onStage(
  bench: Bench,
  ...measures: readonly ((bench: Bench, stage: Stage) => Promise<Row[]>)[]
): Promise<Row[]> {
  const stage = await startStage(bench);
  const rows: Row[] = [];
  for (const measure of measures) rows.push(...(await measure(bench, stage)));
  await stage.close();
  return rows;
}
