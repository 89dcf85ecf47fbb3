import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePorts } from '@sync-hub/dev/free-ports';
import { type HubProcess, startHubProcess } from '@sync-hub/dev/hub-process';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { createTestFolder } from '@sync-hub/dev/test-folder';
import { buildImage, type Image } from './docker/build-image.ts';
import { readDockerIgnore } from './docker/docker-ignore.ts';
import { parseDockerfile } from './docker/dockerfile.ts';
import { linkPackages } from './linked-packages.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(project, path), 'utf8');
const stages = parseDockerfile(read('Dockerfile'));
const isIgnored = readDockerIgnore(read('.dockerignore'));
const manifest = JSON.parse(read('package.json')) as { workspaces: string[]; engines: { node: string } };

/** `DOCKERFILE_FROM_SCRATCH=1 npm test -- tests/dockerfile` installs for real what the build stage builds with. */
// biome-ignore lint/suspicious/noUndeclaredEnvVars: turbo builds, it runs no tests
const fromScratch = process.env['DOCKERFILE_FROM_SCRATCH'] === '1';

describe('what the builder is sent', () => {
  const context = workingCopy().filter((path) => !isIgnored(path));

  test('is what the image is made of', () => {
    expect(context).toEqual(expect.arrayContaining(['package-lock.json', 'api/src/main.ts', 'prisma/schema.prisma']));
  });

  test('holds neither secrets nor what was installed, built or tested here', () => {
    const unwanted = ['.env', 'api/.env', '.data/jwt-secret', '.git/config', 'node_modules/pg/package.json'];
    const made = ['api/dist/main.js', 'prisma/src/generated/client.ts', 'api/src/feed/feed.test.ts', 'dev/src/hub.ts'];
    expect([...unwanted, ...made].filter((path) => !isIgnored(path))).toEqual([]);
  });
});

test('every workspace is known to npm where everything is installed', () => {
  const copied = stages.flatMap(({ instructions }) => instructions.flatMap(({ words }) => words));
  expect(manifest.workspaces.filter((workspace) => !copied.includes(`${workspace}/package.json`))).toEqual([]);
});

test('the image has the Node that package.json asks for', () => {
  const versions = stages.flatMap(({ from }) => /^node:([\d.]+)-/.exec(from)?.[1] ?? []);
  expect(new Set(versions.map((version) => `>=${version}`))).toEqual(new Set([manifest.engines.node]));
});

describe('the image that its steps make', () => {
  let image: Image;
  let app: string;
  let database: TestDatabase;
  const started: HubProcess[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    image = await buildImage({
      stages,
      folder: await createTestFolder(),
      copyContext(source, target) {
        const files = workingCopy().filter(
          (path) => !isIgnored(path) && (source === '.' || path === source || path.startsWith(`${source}/`)),
        );
        if (files.length === 0) throw new Error(`COPY ${source}: nothing of it is sent to the builder`);
        for (const path of files) cpSync(join(project, path), path === source ? target : join(target, path));
      },
      // npm start and npm test have just installed the same lock file here.
      instead(command, workDir) {
        if (fromScratch || command !== 'npm ci --ignore-scripts') return false;
        linkPackages({ installed: join(project, 'node_modules'), copy: workDir });
        return true;
      },
    });
    app = join(image.root, image.workDir);
  }, 600_000);

  afterAll(async () => {
    await Promise.all(started.map((one) => one.close()));
    await database?.close();
  }, 60_000);

  const settings = () => ({ PATH: process.env['PATH'], ...image.env, DATABASE_URL: database.url });

  test('runs as somebody who is not root, and the API unless told otherwise', () => {
    expect(image.user).toBe('node');
    expect(image.command).toEqual(['node', '--enable-source-maps', 'api/dist/main.js']);
    expect(image.env['NODE_ENV']).toBe('production');
  });

  test('holds what runs and nothing that it was made with', () => {
    const made = ['api/src', 'prisma/src', 'tsconfig.base.json', 'dev', 'clients', '.env'];
    expect(made.filter((path) => existsSync(join(app, path)))).toEqual([]);
    const packages = readdirSync(join(app, 'node_modules'));
    expect(packages.filter((name) => ['typescript', 'prisma', 'jest', 'turbo', '@swc'].includes(name))).toEqual([]);
  });

  test('migrates a database, and puts the demo into it when asked to', async () => {
    const migrate = () =>
      promisify(execFile)(process.execPath, ['prisma/dist/migrate-main.js'], { cwd: app, env: settings() });
    expect((await migrate()).stdout).toBe('The database is up to date.\n');
    await database.query('DROP SCHEMA sync CASCADE');
    await database.query('DROP SCHEMA public CASCADE');
    await database.query('CREATE SCHEMA public');
    expect((await migrate()).stdout).toMatch(/^(applied .*\n)+\d+ applied\.\n$/);
    const seed = promisify(execFile)(process.execPath, ['prisma/dist/seed-main.js'], {
      cwd: app,
      env: { ...settings(), NODE_ENV: 'development' },
    });
    expect((await seed).stdout).toBe('Seeded the demo.\n');
  });

  test('names everything that is wrong with its settings in one message', async () => {
    const { PATH } = process.env;
    const start = promisify(execFile)(process.execPath, ['api/dist/main.js'], { cwd: app, env: { PATH, PORT: 'x' } });
    await expect(start).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^3 settings are wrong .*DATABASE_URL.*JWT_SECRET.*PORT/s),
    });
  });

  test('starts a listener and an API that are healthy by its own health check', async () => {
    const [listenerPort = 0, port = 0] = await freePorts(2);
    const env = {
      ...settings(),
      LISTENER_PORT: String(listenerPort),
      PORT: String(port),
      JWT_SECRET: 'a secret of the tests, at least 32 bytes long',
    };
    const start = (name: string, itsPort: number) =>
      startHubProcess({ name, main: join(app, name, 'dist/main.js'), env, port: itsPort, print() {} });
    started.push(start('listener', listenerPort), start('api', port));
    await Promise.all(started.map((one) => one.ready()));
    const check = (itsPort: number) =>
      promisify(execFile)(process.execPath, ['docker/health-check.mjs', String(itsPort)], { cwd: app });
    await Promise.all([check(listenerPort), check(port)]);
    const [unused = 0] = await freePorts(1);
    await expect(check(unused)).rejects.toMatchObject({ code: 1 });
  }, 60_000);
});

/** The files that a clone would have, and those that will be added to it. */
function workingCopy(): string[] {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', list, { cwd: project, encoding: 'utf8' }).trimEnd().split('\n');
  return files.filter((path) => existsSync(join(project, path)));
}
