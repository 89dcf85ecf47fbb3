import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether one of the integration tests that jest was asked to run says this anywhere in its file. */
export function someSelectedTestMentions(
  words: RegExp,
  { rootDir, patterns }: { rootDir: string; patterns: readonly string[] },
): boolean {
  const isSelected = (path: string) =>
    patterns.length === 0 || patterns.some((pattern) => new RegExp(pattern).test(path));
  return integrationTests(rootDir).some((path) => isSelected(path) && words.test(readFileSync(path, 'utf8')));
}

function integrationTests(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(\..*|node_modules|dist)$/.test(entry.name) ? [] : integrationTests(path);
    return entry.name.endsWith('.integration.test.ts') ? [path] : [];
  });
}
