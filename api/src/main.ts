import { closeOnSignals, createClosing } from '@sync-hub/runtime/closing';
import { createLog } from '@sync-hub/runtime/log';
import { SettingsError } from '@sync-hub/runtime/settings';
import { startApi } from './api.ts';
import { readConfig } from './config.ts';
import { buildSchema } from './schema/schema.ts';

async function main() {
  const config = readConfig(process.env);
  const log = createLog({ name: 'api', level: config.LOG_LEVEL });
  const closing = createClosing(log);
  closeOnSignals(closing);
  try {
    const { port } = await startApi({ config, schema: buildSchema(), log, closing });
    log.info({ port }, 'listening');
  } catch (error) {
    log.fatal({ err: error }, 'the API cannot start');
    await closing.close();
    process.exit(1);
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(error.message);
  process.exit(1);
}
