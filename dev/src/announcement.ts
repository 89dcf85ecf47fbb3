import { DEMO_PASSWORD, demoUsers } from '@sync-hub/prisma/demo';
import type { SettingsOf } from '@sync-hub/runtime/settings';
import type { startSettings } from './start-settings.ts';

/** What a person needs to know once everything runs: where things are, and how to sign in to the demo. */
export function announcement(settings: SettingsOf<typeof startSettings>): string {
  const api = `http://localhost:${settings.PORT}`;
  const isProduction = settings.NODE_ENV === 'production';
  const brokers = settings.KAFKA_BROKERS.join(', ');
  const rows = [
    isProduction ? undefined : ['GraphiQL', `${api}/graphql`],
    ['GraphQL', `${api}/graphql   ws://localhost:${settings.PORT}/graphql`],
    ['Health', `${api}/health/ready   http://localhost:${settings.LISTENER_PORT}/health/ready`],
    ['PostgreSQL', settings.DATABASE_URL ?? ''],
    ['Log', brokers === '' ? 'a table in that PostgreSQL (set KAFKA_BROKERS for Kafka)' : `Kafka at ${brokers}`],
    isProduction
      ? undefined
      : ['Sign in as', `${demoUsers.map(({ email }) => email).join(' or ')}, password: ${DEMO_PASSWORD}`],
  ];
  const lines = rows.flatMap((row) => (row === undefined ? [] : [`  ${row[0]?.padEnd(11)} ${row[1]}`]));
  return ['', 'Real-Time Sync Hub is running. Ctrl-C ends it.', '', ...lines, ''].join('\n');
}
