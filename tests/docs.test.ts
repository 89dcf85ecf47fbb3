import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { errorMeanings } from '@sync-hub/api/errors';
import { operationLimits } from '@sync-hub/api/model/builder';
import { filterLimits } from '@sync-hub/api/model/filter';
import { mutationIdKeptHours } from '@sync-hub/api/model/mutation-claim';
import { maxNodes } from '@sync-hub/api/model/node-ids';
import { pageLimits } from '@sync-hub/api/model/page';
import { maxDocumentTokens } from '@sync-hub/api/server/coded-errors';
import { maxNesting } from '@sync-hub/api/server/nesting';
import { maxIdCharacters } from '@sync-hub/api/server/refused-message';
import { anchorsOf, linksOf } from './markdown.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(project, path), 'utf8');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: project })
  .toString()
  .split('\n')
  .filter((path) => existsSync(join(project, path)));
const pages = files.filter((path) => path.endsWith('.md'));

test('every link between pages and files leads somewhere', () => {
  const dead = pages.flatMap((page) =>
    linksOf(read(page))
      .filter((link) => !/^(https?|mailto):/.test(link))
      .filter((link) => !leadsSomewhere(page, link))
      .map((link) => `${page}: ${link}`),
  );
  expect(dead).toEqual([]);
});

test('every page that a comment in the code names is there', () => {
  const sources = files.filter((path) => /\.(ts|tsx|mjs|sql)$/.test(path) && !path.includes('.test.'));
  const missing = sources.flatMap((source) =>
    [...read(source).matchAll(/docs\/[\w/-]+\.md/g)]
      .map(([page]) => page)
      .filter((page) => !existsSync(join(project, page)))
      .map((page) => `${source}: ${page}`),
  );
  expect(missing).toEqual([]);
});

test('every metric that a process gives is explained to who runs it', () => {
  const operations = read('docs/operations.md');
  const relay = [...read('listener/src/metrics.ts').matchAll(/'(sync_relay_\w+)'/g)].map(([, name]) => name);
  const api = [...read('api/src/metrics.ts').matchAll(/(?:gauge|counter)\('(\w+)'/g)].map(
    ([, name]) => `sync_hub_api_${name}`,
  );
  expect([relay.length, api.length]).not.toContain(0);
  expect([...relay, ...api].filter((name) => !operations.includes(`\`${name}\``))).toEqual([]);
});

test('every error code is explained to who writes a client, in the words of the schema', () => {
  const rows = rowsOf(read('docs/api.md'));
  const explained = Object.entries(errorMeanings).map(([code, { when, remedy }]) => `${code} | ${when} | ${remedy}`);
  expect(explained.filter((row) => !rows.includes(row))).toEqual([]);
});

test('every limit without a setting is told to who writes a client, with its value', () => {
  const values = Object.fromEntries(rowsOf(read('docs/api.md')).map((row) => row.split(' | ')));
  const number = (value: number) => value.toLocaleString('en');
  const { maxComparisons, maxValues, maxFilters, maxDepth } = filterLimits;
  expect(values).toMatchObject({
    'complexity of an operation': number(operationLimits.complexity),
    'depth of an operation': `${operationLimits.depth} levels`,
    'breadth of an operation': `${operationLimits.breadth} fields`,
    'tokens of a document': number(maxDocumentTokens),
    'brackets, objects, lists in each other': `${maxNesting} levels`,
    'id of an operation over WebSocket': `${maxIdCharacters} characters`,
    'comparisons in a filter': number(maxComparisons),
    'values of all in in a filter': number(maxValues),
    'objects in a filter, itself included': number(maxFilters),
    'and, or, not in each other': number(maxDepth),
    'page: first or last': `${pageLimits.defaultSize} unless said, at most ${pageLimits.maxSize} rows`,
    orderBy: `${pageLimits.maxOrders} fields`,
    'nodes(ids)': `${maxNodes} ids`,
    mutationId: `kept ${mutationIdKeptHours} hours`,
  });
});

/** The rows of all tables, their cells without code's marks, parted by ` | `. */
function rowsOf(markdown: string): readonly string[] {
  const rows = markdown.replaceAll('`', '').matchAll(/^\| (.*) \|$/gm);
  return [...rows].map(([, row = '']) => row.replaceAll(/ +\| +/g, ' | ').trim());
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#', 2);
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(project, target))) return false;
  return anchor === undefined || anchorsOf(read(target)).includes(anchor);
}
