import type { Field } from '@sync-hub/api/model/field';
import type { FilterInput } from '@sync-hub/api/model/filter';
import type { Model } from '@sync-hub/api/model/model';
import fc from 'fast-check';
import { type GraphQLInputObjectType, type GraphQLSchema, isInputObjectType } from 'graphql';
import { globalId } from './person.ts';

/** A row by field names, with the fields that filters know and values as JSON has them. */
export type GeneratedRow = { readonly [field: string]: unknown };

// Few ids and few dates, so that rows and filters meet.
const id = fc.integer({ min: 1, max: 9 }).map((n) => `11111111-0000-4000-8000-00000000000${n}`);
const date = fc.constantFrom(
  ...[
    '0001-01-01T00:00:00.000Z',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:00:00.000Z',
    '1970-01-01T00:00:00.001Z',
    '9999-12-31T23:59:59.999Z',
  ].map((text) => new Date(text)),
);

/** What LIKE, quotes, lower() and JavaScript may each understand in their own way. */
const characters = [...`aAbB%_\\'";. ßẞſıIiİσςΣéÉ😀ﬁǄǅǆK𐐀𐐨`, 'e\u0301', '\u0307', '\n'];
const character = fc.oneof(
  // Few, so that what is looked for is found.
  { weight: 4, arbitrary: fc.constantFrom('a', 'A', 'b', '%', '_', '\\') },
  { weight: 4, arbitrary: fc.constantFrom(...characters) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 0x1fff }).map((point) => String.fromCodePoint(point)) },
);
const stored = fc.oneof(
  fc.constantFrom('a', 'A', 'aB', 'Ab', 'a_b', 'a%b', 'aBb', 'a\\b'),
  fc.string({ unit: character, minLength: 1, maxLength: 6 }),
);
const needle = fc.string({ unit: character, maxLength: 2 });

function filterableFields(model: Model): [string, Field][] {
  return Object.entries(model.fields).filter(([, field]) => field.filter === true);
}

function storedValueOf(field: Field): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'text':
      return stored;
    case 'integer':
      return fc.integer({ min: field.min, max: field.max });
    case 'boolean':
      return fc.boolean();
    case 'enumeration':
      return fc.constantFrom(...field.type.values);
    case 'dateTime':
      return date;
    case 'reference':
    case 'uuid':
      return id;
  }
}

/** Any rows of a model, no two with one id. */
export function rowsOf(model: Model): fc.Arbitrary<GeneratedRow[]> {
  const values = filterableFields(model).map(([name, field]) => {
    const value = storedValueOf(field);
    return [name, field.nullable === true ? fc.option(value, { freq: 2 }) : value] as const;
  });
  const row = fc.record(Object.fromEntries(values));
  return fc.uniqueArray(row, { selector: (one) => one['id'], minLength: 1, maxLength: 8 });
}

/** What a filter may compare the field with. */
function operandOf(model: Model, field: Field): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'text':
      return fc.oneof(stored, needle);
    case 'integer':
      return fc.oneof(storedValueOf(field), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1));
    case 'reference':
      return id.map((uuid) => globalId(field.to, uuid));
    case 'uuid':
      return id.map((uuid) => globalId(model.name, uuid));
    default:
      return storedValueOf(field);
  }
}

/** One of the field's operators, now and then two: the more there are, the fewer rows pass them all, and the less a wrong one shows. */
function operatorsOf(model: Model, field: Field, input: GraphQLInputObjectType): fc.Arbitrary<FilterInput> {
  const operand = operandOf(model, field);
  const names = Object.keys(input.getFields());
  const each = names.flatMap((name): fc.Arbitrary<FilterInput>[] => {
    // It is none by itself: it says how others compare.
    if (name === 'insensitive') return [];
    if (name === 'isNull') return [fc.boolean().map((value) => ({ isNull: value }))];
    if (name === 'in') return [fc.array(operand, { maxLength: 3 }).map((values) => ({ in: values }))];
    return [operand.map((value) => ({ [name]: value }))];
  });
  const one = fc.oneof(...each);
  const operators = fc.oneof(
    { weight: 4, arbitrary: one },
    { weight: 1, arbitrary: fc.tuple(one, one).map(([first, second]) => ({ ...first, ...second })) },
    { weight: 1, arbitrary: fc.constant({}) },
  );
  if (!names.includes('insensitive')) return operators;
  const sensitivity = fc.constantFrom({}, { insensitive: false }, { insensitive: true });
  return fc.tuple(operators, sensitivity).map(([operator, insensitive]) => ({ ...operator, ...insensitive }));
}

/** A model's filters as GraphQL hands them on: every field and operator of the schema, `and`, `or` and `not` inside each other. */
export function filtersOf(model: Model, schema: GraphQLSchema): fc.Arbitrary<FilterInput> {
  const filterable = Object.entries(inputCalled(`${model.name}Filter`, schema).getFields()).flatMap(
    ([name, { type }]) => {
      const field = model.fields[name];
      if (field === undefined) return [];
      const operators = operatorsOf(model, field, inputCalled(String(type), schema));
      return [operators.map((object): FilterInput => ({ [name]: object }))];
    },
  );
  return fc.letrec<{ filter: FilterInput; field: FilterInput }>((tie) => ({
    field: fc.oneof(...filterable),
    filter: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      tie('field'),
      fc.array(tie('filter'), { maxLength: 3 }).map((and) => ({ and })),
      fc.array(tie('filter'), { maxLength: 3 }).map((or) => ({ or })),
      tie('field').map((not) => ({ not })),
      tie('filter').map((not) => ({ not })),
      fc.tuple(tie('field'), tie('field')).map(([one, other]) => ({ ...one, ...other })),
    ),
  })).filter;
}

function inputCalled(name: string, schema: GraphQLSchema): GraphQLInputObjectType {
  const type = schema.getType(name);
  if (!isInputObjectType(type)) throw new Error(`there is no input ${name}`);
  return type;
}
