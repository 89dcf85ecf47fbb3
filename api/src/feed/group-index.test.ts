import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Where } from '../authority/rules.ts';
import { anchorsOf } from './anchors.ts';
import { createGroupIndex } from './group-index.ts';
import type { ModelChange } from './model-changes.ts';

type Fields = Readonly<Record<string, string | number | boolean | null>>;
/** A row has to have one of these values in the field; or the one, when it is no list. */
interface Condition {
  readonly field: string;
  readonly values: readonly (string | number | boolean)[];
  readonly isList: boolean;
}
const rowOf = (fields: Fields) => ({ __typename: 'Task', ...fields });
function changeOf(before: Fields | null, after: Fields | null): ModelChange {
  return { key: 'k', before: before && rowOf(before), after: after && rowOf(after) };
}

function indexOf(...wheres: readonly Where[]) {
  const index = createGroupIndex<Where>();
  const removals = wheres.map((where) => index.add(anchorsOf(where), where));
  return { index, removals };
}
function foundBy(wheres: readonly Where[], change: ModelChange): Where[] {
  const found: Where[] = [];
  indexOf(...wheres).index.find(change, (where) => found.push(where));
  return found;
}

describe('whom a change may concern', () => {
  test('is found by what a row was, and by what it is, once', () => {
    const home = { workspaceId: { equals: 'home' } };
    const work = { workspaceId: { in: ['work', 'home'] } };
    const change = changeOf({ workspaceId: 'home' }, { workspaceId: 'work' });
    expect(foundBy([home, work, { workspaceId: { in: ['elsewhere'] } }], change)).toEqual([home, work]);
  });

  test('is everybody who has said nothing that can be looked up', () => {
    const wheres: Where[] = [
      {},
      { OR: [{ status: { equals: 'TODO' } }, { priority: { equals: 1 } }] },
      { NOT: { status: { equals: 'TODO' } } },
      { title: { equals: 'x', mode: 'insensitive' } },
      { title: { contains: 'x' } },
      { status: { equals: null } },
      { status: { in: ['TODO', null] } },
      { members: { some: { workspaceId: { in: ['home'] } } } },
    ];
    expect(foundBy(wheres, changeOf(null, { status: 'DONE', priority: 2, title: 'X' }))).toEqual(wheres);
  });

  test('is nobody who asks for a value where there is none, nor who may see nothing', () => {
    const wheres = [{ assigneeId: { equals: 'null' } }, { id: { in: [] } }];
    expect(foundBy(wheres, changeOf(null, { id: 'null', assigneeId: null }))).toEqual([]);
  });

  test('is found also by who names more values than are looked up', () => {
    const many = Array.from({ length: 40 }, (_, index) => String(index));
    const where = { id: { in: many }, title: { in: many } };
    expect(foundBy([where], changeOf({ id: '7', title: '39' }, null))).toEqual([where]);
  });

  test('is all whose condition holds for a row, whatever the conditions are; and nothing is left of who went', () => {
    const fields = ['a', 'b', 'c'];
    const value = fc.constantFrom('x', 'y', '', '1', 1, 2, true, false);
    const condition = fc.record({
      field: fc.constantFrom(...fields),
      values: fc.array(value, { maxLength: 10 }),
      isList: fc.boolean(),
    });
    const conditions = fc.array(condition, { maxLength: 4 });
    const row = fc.option(
      fc.record(Object.fromEntries(fields.map((field) => [field, fc.option(value)])) as Record<string, typeof value>),
    );
    const whereOf = (all: readonly Condition[]): Where => ({
      AND: all.map(({ field, values, isList }) => ({
        [field]: isList ? { in: values } : { equals: values[0] ?? null },
      })),
    });
    const holds = (all: readonly Condition[], one: Fields | null) =>
      one !== null &&
      all.every(({ field, values, isList }) => {
        const held = one[field] ?? null;
        return held !== null && (isList ? values.includes(held) : values[0] === held);
      });
    fc.assert(
      fc.property(fc.array(conditions, { maxLength: 6 }), row, row, (asked, before, after) => {
        const wheres = asked.map(whereOf);
        const { index, removals } = indexOf(...wheres);
        const found: Where[] = [];
        index.find(changeOf(before, after), (where) => found.push(where));
        expect(new Set(found).size).toBe(found.length);
        for (const [at, all] of asked.entries())
          if (holds(all, before) || holds(all, after)) expect(found).toContain(wheres[at]);
        for (const remove of removals) remove();
        expect(index.isEmpty).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
