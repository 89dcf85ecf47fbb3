import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseRecord } from './parse-record.ts';

const page = readFileSync(new URL('../../docs/stream-format.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```json\n(.*?)\n```/gs)].map(([, example = '']) => example);

test('docs/stream-format.md has an example of each kind of record, and each can be read', () => {
  const records = examples.map((example) => parseRecord(example));
  expect(records.map(({ kind }) => kind)).toEqual(['change', 'claim', 'truncate', 'lost', 'heartbeat']);
});

test('docs/stream-format.md explains each field of its examples, and has none without need', () => {
  const explained = [...page.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
    cell.split(', ').map((name) => name.replaceAll('`', '').trim()),
  );
  const used = examples.flatMap((example) => Object.keys(JSON.parse(example)));
  expect(new Set(explained)).toEqual(new Set(used));
});

test('each field that docs/stream-format.md shows in an example is needed to read it', () => {
  for (const example of examples) {
    for (const name of Object.keys(JSON.parse(example))) {
      const { [name]: _, ...rest } = JSON.parse(example);
      expect(() => parseRecord(JSON.stringify(rest))).toThrow();
    }
  }
});
