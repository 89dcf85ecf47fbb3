import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRunFolder, deleteRunFolder } from '@sync-hub/dev/run-folder';
import { readCommandLine } from './command-line.ts';
import { formatReport } from './report.ts';
import { runFaults } from './run.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** `npm run test:faults`: ends with code 1 when a promise was broken. */
async function main() {
  const { streams, root = ROOT, isVerbose, ...given } = readCommandLine(process.argv.slice(2));
  const folder = await createRunFolder();
  // However the run ends: what it started keeps its data, and its process id, below the folder.
  process.once('exit', () => deleteRunFolder(folder));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
  for (const stream of streams) {
    const tell = (line: string) => process.stderr.write(`${stream}: ${line}\n`);
    tell(`seed ${given.seed}`);
    const options = { ...given, stream, root, folder: join(folder, stream), tell };
    const result = await runFaults(options);
    process.stdout.write(`${formatReport(options, result)}\n`);
    if (isVerbose) process.stdout.write(`${result.diary.join('\n')}\n${result.logs}\n`);
    if (result.problems.length + result.violations.length > 0) process.exitCode = 1;
  }
  process.exit();
}

await main();
