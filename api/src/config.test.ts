import { expect, test } from '@jest/globals';
import { readConfig } from './config.ts';

const read = (env: Readonly<Record<string, string>>) =>
  readConfig({ DATABASE_URL: 'postgres://localhost/hub', JWT_SECRET: 'x'.repeat(32), ...env });

test('snapshots must leave a connection for everything else', () => {
  expect(() => read({ DATABASE_MAX_CONNECTIONS: '4' })).toThrow(
    /SNAPSHOT_MAX_CONCURRENT must be below DATABASE_MAX_CONNECTIONS, not 4 of 4/,
  );
  expect(() => read({ DATABASE_MAX_CONNECTIONS: '1' })).toThrow(/DATABASE_MAX_CONNECTIONS must be .*2/);
  expect(read({ DATABASE_MAX_CONNECTIONS: '2', SNAPSHOT_MAX_CONCURRENT: '1' }).SNAPSHOT_MAX_CONCURRENT).toBe(1);
});

test('what one subscription may leave unread is no more than what all of a client may', () => {
  expect(() => read({ SOCKET_MAX_PENDING_BYTES: '1MiB', SOCKET_MAX_PENDING_FRAMES: '999' })).toThrow(
    /SUBSCRIPTION_MAX_PENDING_FRAMES must not be above SOCKET_MAX_PENDING_FRAMES, not 1000 of 999.*\n.*SUBSCRIPTION_MAX_PENDING_BYTES must not be above SOCKET_MAX_PENDING_BYTES, not 2097152 of 1048576/,
  );
  expect(read({ SOCKET_MAX_PENDING_FRAMES: '1000', SOCKET_MAX_PENDING_BYTES: '2MiB' })).toBeDefined();
});

test('what is wrong between settings of all processes is said beside it', () => {
  expect(() => read({ KAFKA_SASL_MECHANISM: 'plain', DATABASE_MAX_CONNECTIONS: '3' })).toThrow(
    /KAFKA_SASL.*\n.*SNAPSHOT_MAX/,
  );
});
