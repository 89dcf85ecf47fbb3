/**
 * Brings a fresh clone, or one whose files have changed, to where its programs can run: installs, generates, builds.
 * Plain JavaScript on Node's built-ins, because nothing is installed yet when it runs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled } from './installed.mjs';
import { isNewEnough } from './new-enough.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Neither turbo nor Prisma is to call home from somebody's machine. */
const OFFLINE = { TURBO_TELEMETRY_DISABLED: '1', CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' };

/**
 * Installs when node_modules is not what the lock file says, and builds what has changed. When all is there it takes
 * a second. Ends the process, with a message, when a step fails.
 *
 * @param {{ workspaces?: string[] }} [options]  the workspaces to build, with those they are built on; all by default.
 */
export async function prepare({ workspaces = [] } = {}) {
  refuseOldNode();
  if (!isInstalled(ROOT)) {
    say('Installing packages…');
    // With NODE_ENV=production npm would leave out the compiler, with which we build.
    await run('npm', ['ci', '--include=dev', '--loglevel=error']);
  }
  const filters = workspaces.map((name) => `--filter=@sync-hub/${name}`);
  const isSlow = setTimeout(() => say('Building…'), 1_500);
  await run(join('node_modules', '.bin', 'turbo'), ['run', 'build', '--output-logs=errors-only', ...filters], {
    env: OFFLINE,
    isQuiet: true,
  });
  clearTimeout(isSlow);
}

/**
 * Runs a program in the root; ends this process with its code when it fails.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ env?: Record<string, string>, isQuiet?: boolean }} [options]  `env` besides our own; quiet: what the program
 *   says is printed only when it fails.
 */
export async function run(program, args, { env = {}, isQuiet = false } = {}) {
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    shell: process.platform === 'win32', // npm and the programs of node_modules are .cmd files there
    stdio: isQuiet ? ['inherit', 'pipe', 'pipe'] : 'inherit',
  });
  /** @type {Buffer[]} */
  const output = [];
  for (const pipe of [child.stdout, child.stderr]) pipe?.on('data', (chunk) => output.push(chunk));
  const [code, signal] = await once(child, 'close');
  if (code === 0) return;
  process.stderr.write(Buffer.concat(output));
  say(`Failed (${signal ?? `exit code ${code}`}): ${program} ${args.join(' ')}`);
  process.exit(code ?? 1);
}

/** Ends the process, with a message, when Node is older than package.json asks for. */
export function refuseOldNode() {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [needed] = /\d+\.\d+/.exec(engines.node) ?? [''];
  if (isNewEnough(process.versions.node, needed)) return;
  say(`Node ${needed} or newer is needed; this is ${process.versions.node}.`);
  process.exit(1);
}

/** @param {string} message */
function say(message) {
  process.stderr.write(`${message}\n`);
}
