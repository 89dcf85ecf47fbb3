import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isInstalled } from '../installed.mjs';

type Packages = Record<string, { version?: string; link?: true; optional?: true }>;

const packages: Packages = {
  'node_modules/graphql': { version: '16.0.0' },
  'node_modules/@sync-hub/api': { link: true },
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'installed-'));
  mkdirSync(join(root, 'node_modules'));
  lock({ '': {}, api: {}, ...packages });
});
afterEach(() => rmSync(root, { recursive: true }));

const lock = (wanted: Packages) => writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: wanted }));
const install = (installed: Packages) =>
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }));

test('all is installed when npm has noted every package of the lock file', () => {
  install(packages);
  expect(isInstalled(root)).toBe(true);
});

test.each<[string, Packages]>([
  ['nothing was installed', {}],
  ['a package has another version', { ...packages, 'node_modules/graphql': { version: '15.0.0' } }],
  ['a workspace was added', { 'node_modules/graphql': { version: '16.0.0' } }],
])('something is to be installed when %s', (_, installed) => {
  install(installed);
  expect(isInstalled(root)).toBe(false);
});

test('something is to be installed in a fresh clone', () => {
  expect(isInstalled(root)).toBe(false);
});

test('what this machine has no use for need not be there', () => {
  lock({ ...packages, 'node_modules/fsevents': { version: '2.0.0', optional: true } });
  install(packages);
  expect(isInstalled(root)).toBe(true);
});
