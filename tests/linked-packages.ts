import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the project's own workspaces lie, by the name under which they import each other. */
const workspaces = ['prisma', 'stream', 'runtime', 'listener', 'api'];

/**
 * Gives a copy of the project the packages that are installed here, by links: in a moment and without a registry. The
 * project's own workspaces are the copy's.
 */
export function linkPackages({ installed, copy }: { installed: string; copy: string }): void {
  const folder = join(copy, 'node_modules');
  mkdirSync(join(folder, '@sync-hub'), { recursive: true });
  for (const entry of readdirSync(installed)) {
    if (entry !== '@sync-hub') symlinkSync(join(installed, entry), join(folder, entry));
  }
  for (const workspace of workspaces) {
    symlinkSync(join('..', '..', workspace), join(folder, '@sync-hub', workspace));
    // Those of which another version is installed for everybody.
    const own = join(dirname(installed), workspace, 'node_modules');
    if (!existsSync(own)) continue;
    mkdirSync(join(copy, workspace), { recursive: true });
    symlinkSync(own, join(copy, workspace, 'node_modules'));
  }
}
