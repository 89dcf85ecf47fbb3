/**
 * Proves that the oracle can fail: plants one fault at a time in a scratch copy of the compiled product, and runs the
 * oracle on it until it is red.
 *
 *   node tests/faults/planted.mjs [--seconds 20] [--seeds 3] [--only <pattern>] [--ignore <pattern>]
 */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../dev/prepare.mjs';
import { plantedFaults } from './planted-faults.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    seeds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    // Of bugs that are known and not fixed yet: they prove nothing.
    ignore: { type: 'string', default: '^$' },
  },
});
const WORKSPACES = ['api', 'listener', 'prisma', 'runtime', 'stream'];

/** Copies what runs, beside links to what it is built on. @param {string} scratch */
function copyProduct(scratch) {
  mkdirSync(join(scratch, 'node_modules', '@sync-hub'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== '@sync-hub') symlinkSync(join(ROOT, 'node_modules', name), join(scratch, 'node_modules', name));
  }
  for (const workspace of WORKSPACES) {
    for (const part of ['dist', 'package.json'])
      cpSync(join(ROOT, workspace, part), join(scratch, workspace, part), { recursive: true });
    const own = join(ROOT, workspace, 'node_modules');
    if (existsSync(own)) symlinkSync(own, join(scratch, workspace, 'node_modules'));
    symlinkSync(join(scratch, workspace), join(scratch, 'node_modules', '@sync-hub', workspace));
  }
}

/**
 * @param {string} scratch
 * @param {{ name: string, patches: { file: string, find: string, replace: string }[] }} fault
 */
function plant(scratch, { name, patches }) {
  for (const { file, find, replace } of patches) {
    const path = join(scratch, file);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(find))
      throw new Error(`"${name}" does not apply any more: ${file} has no ${JSON.stringify(find)}`);
    writeFileSync(path, text.replaceAll(find, replace));
  }
}

/**
 * What is broken on that copy, one line a kind.
 *
 * @param {string} root @param {number} seed
 * @param {{ stream: string, seconds?: number, nemesis?: string }} fault
 * @returns {Promise<string[]>}
 */
function judge(root, seed, { stream, seconds = Number(values.seconds), nemesis = '' }) {
  const main = join(ROOT, 'tests', 'faults', 'dist', 'main.js');
  const options = { seed, seconds, stream, nemesis, root, 'catch-up': 15 };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { maxBuffer: 1e8, timeout: 300_000 }, (error, stdout, stderr) => {
      const kinds = stdout.split('\n').flatMap((line) => (line.startsWith('  ⚑ ') ? [line.slice(4)] : []));
      if (error !== null && kinds.length === 0)
        process.stderr.write(`seed ${seed} proves nothing: ${/^\w*Error: .*$/m.exec(stderr)?.[0] ?? error.message}\n`);
      resolve(kinds);
    });
  });
}

const scratches = mkdtempSync(join(tmpdir(), 'planted-'));
try {
  const chosen = plantedFaults.filter(({ name }) => new RegExp(values.only).test(name));
  // All first: a fault that does not apply is noticed at once, not after an hour.
  for (const [index, fault] of chosen.entries()) {
    const root = join(scratches, String(index));
    copyProduct(root);
    plant(root, fault);
  }
  const missed = [];
  for (const [index, fault] of chosen.entries()) {
    let verdict = 'NOT CAUGHT';
    for (let seed = 1; seed <= Number(values.seeds) && verdict === 'NOT CAUGHT'; seed++) {
      const found = await judge(join(scratches, String(index)), seed, fault);
      const kinds = found.filter(
        (kind) => new RegExp(fault.sign ?? '').test(kind) && !new RegExp(values.ignore).test(kind),
      );
      if (kinds.length > 0) verdict = `seed ${seed}: ${kinds[0]}`;
    }
    if (verdict === 'NOT CAUGHT') missed.push(fault.name);
    process.stdout.write(`${fault.name.padEnd(44)} ${fault.stream.padEnd(9)} ${verdict}\n`);
  }
  if (missed.length > 0) process.exitCode = 1;
} finally {
  rmSync(scratches, { recursive: true, force: true });
}
