import { port, text, url } from '@sync-hub/runtime/setting-kinds';
import { sharedSettings } from '@sync-hub/runtime/shared-settings';

/** The settings that `npm start` itself reads; it passes the whole environment on to the listener and the API. */
export const startSettings = {
  DATABASE_URL: url({
    protocols: ['postgres:', 'postgresql:'],
    optional: true,
    doc: sharedSettings.DATABASE_URL.doc,
  }),
  JWT_SECRET: text({ optional: true, doc: 'Passed on to the API.' }),
  KAFKA_BROKERS: sharedSettings.KAFKA_BROKERS,
  NODE_ENV: sharedSettings.NODE_ENV,
  LISTENER_PORT: port({ default: 4001, doc: 'Passed on to the listener.' }),
  PORT: port({ default: 4000, doc: 'Passed on to the API.' }),
  DATA_DIR: text({
    default: '.data',
    doc: 'Where npm start keeps its PostgreSQL and the secret it makes for development; relative to the project.',
  }),
};
