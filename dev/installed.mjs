import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether every package of the lock file, and every workspace, is there in its version: npm notes in node_modules what it
 * has installed.
 *
 * @param {string} root
 */
export function isInstalled(root) {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const installed = readPackages(installedFile);
  return Object.entries(readPackages(join(root, 'package-lock.json'))).every(
    ([path, { version, optional, devOptional }]) =>
      !path.startsWith('node_modules/') ||
      optional ||
      devOptional ||
      // A workspace has no version, here and there.
      (installed[path] !== undefined && installed[path].version === version),
  );
}

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, optional?: true, devOptional?: true }>}
 */
function readPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}
