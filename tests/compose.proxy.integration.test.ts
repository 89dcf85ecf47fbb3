import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { freePorts } from '@sync-hub/dev/free-ports';
import { type Hub, startHub } from '@sync-hub/dev/hub';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { waitFor } from '@sync-hub/dev/wait-for';
import { CreateTaskDocument, MeDocument, TaskChangesDocument } from '@sync-hub/sdk/generated/graphql';
import { ask, createWorkspace, signUp } from './person.ts';

const caddyfile = fileURLToPath(new URL('../docker/Caddyfile', import.meta.url));
const hasCaddy = spawnSync('caddy', ['version']).status === 0;
const describeWithCaddy = hasCaddy ? describe : describe.skip;

describeWithCaddy('the proxy of docker-compose.yml (needs caddy on the PATH)', () => {
  let hub: Hub;
  let proxies: ChildProcess[] = [];

  beforeAll(async () => {
    hub = await startHub({ apis: 2, env: { TRUSTED_PROXIES: '1' } });
  }, 60_000);
  afterEach(async () => {
    for (const proxy of proxies) proxy.kill();
    await Promise.all(proxies.map((proxy) => proxy.exitCode ?? once(proxy, 'exit')));
    proxies = [];
  });
  afterAll(() => hub?.close());

  /** @param upstreams  host:port each. @returns its URL. */
  async function startProxy(upstreams: readonly string[]): Promise<string> {
    const [port] = await freePorts(1);
    const env = {
      PATH: process.env['PATH'],
      HOME: await createTestFolder(),
      PROXY_PORT: String(port),
      API_UPSTREAMS: upstreams.join(' '),
    };
    const proxy = spawn('caddy', ['run', '--adapter', 'caddyfile', '--config', caddyfile], { env, stdio: 'ignore' });
    proxies.push(proxy);
    const url = `http://127.0.0.1:${port}`;
    await waitFor(async () => (await fetch(`${url}/health/ready`)).ok, { what: 'the proxy to find a ready API' });
    return url;
  }
  const toHub = () => startProxy(hub.urls.map((url) => new URL(url).host));

  test('passes requests and WebSockets on', async () => {
    const ann = await signUp(await toHub(), 'Ann');
    const tasks = await ann.follow(TaskChangesDocument, 'taskChanges', {});
    const workspaceId = await createWorkspace(ann);
    await ann.request(CreateTaskDocument, { input: { workspaceId, title: 'Through the proxy' } });
    const [frame] = await tasks.take(1);
    expect(frame?.changes.map(({ row }) => row?.title)).toEqual(['Through the proxy']);
    await ann.leave();
  });

  test('keeps what a process counts from the world', async () => {
    const url = await toHub();
    const statusOf = async (address: string) => (await fetch(address)).status;
    expect(await statusOf(`${hub.urls[0]}/metrics`)).toBe(200);
    for (const path of ['/metrics', '/metrics?x', '//metrics', '/%6detrics', '/METRICS'])
      expect([path, await statusOf(`${url}${path}`)]).toEqual([path, 404]);
  });

  test('tells the API who its client is, whatever the client says', async () => {
    const heard: unknown[] = [];
    const api = createServer((request, response) => {
      heard.push(request.headers['x-forwarded-for']);
      response.end('{}');
    });
    await once(api.listen(0, '127.0.0.1'), 'listening');
    const address = api.address();
    const url = await startProxy([typeof address === 'object' ? `127.0.0.1:${address?.port}` : '']);
    heard.length = 0;
    await fetch(url, { headers: { 'x-forwarded-for': '203.0.113.7' } });
    expect(heard).toContain('127.0.0.1');
    expect(String(heard)).not.toContain('203.0.113.7');
    api.close();
    api.closeAllConnections();
  });

  test('goes on with the other API process when one is killed', async () => {
    const url = await toHub();
    await hub.apis[0]?.stop('SIGKILL');
    // A request that was on its way may fail: the proxy cannot know whether a mutation was carried out.
    await waitFor(
      async () => {
        const answers = await Promise.all(Array.from({ length: 20 }, () => ask(url, null, MeDocument, {})));
        return answers.every(({ status }) => status === 200);
      },
      { what: 'twenty answers in a row', timeoutMs: 5_000 },
    );
  });
});
