import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isNewEnough } from '../new-enough.mjs';

const dev = fileURLToPath(new URL('..', import.meta.url));
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'old-node-'));
  mkdirSync(join(root, 'dev'));
  for (const name of readdirSync(dev))
    if (name.endsWith('.mjs')) copyFileSync(join(dev, name), join(root, 'dev', name));
  copyFileSync(join(dev, '..', 'package.json'), join(root, 'package.json'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('npm start says to a Node that is too old which one it needs, before it does anything that this one cannot', () => {
  writeFileSync(join(root, '.env'), 'PORT=4100\n');
  const older = `Object.defineProperty(process, 'versions', { value: { node: '20.11.1' } }); process.loadEnvFile = undefined;`;
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(older)}`, join(root, 'dev', 'start.mjs')],
    { encoding: 'utf8', env: { PATH: '' }, timeout: 20_000 },
  );
  expect([stderr, status]).toEqual(['Node 20.20 or newer is needed; this is 20.11.1.\n', 1]);
});

test('a minor version counts as a number, and not within a later major', () => {
  const versions = ['18.99.0', '20.3.0', '20.19.6', '20.20.0', '20.100.0', '22.1.0'];
  expect(versions.filter((version) => isNewEnough(version, '20.20'))).toEqual(['20.20.0', '20.100.0', '22.1.0']);
});
