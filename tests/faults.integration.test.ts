import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { describeWithKafka } from '@sync-hub/dev/test-kafka';
import type { StreamKind } from './faults/hub.ts';
import { formatReport } from './faults/report.ts';
import { runFaults } from './faults/run.ts';

// The long run is `npm run test:faults`; see faults/README.md.
describe('under faults, on the Postgres stream', () => promises('postgres', [1]));
describeWithKafka('under faults, on Kafka', () => promises('kafka', [1]));

function promises(stream: StreamKind, seeds: readonly number[]) {
  test.each(seeds)(
    'every client ends with its own SELECT, and was told nothing wrong on the way (seed %i)',
    async (seed) => {
      const options = {
        seed,
        stream,
        seconds: 15,
        brokers: 1 as const,
        watchers: 24,
        nemesis: /./,
        catchUpSeconds: 30,
        root: fileURLToPath(new URL('..', import.meta.url)),
        folder: await createTestFolder(),
        tell: () => {},
      };
      const result = await runFaults(options);
      if (result.problems.length + result.violations.length > 0) throw new Error(formatReport(options, result));
      expect(result.replayed.transactions.length).toBeGreaterThan(100);
    },
    240_000,
  );
}
