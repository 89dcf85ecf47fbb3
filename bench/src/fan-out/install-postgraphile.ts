import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const folder = fileURLToPath(new URL('../../peers', import.meta.url));

/**
 * Installs PostGraphile from the registry, once, at the versions of its own lock file. It is no dependency of this
 * workspace: its GraphiQL alone is 200 MB, which nobody needs who does not measure.
 *
 * @returns its program; what stood in the way, where it could not be installed.
 */
export async function installPostGraphile(): Promise<{ readonly script: URL } | { readonly missing: string }> {
  try {
    if (!existsSync(`${folder}/node_modules/postgraphile`))
      await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
    return { script: new URL('../../peers/postgraphile.mjs', import.meta.url) };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}
