import type { Section } from '../bench.ts';
import { besideServer, serverCores, startStage } from '../stage.ts';
import { measureDistinctFilters } from './distinct-filters.ts';
import { measureRowSubscriptions } from './row-subscriptions.ts';

/** Subscriptions that differ in what they ask for. */
export const filters: Section = {
  name: 'filters',
  cores: serverCores,
  measure: (bench) =>
    besideServer(bench, async () => {
      const stage = await startStage(bench, { apis: 2 });
      const rows = [...(await measureRowSubscriptions(bench, stage)), ...(await measureDistinctFilters(bench, stage))];
      await stage.close();
      return rows;
    }),
};
