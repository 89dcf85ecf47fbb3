import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { findHouseProblems, MAY_IMPORT } from '../check-house.mjs';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

interface Workspace {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly readmeLines?: number;
}

function makeHouse(workspaces: Record<string, Workspace>, lock = '{}'): string {
  const root = mkdtempSync(join(tmpdir(), 'house-'));
  roots.push(root);
  writeFileSync(join(root, 'package.json'), JSON.stringify({ workspaces: Object.keys(workspaces) }));
  writeFileSync(join(root, 'package-lock.json'), lock);
  for (const [name, { readmeLines = 1, ...manifest }] of Object.entries(workspaces)) {
    mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, name, 'package.json'), JSON.stringify(manifest));
    if (readmeLines > 0) writeFileSync(join(root, name, 'README.md'), 'line\n'.repeat(readmeLines));
  }
  return root;
}

test('a house in order has no problems', () => {
  const lock = '{ "packages": { "node_modules/@sync-hub/api": { "resolved": "api", "link": true } } }';
  const api = {
    dependencies: { '@sync-hub/stream': '*', pg: '8' },
    devDependencies: { '@sync-hub/dev': '*' },
    readmeLines: 30,
  };
  expect(findHouseProblems(makeHouse({ api, stream: {} }, lock))).toEqual([]);
});

test('the API and the listener never depend on each other', () => {
  const api = { dependencies: { '@sync-hub/listener': '*' } };
  const listener = { dependencies: { '@sync-hub/api': '*' } };
  expect(findHouseProblems(makeHouse({ api, listener }))).toEqual([
    expect.stringContaining('api must not depend on @sync-hub/listener'),
    expect.stringContaining('listener must not depend on @sync-hub/api'),
  ]);
});

test('a new workspace says what it may import', () => {
  expect(findHouseProblems(makeHouse({ billing: {} }))).toEqual([expect.stringContaining('billing: say in')]);
});

test('every workspace has a README that is read in a minute', () => {
  expect(findHouseProblems(makeHouse({ api: { readmeLines: 31 }, stream: { readmeLines: 0 } }))).toEqual([
    'api/README.md: 31 lines; 30 is the most',
    expect.stringContaining('stream/README.md: missing'),
  ]);
});

test('the lock file installs from whatever registry npm is set to', () => {
  const lock = '{ "resolved": "https://registry.example.com/pg/-/pg-8.tgz" }';
  expect(findHouseProblems(makeHouse({}, lock))).toEqual([expect.stringContaining('names a registry')]);
});

test('the lock file has an entry for every platform, or npm ci would refuse it', () => {
  const packages = {
    'node_modules/biome': { optionalDependencies: { '@biome/linux': '2', '@biome/darwin': '2' } },
    'node_modules/@biome/linux': {},
  };
  expect(findHouseProblems(makeHouse({}, JSON.stringify({ packages })))).toEqual([
    expect.stringContaining('no entry for @biome/darwin; add its version 2'),
  ]);
});

test('imports point one way: no two workspaces may depend on each other, however indirectly', () => {
  const reach = (name: string): string[] =>
    (MAY_IMPORT[name] ?? MAY_IMPORT[`clients/${name}`] ?? []).flatMap((next) => [next, ...reach(next)]);
  for (const name of Object.keys(MAY_IMPORT)) expect(reach(name)).not.toContain(name.replace('clients/', ''));
});
