/** `npm start`: PostgreSQL, the listener and the API on one machine, until Ctrl-C. Run by start.mjs, which builds first. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '@sync-hub/prisma/migrate';
import { seed } from '@sync-hub/prisma/seed';
import { closeOnSignals, createClosing } from '@sync-hub/runtime/closing';
import { createLog } from '@sync-hub/runtime/log';
import { readSettings, SettingsError } from '@sync-hub/runtime/settings';
import { announcement } from './announcement.ts';
import { type HubProcess, startHubProcess } from './hub-process.ts';
import { developmentSecret } from './jwt-secret.ts';
import { readableLine } from './log-line.ts';
import { startPostgres } from './postgres.ts';
import { startSettings } from './start-settings.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

async function main() {
  const settings = readSettings(startSettings, process.env);
  const log = createLog(
    { name: 'start', level: 'info' },
    { write: (line) => print(readableLine('start', line.trimEnd())) },
  );
  const closing = createClosing(log, { timeoutMs: 30_000 });
  closeOnSignals(closing);
  const isProduction = settings.NODE_ENV === 'production';
  const endings: Promise<string>[] = [];
  try {
    const dataDir = resolve(ROOT, settings.DATA_DIR);
    mkdirSync(dataDir, { recursive: true });

    let databaseUrl = settings.DATABASE_URL;
    if (databaseUrl === undefined) {
      const postgres = await startPostgres({ dataDir: join(dataDir, 'postgres') });
      closing.add('PostgreSQL', postgres.close);
      endings.push(postgres.ended.then(() => 'PostgreSQL ended'));
      databaseUrl = postgres.url;
    }
    await migrate(databaseUrl, { log: (message) => log.info(message) });
    if (!isProduction && (await seed(databaseUrl))) log.info('seeded the demo');

    const env = { ...process.env, DATABASE_URL: databaseUrl };
    const secret = settings.JWT_SECRET ?? (isProduction ? undefined : developmentSecret(join(dataDir, 'jwt-secret')));
    const listener = startPart('listener', env, settings.LISTENER_PORT);
    const api = startPart('api', { ...env, JWT_SECRET: secret }, settings.PORT);
    await Promise.all([listener.ready(), api.ready()]);
    print(announcement({ ...settings, DATABASE_URL: databaseUrl }));
  } catch (error) {
    if (closing.hasBegun()) return; // interrupted while it started
    print(error instanceof Error ? error.message : String(error));
    await closing.close();
    process.exit(1);
  }

  function startPart(name: string, env: NodeJS.ProcessEnv, port: number): HubProcess {
    const part = startHubProcess({ name, main: join(ROOT, name, 'dist', 'main.js'), env, port, print });
    closing.add(name, part.close);
    endings.push(part.ended.then((how) => `The ${name} ended (${how})`));
    return part;
  }
  // Nothing is restarted in silence: whoever watches must learn of it.
  const why = await Promise.race(endings);
  if (closing.hasBegun()) return;
  print(`${why}, so everything ends.`);
  await closing.close();
  process.exit(1);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  print(error.message);
  process.exit(1);
}
