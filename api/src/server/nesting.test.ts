import { expect, test } from '@jest/globals';
import { maxNesting, refuseDeepDocument, refuseDeepVariables } from './nesting.ts';

const document = (levels: number) => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`;
const refuse = (text: string) => () => refuseDeepDocument(text, 5_000);

test('a document is refused one level too deep, whatever brackets its texts and comments have', () => {
  expect(refuse(document(maxNesting))).not.toThrow();
  expect(refuse(document(maxNesting + 1))).toThrow('nested 100 levels deep');
  expect(refuse(`{ a(text: "${'{'.repeat(1_000)}") } # ${'{'.repeat(1_000)}`)).not.toThrow();
  expect(refuse(`{ ${'a(b: [1]) { c } '.repeat(300)} }`)).not.toThrow();
});

test('variables are refused one level too deep, also where they would overflow the stack', () => {
  const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  expect(() => refuseDeepVariables(nested(maxNesting))).not.toThrow();
  expect(() => refuseDeepVariables(nested(maxNesting + 1))).toThrow('nested 100 levels deep');
  expect(() => refuseDeepVariables({ deep: nested(100_000) })).toThrow('nested 100 levels deep');
  for (const none of [null, undefined, {}]) expect(() => refuseDeepVariables(none)).not.toThrow();
});
