import { expect, test } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { codedDocumentErrors, createErrorCoder } from './coded-errors.ts';
import { cacheDocuments, createDocumentCache } from './document-cache.ts';

const keep = (documents: ReturnType<typeof createDocumentCache>, text: string) => documents.set(text, parse(text));
const query = (name: string) => `query ${name} { hello }`;

test('a document is found again by its text, to the letter', () => {
  const documents = createDocumentCache(1_000_000);
  const document = parse(query('One'));
  documents.set(query('One'), document);
  expect(documents.get(query('One'))).toBe(document);
  expect(documents.get(query('Two'))).toBeUndefined();
  expect(documents.get(`${query('One')} `)).toBeUndefined();
});

test('however many documents come, what is kept is bounded; what is asked for again and again stays', () => {
  const documents = createDocumentCache(100_000);
  keep(documents, query('Often'));
  for (let i = 0; i < 10_000; i += 1) {
    keep(documents, query(`Q${i}`));
    expect(documents.bytes).toBeLessThanOrEqual(100_000);
    expect(documents.get(query('Often'))).toBeDefined();
  }
  expect(documents.get(query('Q0'))).toBeUndefined();
  expect(documents.get(query('Q9999'))).toBeDefined();
});

test('a document that would push out many others is not kept, be it long by its text or by its tokens', () => {
  const documents = createDocumentCache(160_000);
  keep(documents, `{ hello } # ${'x'.repeat(10_000)}`);
  keep(documents, `{ ${'hello '.repeat(100)} }`);
  expect(documents.bytes).toBe(0);
});

test('setting and forgetting a document again leaves nothing', () => {
  const documents = createDocumentCache(100_000);
  keep(documents, query('One'));
  const again = parse(query('One'));
  documents.set(query('One'), again);
  documents.forget(again);
  expect([documents.bytes, documents.get(query('One'))]).toEqual([0, undefined]);
});

test('a server parses a document once, keeps none that is not valid, and answers each operation of a document by its name', async () => {
  const documents = createDocumentCache(1_000_000);
  const { parserAndValidationCache, noteValidity } = cacheDocuments(documents);
  const codeError = createErrorCoder({ log: { error: () => {} }, suggestions: false });
  const yoga = createYoga({
    schema: buildSchema('type Query { hello: String other: String }'),
    logging: false,
    parserAndValidationCache,
    plugins: [codedDocumentErrors(codeError), noteValidity],
  });
  const ask = async (body: object) => {
    const headers = { 'content-type': 'application/json' };
    const response = await yoga.fetch('http://here/graphql', { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as { errors?: { extensions: { code: string } }[] };
  };
  const two = 'query A { hello } query B { other }';
  expect(await ask({ query: two, operationName: 'A' })).toEqual({ data: { hello: null } });
  const first = documents.get(two);
  expect(await ask({ query: two, operationName: 'B' })).toEqual({ data: { other: null } });
  expect(first).toBeDefined();
  expect(documents.get(two)).toBe(first);
  const held = documents.bytes;
  for (const wrong of ['{ nothing }', '{ hello', '{ nothing }'])
    expect((await ask({ query: wrong })).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  expect(documents.bytes).toBe(held);
});
