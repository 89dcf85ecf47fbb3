/**
 * What holds this house together and no linter knows. Biome checks that a workspace imports only what its package.json
 * names (noUndeclaredDependencies); here it is checked that package.json names only what lies in the right direction.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README_MAX_LINES = 30;

/** Which workspaces each one is built on. Tests may use `dev` besides (devDependencies). @type {Record<string, string[]>} */
export const MAY_IMPORT = {
  prisma: [],
  stream: [],
  runtime: [],
  listener: ['stream', 'runtime'],
  api: ['prisma', 'stream', 'runtime'],
  dev: ['prisma', 'runtime'],
  bench: ['prisma', 'stream', 'runtime', 'dev', 'sdk'],
  'clients/sdk': [],
  'clients/board': ['sdk'],
  'clients/urql': ['sdk', 'board'],
  'clients/apollo': ['sdk', 'board'],
};

/**
 * What is wrong, one line each.
 *
 * @param {string} root  of the project.
 * @returns {string[]}
 */
export function findHouseProblems(root) {
  /** @type {string[]} */
  const workspaces = readJson(join(root, 'package.json')).workspaces;
  return [
    ...workspaces.flatMap((workspace) => [
      ...directionProblems(workspace, readJson(join(root, workspace, 'package.json'))),
      ...readmeProblems(workspace, join(root, workspace, 'README.md')),
    ]),
    ...lockProblems(readFileSync(join(root, 'package-lock.json'), 'utf8')),
  ];
}

/** @param {string} workspace @param {{ dependencies?: Record<string, string> }} manifest */
function directionProblems(workspace, { dependencies = {} }) {
  const allowed = MAY_IMPORT[workspace];
  if (allowed === undefined) return [`${workspace}: say in dev/check-house.mjs which workspaces it may import`];
  return Object.keys(dependencies)
    .filter((name) => name.startsWith('@sync-hub/') && !allowed.includes(name.slice('@sync-hub/'.length)))
    .map(
      (name) => `${workspace}/package.json: ${workspace} must not depend on ${name} (see "Imports" in CONTRIBUTING.md)`,
    );
}

/** @param {string} workspace @param {string} path */
function readmeProblems(workspace, path) {
  if (!existsSync(path))
    return [`${workspace}/README.md: missing; say what the workspace does, what it may import, where to start reading`];
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').length;
  return lines <= README_MAX_LINES ? [] : [`${workspace}/README.md: ${lines} lines; ${README_MAX_LINES} is the most`];
}

/**
 * An entry that names a host can be installed from that host only; an optional package without an entry (npm leaves it
 * out when the registry at hand lacks it) makes `npm ci` refuse the whole file.
 *
 * @param {string} lock
 */
function lockProblems(lock) {
  const entry = /"resolved": "https?:[^"]*"/.exec(lock);
  const host = entry === null ? [] : [`package-lock.json: ${entry[0]} names a registry; see .npmrc`];
  /** @type {Record<string, { optionalDependencies?: Record<string, string> }>} */
  const packages = JSON.parse(lock).packages ?? {};
  const names = new Set(
    Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)),
  );
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.entries(optionalDependencies))
    .filter(([name]) => !names.has(name))
    .map(
      ([name, version]) =>
        `package-lock.json: no entry for ${name}; add its version ${version}, os, cpu and "optional": true`,
    );
  return [...host, ...missing];
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = findHouseProblems(ROOT);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
