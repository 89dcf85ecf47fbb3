import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { replaceReport } from './document.ts';

test('a report takes the place of the one before, and nothing else changes', () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/performance.md', import.meta.url)), 'utf8');
  const once = replaceReport(page, 'first report');
  const twice = replaceReport(once, 'second report');
  expect(twice).toBe(once.replace('first report', 'second report'));
  expect(twice.startsWith(page.slice(0, 200))).toBe(true);
});

test('a page without a place for the report is refused', () => {
  expect(() => replaceReport('# Performance', 'report')).toThrow('has no');
});
