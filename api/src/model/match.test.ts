import { describe, expect, test } from '@jest/globals';
import { task } from '../schema/task.ts';
import { type FilterInput, readFilter } from './filter.ts';
import { writeGlobalId } from './global-id.ts';
import { matches } from './match.ts';
import type { Row } from './row.ts';

const id = '6b2a7c1e-2b0f-4d5a-9a57-0f4a8f1a2c3d';
const row: Row = {
  __typename: 'Task',
  id,
  title: 'Ärger mit ΣΊΣΥΦΟΣ 100%',
  priority: 2,
  status: 'DOING',
  dueAt: new Date('2026-11-23T00:00:00Z'),
  assigneeId: null,
  workspaceId: id,
};

describe('a row fulfils a filter as a SELECT would find it', () => {
  test.each<[string, FilterInput, boolean]>([
    ['no filter', {}, true],
    ['equality', { priority: { eq: 2 } }, true],
    ['inequality', { priority: { ne: 2 } }, false],
    ['a list', { status: { in: ['TODO', 'DOING'] } }, true],
    ['an empty list', { status: { in: [] } }, false],
    ['the negation of an empty list', { not: { assigneeId: { in: [] } } }, true],
    ['bounds', { priority: { gt: 1, lte: 2 } }, true],
    ['dates by their time', { dueAt: { eq: new Date('2026-11-23T00:00:00Z') } }, true],
    ['later dates', { dueAt: { gt: new Date('2026-11-23T00:00:00Z') } }, false],
    ['an id', { workspaceId: { eq: writeGlobalId('Workspace', id) } }, true],
    ['NULL equals nothing', { assigneeId: { eq: writeGlobalId('User', id) } }, false],
    ['NULL differs from nothing', { assigneeId: { ne: writeGlobalId('User', id) } }, false],
    ['the negation of unknown is unknown', { not: { assigneeId: { eq: writeGlobalId('User', id) } } }, false],
    ['NULL asked for', { assigneeId: { isNull: true } }, true],
    ['no NULL asked for', { assigneeId: { isNull: false } }, false],
    ['NULL asked for where there is none', { title: { isNull: true } }, false],
    ['no NULL asked for where there is none', { title: { isNull: false } }, true],
    ['unknown or true', { or: [{ assigneeId: { eq: writeGlobalId('User', id) } }, { priority: { eq: 2 } }] }, true],
    ['an empty or', { or: [] }, false],
    ['an empty and', { and: [] }, true],
    ['contains', { title: { contains: '100%' } }, true],
    ['LIKE has no wildcards', { title: { contains: '1_0' } }, false],
    ['case matters', { title: { startsWith: 'ä' } }, false],
    ['case does not matter', { title: { startsWith: 'ä', insensitive: true } }, true],
    ['final sigma', { title: { contains: 'σίσυφος', insensitive: true } }, true],
    ['the end', { title: { endsWith: '100%' } }, true],
  ])('%s', (_, filter, expected) => {
    expect(matches(readFilter(task, filter), row)).toBe(expected);
  });
});

describe('a filter that cannot be meant is refused with what to do', () => {
  test.each<[string, FilterInput, RegExp]>([
    ['null for a field', { assigneeId: null }, /where\.assigneeId is null.*isNull/],
    ['null for an operator', { assigneeId: { eq: null } }, /where\.assigneeId\.eq is null.*isNull/],
    [
      'the id of another type',
      { workspaceId: { eq: writeGlobalId('Task', id) } },
      /id of a Task; a Workspace is needed/,
    ],
    ['no id at all', { workspaceId: { eq: "'; DROP TABLE tasks; --" } }, /is no id/],
    ['a NUL character', { title: { eq: 'a\0b' } }, /no row can hold/],
    [
      'too many comparisons',
      { and: Array.from({ length: 101 }, () => ({ priority: { eq: 1 } })) },
      /more than 100 comparisons/,
    ],
    ['too many values', { priority: { in: Array.from({ length: 1001 }, () => 1) } }, /more than 1000 values/],
    ['too deep', nest(11), /deeper than 10/],
    [
      'too many, though they ask for nothing',
      { and: Array.from({ length: 200 }, () => ({})) },
      /more than 200 filters/,
    ],
  ])('%s', (_, filter, message) => {
    expect(() => readFilter(task, filter)).toThrow(message);
  });
});

function nest(depth: number): FilterInput {
  return depth === 0 ? {} : { not: nest(depth - 1) };
}
