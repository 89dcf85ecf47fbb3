import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface KafkaBroker {
  /** host:port. */
  readonly address: string;
  /** Its properties and output, and its records in `data`. */
  readonly folder: string;
  /** Process id; undefined while it does not run. */
  pid(): number | undefined;
  /** Starts it again on the same port and data after `kill`; resolves at once, before it serves. */
  start(): void;
  /** kill -9, as a power cut would end it. */
  kill(): Promise<void>;
  /** Ends it in order. */
  close(): Promise<void>;
}

/** A closing broker moves its leaderships away; alone it has nowhere to move them to and would try for minutes. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Formats the data folder when it is new, and starts the broker that `properties` describe. */
export async function startBroker({
  jars,
  folder,
  address,
  properties,
  format,
}: {
  jars: string;
  /** Of this broker alone: its properties, output and process id. */
  folder: string;
  address: string;
  properties: string;
  /** Arguments of Kafka's StorageTool that say which cluster it belongs to. */
  format: readonly string[];
}): Promise<KafkaBroker> {
  const classPath = ['-cp', join(jars, '*')];
  const propertiesFile = join(folder, 'server.properties');
  const outputFile = join(folder, 'output.log');
  if (!existsSync(propertiesFile)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(propertiesFile, properties);
    await promisify(execFile)('java', [
      ...classPath,
      'kafka.tools.StorageTool',
      'format',
      '-c',
      propertiesFile,
      ...format,
    ]);
  }

  let running: { child: ChildProcess; ended: Promise<void> } | undefined;
  const end = async (signal: NodeJS.Signals) => {
    if (running === undefined) return;
    const { child, ended } = running;
    child.ref();
    child.kill(signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
    await ended;
    clearTimeout(impatience);
  };

  const broker: KafkaBroker = {
    address,
    folder,
    pid: () => running?.child.pid,
    start() {
      if (running !== undefined) return;
      const output = openSync(outputFile, 'a');
      // Little memory and quick to start: a test's broker does not live long enough for the optimising compiler to pay.
      const frugal = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
      const child = spawn('java', [...frugal, ...classPath, 'kafka.Kafka', propertiesFile], {
        stdio: ['ignore', output, output],
        // In a process group of its own: Ctrl-C would otherwise end it before those who still use it.
        detached: true,
      });
      closeSync(output);
      child.unref(); // a test that forgets to close it fails, it does not hang
      running = { child, ended: new Promise((resolve) => child.once('exit', () => resolve())) };
      child.once('exit', () => {
        running = undefined;
      });
      if (child.pid !== undefined) writeFileSync(join(folder, 'broker.pid'), `${child.pid}\n`);
    },
    kill: () => end('SIGKILL'),
    close: () => end('SIGTERM'),
  };
  broker.start();
  return broker;
}

/** The last lines that a broker wrote, to say why it does not answer. */
export function lastOutput(folder: string): string {
  const file = join(folder, 'output.log');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-20).join('\n') : '';
}
