import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const POM = fileURLToPath(new URL('../kafka/pom.xml', import.meta.url));
const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));

/** What is missing on this machine to run a Kafka broker; undefined when nothing is. */
export async function whyNoKafka(): Promise<string | undefined> {
  if (!(await runs('java', ['-version']))) return 'there is no Java on the PATH';
  if (existsSync(jarsFolder())) return undefined;
  return (await runs('mvn', ['--version']))
    ? undefined
    : 'there is no Maven on the PATH to fetch the jars of Kafka with';
}

/**
 * The folder of Kafka's jars, fetched through Maven the first time (43 MB) and kept in `.cache/`.
 *
 * Runs that fetch at once do not disturb each other: a folder is only ever seen whole.
 */
export async function fetchKafkaJars(): Promise<string> {
  const folder = jarsFolder();
  if (existsSync(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.unfinished-`);
  try {
    await run('mvn', [
      '-q',
      '-B',
      '-f',
      POM,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${unfinished}`,
      '-DincludeScope=runtime',
    ]);
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

function jarsFolder(): string {
  const version = /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>([^<]+)</.exec(readFileSync(POM, 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${POM} names no version of Kafka`);
  return join(CACHE, `kafka-${version}`);
}

async function runs(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, args);
    return true;
  } catch {
    return false; // not installed, or broken: either way nothing to run Kafka with
  }
}
