import { expect, test } from '@jest/globals';
import { readCommandLine } from './command-line.ts';

const read = (...args: string[]) =>
  readCommandLine(args, { defaultResultsFolder: 'results', sectionNames: ['streams', 'writes'] });

test('without options all is measured, and nothing but the results is written', () => {
  expect(read()).toEqual({
    isSmoke: false,
    isProfiled: false,
    isDocumented: false,
    outageSeconds: null,
    only: null,
    rounds: null,
    resultsFolder: 'results',
  });
});

test('some sections are measured when they are named', () => {
  expect(read('--only', 'writes,streams').only).toEqual(['writes', 'streams']);
  expect(() => read('--only', 'writes,reads')).toThrow('--only takes some of streams,writes, not reads');
});

test('figures that mean nothing do not become part of the documentation', () => {
  expect(() => read('--smoke', '--document')).toThrow('--document is not for a smoke run');
});

test('rounds are counted', () => {
  expect(read('--rounds', '3').rounds).toBe(3);
  expect(() => read('--rounds', '0')).toThrow('--rounds takes a number');
});

test('an outage lasts for a number of seconds', () => {
  expect(read('--outage', '300').outageSeconds).toBe(300);
  expect(() => read('--outage', 'long')).toThrow('--outage takes a number of seconds');
});
