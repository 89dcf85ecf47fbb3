import { execFileSync } from 'node:child_process';

/** Spawn options that run a program as an ordinary user. */
export type ServerUser = { readonly uid: number; readonly gid: number } | Record<string, never>;

/**
 * As whom PostgreSQL runs: as we do, but never as root, which it refuses. Then it is the user `postgres` where there is
 * one, else `nobody`, who is everywhere: nothing is added to the machine.
 */
export function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return {};
  return idsOf('postgres') ?? idsOf('nobody') ?? {};
}

function idsOf(user: string): ServerUser | undefined {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: 'pipe' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined; // no such user
  }
}
