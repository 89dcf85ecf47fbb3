import { fileURLToPath } from 'node:url';
import { createRunFolder, deleteRunFolder } from '@sync-hub/dev/run-folder';
import { closeOnSignals, createClosing } from '@sync-hub/runtime/closing';
import { createLog } from '@sync-hub/runtime/log';
import type { Section } from './bench.ts';
import { type CommandLine, readCommandLine } from './command-line.ts';
import { createCoreLayout } from './core-layout.ts';
import { writeDocument } from './document.ts';
import { describeMachine } from './machine.ts';
import { measureStream } from './measure-stream.ts';
import { formatOutage, measureOutage } from './outage.ts';
import { fullPlan, smokePlan } from './plan.ts';
import { canWatchProcesses } from './process-usage.ts';
import { createProfiler } from './profiler.ts';
import { formatReport, type Report, writeReport } from './report.ts';
import type { Row } from './row.ts';
import { sections } from './sections.ts';
import { startServers } from './servers.ts';
import { exitCodeOf } from './verdict.ts';

/** The rows of `measureStream`, which are there for each store of the log. */
const STREAMS = 'streams';
const DOCUMENT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
/** What others exit with, too, when they are called wrongly: EX_USAGE of sysexits.h. 1 and 2 say something of bars. */
const USAGE = 64;
const RESULTS = fileURLToPath(new URL('../results', import.meta.url));

async function main() {
  const commandLine = readOrRefuse();
  if (commandLine === null) return;
  const { isSmoke, isProfiled, outageSeconds, only, rounds, isDocumented, resultsFolder } = commandLine;
  const isSelected = (name: string) => only === null || only.includes(name);
  const planned = isSmoke ? smokePlan : fullPlan;
  const plan = { ...planned, rounds: rounds ?? planned.rounds };
  const startedAt = new Date();
  const machine = describeMachine();
  const layout = createCoreLayout();
  const log = createLog({ name: 'bench', level: 'warn' }, process.stderr);
  const closing = createClosing(log, { timeoutMs: 30_000 });
  closeOnSignals(closing);
  const folder = await createRunFolder();
  // However the run ends, and after all servers have been closed when it ends well.
  process.once('exit', () => deleteRunFolder(folder));

  try {
    if (outageSeconds !== null) {
      const { postgres } = await startServers({ folder, givenBrokers: ['of its own'], closing });
      process.env['TEST_POSTGRES_URL'] = postgres.url;
      const settings = { durationMs: outageSeconds * 1_000, writesPerSecond: 200, clients: 8 };
      const outage = await measureOutage({ settings, folder, closing, log, tell });
      process.stdout.write(`${formatOutage(outage)}\n`);
      return;
    }

    tell('starting PostgreSQL and Kafka');
    layout.move(process.pid, 'writing'); // What is started from now on inherits its cores.
    const givenBrokers = (process.env['KAFKA_BROKERS'] ?? '').split(',').filter((broker) => broker !== '');
    const { postgres, kafka } = await startServers({ folder, givenBrokers, closing });
    layout.move(process.pid, 'reading');
    process.env['TEST_POSTGRES_URL'] = postgres.url; // Where createTestDatabase makes its databases.

    const isKafkaThere = 'brokers' in kafka;
    if (!isKafkaThere) warn(`No Kafka: ${kafka.missing}. EVERY ROW THAT NEEDS KAFKA IS LEFT OUT.`);
    if (!canWatchProcesses) warn('This is not Linux. EVERY ROW ABOUT PROCESSES AT REST IS LEFT OUT.');

    const rows: Row[] = [];
    let failure: Error | null = null;
    const profiler = isProfiled ? createProfiler() : null;
    const kafkaBrokers = isKafkaThere ? kafka.brokers : [];
    if (isSelected(STREAMS)) {
      const took = startClock(STREAMS);
      for (const brokers of isKafkaThere ? [[], kafka.brokers] : [[]])
        rows.push(...(await measureStream({ kafkaBrokers: brokers, plan, profiler, layout, closing, log, tell })));
      took();
    }
    const selected = sections.filter(({ name }) => isSelected(name));
    for (const section of selected) {
      const tellOf = (step: string) => tell(`${section.name}: ${step}`);
      const took = startClock(section.name);
      try {
        rows.push(...(await section.measure({ plan, layout, closing, log, kafkaBrokers, profiler, tell: tellOf })));
        took();
      } catch (error) {
        // What it has started may be at work still: nothing is measured beside it. What was measured before is kept.
        failure = error instanceof Error ? error : new Error(String(error));
        warn(`${section.name} FAILED, AND WHAT COMES AFTER IT IS LEFT OUT: ${failure.stack}`);
        break;
      }
    }

    const report: Report = {
      startedAt,
      isSmoke,
      machine,
      versions: isKafkaThere ? [postgres.version, kafka.version] : [postgres.version],
      cores: [layout.description, ...coresOf(selected)],
      plan,
      rows,
      profiles: profiler?.profiles ?? [],
    };
    const path = writeReport(report, resultsFolder);
    process.stdout.write(`${formatReport(report)}\n`);
    if (isDocumented) writeDocument(DOCUMENT, startedAt, formatReport(report));
    tell(`written to ${path}`);
    // What a smoke run measures is not judged.
    if (failure !== null) process.exitCode = 1;
    else if (!isSmoke) process.exitCode = exitCodeOf(rows);
  } finally {
    await closing.close();
  }
}

/** Null, once it was said, when something is asked for that there is not. */
function readOrRefuse(): CommandLine | null {
  try {
    const sectionNames = [STREAMS, ...sections.map(({ name }) => name)];
    return readCommandLine(process.argv.slice(2), { defaultResultsFolder: RESULTS, sectionNames });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = USAGE;
    return null;
  }
}

/** A line for each layout, with the sections that have it. */
function coresOf(selected: readonly Section[]): string[] {
  const layouts = [...new Set(selected.map(({ cores }) => cores))];
  return layouts.map((cores) => {
    const names = selected.filter((section) => section.cores === cores).map(({ name }) => name);
    return `in ${names.join(', ')}: ${cores}`;
  });
}

/** Beside the table, which has stdout for itself. With the seconds since the start: where a run's time goes. */
function tell(message: string): void {
  process.stderr.write(`${(performance.now() / 1_000).toFixed(0).padStart(5)} s  ${message}\n`);
}

/** @returns tells how long the section took. */
function startClock(section: string): () => void {
  const startedAtMs = performance.now();
  return () => tell(`${section} took ${((performance.now() - startedAtMs) / 1_000).toFixed(0)} s`);
}

function warn(message: string): void {
  const line = '!'.repeat(100);
  tell(`\n${line}\n!! ${message}\n${line}\n`);
}

await main();
