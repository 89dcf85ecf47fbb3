import type { Section } from '../bench.ts';
import { besideServer, serverCores, startStage } from '../stage.ts';
import { measureLargestTransaction } from './largest-transaction.ts';
import { measureSubscribers } from './subscriber-rows.ts';
import { measureTransactions } from './transaction-rows.ts';
import { measureWorkspaces } from './workspace-rows.ts';

/** How cost grows: nothing stands beside these rows but the row above them. */
export const growth: Section = {
  name: 'growth',
  cores: serverCores,
  measure: (bench) =>
    besideServer(bench, async () => {
      const stage = await startStage(bench);
      const rows = [
        ...(await measureSubscribers(bench, stage)),
        ...(await measureWorkspaces(bench, stage)),
        ...(await measureTransactions(bench, stage)),
        ...(await measureLargestTransaction(bench, stage)),
      ];
      await stage.close();
      return rows;
    }),
};
