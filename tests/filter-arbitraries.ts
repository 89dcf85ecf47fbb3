import type { FilterInput } from '@sync-hub/api/model/filter';
import fc from 'fast-check';
import { globalId } from './person.ts';

export const userIds = [1, 2, 3].map((n) => `11111111-0000-4000-8000-00000000000${n}`);

/** What LIKE, quotes, lower() and JavaScript may each understand in their own way. */
const characters = [...`aAbB%_\\'";. ßẞſıIiİσςΣéÉ😀ﬁǄǅǆK`, 'e\u0301', '\u0307', '\n'];
const character = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...characters) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 0x1fff }).map((point) => String.fromCodePoint(point)) },
);
const title = fc.string({ unit: character, minLength: 1, maxLength: 6 });
const needle = fc.string({ unit: character, maxLength: 3 });
const priority = fc.integer({ min: 0, max: 4 });
const status = fc.constantFrom('TODO', 'DOING', 'DONE');
const date = fc.constantFrom(
  ...[
    '0001-01-01T00:00:00.000Z',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
  ].map((text) => new Date(text)),
);
const userId = fc.constantFrom(...userIds);

export const taskOf = fc.record({
  title,
  priority,
  status,
  dueAt: fc.option(date),
  assigneeId: fc.option(userId),
});
export type GeneratedTask = typeof taskOf extends fc.Arbitrary<infer Task> ? Task : never;

/** Any subset of these operators, for a field of this kind. */
function operators<Value>(value: fc.Arbitrary<Value>, more: Record<string, fc.Arbitrary<unknown>> = {}) {
  return fc.record(
    { eq: value, ne: value, in: fc.array(value, { maxLength: 3 }), isNull: fc.boolean(), ...more },
    { requiredKeys: [] },
  );
}
function ordered<Value>(value: fc.Arbitrary<Value>) {
  return operators(value, { lt: value, lte: value, gt: value, gte: value });
}

const text = fc.oneof(title, needle);
const fields = {
  title: operators(text, { contains: needle, startsWith: needle, endsWith: needle, insensitive: fc.boolean() }),
  priority: ordered(priority),
  status: operators(status),
  dueAt: ordered(date).map(({ in: _, ...rest }) => rest),
  assigneeId: operators(userId.map((id) => globalId('User', id))),
};

/** A filter as GraphQL hands it on: any operators on any fields, `and`, `or` and `not` inside each other. */
export const filterOf: fc.Arbitrary<FilterInput> = fc.letrec<{ filter: FilterInput; field: FilterInput }>((tie) => ({
  field: fc.oneof(...Object.entries(fields).map(([name, operator]) => operator.map((object) => ({ [name]: object })))),
  filter: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    tie('field'),
    fc.array(tie('filter'), { maxLength: 3 }).map((and) => ({ and })),
    fc.array(tie('filter'), { maxLength: 3 }).map((or) => ({ or })),
    tie('filter').map((not) => ({ not })),
    fc.tuple(tie('field'), tie('field')).map(([one, other]) => ({ ...one, ...other })),
  ),
})).filter;
