import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';

/** As whom PostgreSQL runs. */
export interface ServerUser {
  /** How to start a program as that user: the arguments of `spawn`. */
  launch(program: string, args: readonly string[]): Launch;
  /** Gives that user a file or folder. */
  own(path: string): void;
}

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: { readonly cwd: string; readonly uid?: number; readonly gid?: number };
}

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Never our own folder, which that user may not be able to enter. */
const cwd = '/';

/**
 * PostgreSQL runs as we do, but never as root, which it refuses. Then it is the user `postgres` where there is one, else
 * `nobody`, who is everywhere: nothing is added to the machine.
 *
 * @param mustReach  paths, of the programs and of the data, which may lie in a folder that only root may enter (/root).
 * @throws Error when the paths are out of that user's reach and the system has no way to grant it.
 */
export function serverUser(mustReach: readonly string[]): ServerUser {
  if (process.getuid?.() !== 0) {
    return { launch: (program, args) => ({ program, args, options: { cwd } }), own: () => {} };
  }
  const ids = idsOf('postgres') ?? idsOf('nobody');
  if (ids === undefined)
    throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody to run it as.');
  const own = (path: string) => chownSync(path, ids.uid, ids.gid);
  if (mustReach.every((path) => isReachable(path, ids))) {
    return { launch: (program, args) => ({ program, args, options: { cwd, ...ids } }), own };
  }
  const unreachable = `PostgreSQL does not run as root, and user ${ids.uid} cannot enter the folder of ${mustReach.join(' or ')}.`;
  if (spawnSync('setpriv', ['--version']).status !== 0) throw new Error(`${unreachable} Move the project elsewhere.`);
  return { launch: (program, args) => launchThroughSetpriv(ids, program, args), own };
}

/**
 * Starts the program as that user, who may besides enter and read every folder: root's own home is closed to others.
 *
 * Without no_setuid_fixup, access(2), which PostgreSQL asks about its own programs, leaves the capability out of account.
 * @see man capabilities(7), "Ambient" and "The securebits flags"
 */
function launchThroughSetpriv({ uid, gid }: Ids, program: string, args: readonly string[]): Launch {
  const identity = [
    '--reuid',
    String(uid),
    '--regid',
    String(gid),
    '--clear-groups',
    '--securebits',
    '+no_setuid_fixup',
  ];
  const capability = ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override'];
  return { program: 'setpriv', args: [...identity, ...capability, program, ...args], options: { cwd } };
}

function isReachable(path: string, ids: Ids): boolean {
  return spawnSync('test', ['-x', path], { cwd, ...ids }).status === 0;
}

function idsOf(user: string): Ids | undefined {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: 'pipe' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined; // no such user
  }
}
