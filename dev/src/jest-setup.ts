import { join } from 'node:path';
import { startKafka } from './kafka.ts';
import { whyNoKafka } from './kafka-jars.ts';
import { startPostgres } from './postgres.ts';
import { createRunFolder, deleteRunFolder } from './run-folder.ts';
import { someSelectedTestMentions } from './selected-tests.ts';

/** The part of jest's GlobalConfig that says which test files were asked for. */
interface JestRun {
  readonly testPathPatterns: { readonly patterns: readonly string[] };
}

/** jest's globalSetup of integration runs. Tests learn of the servers through process.env, which jest's workers inherit. */
const setUp = async (run: JestRun, project: { readonly rootDir: string }) => {
  const folder = await createRunFolder();
  process.env['TEST_RUN_FOLDER'] = folder;
  // However the run ends: jest runs no teardown after a failed setup, nor when it is interrupted.
  process.once('exit', () => deleteRunFolder(folder));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

  const needsKafka = someSelectedTestMentions(/kafka/i, {
    rootDir: project.rootDir,
    patterns: run.testPathPatterns.patterns,
  });
  await Promise.all([setUpPostgres(folder), needsKafka && setUpKafka(folder)]);
};

async function setUpPostgres(folder: string): Promise<void> {
  const postgres = await startPostgres({
    dataDir: join(folder, 'postgres'),
    // No power cut is survived without fsync, but tests only kill processes: what those wrote stays in the system's cache.
    settings: { fsync: 'off', max_connections: '300' },
  });
  process.env['TEST_POSTGRES_URL'] = postgres.url;
}

async function setUpKafka(folder: string): Promise<void> {
  const given = process.env['KAFKA_BROKERS'];
  const missing = given ? undefined : await whyNoKafka();
  if (missing === undefined) {
    const brokers = given || (await startKafka({ dataDir: join(folder, 'kafka') })).brokers.join(',');
    process.env['TEST_KAFKA_BROKERS'] = brokers;
    return;
  }
  const notice = `No Kafka: ${missing}. Install Java 17 and Maven, or set KAFKA_BROKERS.`;
  if (process.env['REQUIRE_KAFKA'] === '1')
    throw new Error(`${notice} REQUIRE_KAFKA=1 does not let its tests be skipped.`);
  process.env['TEST_KAFKA_MISSING'] = missing;
  process.stderr.write(
    `\n${'!'.repeat(100)}\n!! ${notice}\n!! EVERY TEST THAT NEEDS KAFKA IS SKIPPED.\n${'!'.repeat(100)}\n\n`,
  );
}

export default setUp;
