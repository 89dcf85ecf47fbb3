import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freePorts } from '@sync-hub/dev/free-ports';
import { testJwtSecret } from '@sync-hub/dev/hub';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { waitFor } from '@sync-hub/dev/wait-for';
import { CreateTaskDocument, WatchTasksDocument } from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { createWorkspace, signUp } from './person.ts';

let database: TestDatabase;
let roles: Readonly<Record<'api' | 'listener', string>>;
const running: ChildProcess[] = [];

/** As docs/operations.md has them. */
beforeEach(async () => {
  database = await createTestDatabase();
  const name = new URL(database.url).pathname.slice(1);
  roles = { api: `${name}_api`, listener: `${name}_listener` };
  const { api, listener } = roles;
  await database.query(`
    CREATE ROLE ${api} LOGIN PASSWORD 'p'; CREATE ROLE ${listener} LOGIN PASSWORD 'p';
    GRANT USAGE ON SCHEMA sync TO ${api}, ${listener};
    GRANT EXECUTE ON FUNCTION sync.shape(text), sync.table_of(text), sync.server_incarnation() TO ${api}, ${listener};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${api};
    REVOKE ALL ON _prisma_migrations FROM ${api};
    GRANT SELECT ON sync.relay, sync.tracked, sync.outbox, sync.log TO ${api};
    GRANT SELECT, INSERT, UPDATE, DELETE
      ON sync.outbox, sync.batch, sync.relay_session, sync.claim, sync.dead_letter, sync.log TO ${listener};
    GRANT SELECT ON sync.tracked TO ${listener};
    GRANT EXECUTE ON FUNCTION sync.committed_between(pg_snapshot, pg_snapshot) TO ${listener}`);
}, 30_000);
afterEach(async () => {
  for (const one of running.splice(0)) {
    const ended = one.exitCode === null ? once(one, 'exit') : null;
    one.kill('SIGTERM');
    await ended;
  }
  await database?.query(`DROP OWNED BY ${roles.api}, ${roles.listener}; DROP ROLE ${roles.api}, ${roles.listener}`);
  await database?.close();
}, 30_000);

/** @returns what it has logged so far. */
function start(workspace: 'api' | 'listener', settings: Readonly<Record<string, string>>): () => string {
  const url = new URL(database.url);
  Object.assign(url, { username: roles[workspace], password: 'p' });
  const main = fileURLToPath(new URL(`../${workspace}/dist/main.js`, import.meta.url));
  const env = { PATH: process.env['PATH'] ?? '', NODE_ENV: 'test', DATABASE_URL: url.href, JWT_SECRET: testJwtSecret };
  const started = spawn(process.execPath, [main], {
    env: { ...env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  running.push(started);
  let log = '';
  for (const stream of [started.stdout, started.stderr])
    stream?.on('data', (piece) => {
      log += piece;
    });
  return () => log;
}

test('API and listener do all their work as roles that own nothing and have the rights that are documented', async () => {
  const [listenerPort = 0, apiPort = 0] = await freePorts(2);
  const logs = [
    start('listener', { LISTENER_PORT: String(listenerPort), OUTBOX_KEEP_MINUTES: '1' }),
    start('api', { PORT: String(apiPort) }),
  ];
  const url = `http://127.0.0.1:${apiPort}`;
  await waitFor(async () => (await fetch(`${url}/health/ready`)).ok, { what: 'the API', timeoutMs: 20_000 });
  const ann = await signUp(url, 'Ann');
  const workspaceId = await createWorkspace(ann);
  const watch = await ann.follow(WatchTasksDocument, 'watchTasks', {});
  payloadOf((await ann.request(CreateTaskDocument, { input: { workspaceId, title: 'Allowed' } })).createTask);
  expect(await watch.take(1)).toMatchObject([{ changes: [{ operation: 'CREATED', row: { title: 'Allowed' } }] }]);
  await ann.leave();
  for (const log of logs) expect(log()).not.toMatch(/permission denied|must be owner/);
}, 60_000);
