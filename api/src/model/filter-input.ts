import type { InputFieldMap, InputObjectRef } from '@pothos/core';
import { builder, type Types } from './builder.ts';
import type { Enumeration, Field } from './field.ts';
import type { FilterInput } from './filter.ts';
import type { Model } from './model.ts';
import { enumerationType } from './object-type.ts';

export type FilterRef = InputObjectRef<Types, FilterInput>;

const IdFilter = builder.inputType('IdFilter', {
  fields: (t) => ({ eq: t.id(), ne: t.id(), in: t.idList(), isNull: t.boolean() }),
});
const StringFilter = builder.inputType('StringFilter', {
  description: 'With `insensitive: true`, upper and lower case are the same.',
  fields: (t) => ({
    eq: t.string(),
    ne: t.string(),
    in: t.stringList(),
    contains: t.string(),
    startsWith: t.string(),
    endsWith: t.string(),
    insensitive: t.boolean(),
    isNull: t.boolean(),
  }),
});
const IntFilter = builder.inputType('IntFilter', {
  fields: (t) => ({
    eq: t.int(),
    ne: t.int(),
    in: t.intList(),
    lt: t.int(),
    lte: t.int(),
    gt: t.int(),
    gte: t.int(),
    isNull: t.boolean(),
  }),
});
const BooleanFilter = builder.inputRef<FilterInput>('BooleanFilter').implement({
  fields: (t) => ({ eq: t.boolean(), ne: t.boolean(), isNull: t.boolean() }),
});
const DateTimeFilter = builder.inputType('DateTimeFilter', {
  fields: (t) => ({
    eq: t.field({ type: 'DateTime' }),
    ne: t.field({ type: 'DateTime' }),
    lt: t.field({ type: 'DateTime' }),
    lte: t.field({ type: 'DateTime' }),
    gt: t.field({ type: 'DateTime' }),
    gte: t.field({ type: 'DateTime' }),
    isNull: t.boolean(),
  }),
});

/** `TaskFilter`: the model's filterable fields, and/or/not. */
export function addFilterInput(model: Model): FilterRef {
  const ref = builder.inputRef<FilterInput>(`${model.name}Filter`);
  ref.implement({
    fields: (t) => {
      const fields: InputFieldMap = {};
      for (const [name, field] of Object.entries(model.fields))
        if (field.filter === true) fields[name] = t.field({ type: filterTypeOf(field) });
      return { ...fields, and: t.field({ type: [ref] }), or: t.field({ type: [ref] }), not: t.field({ type: ref }) };
    },
  });
  return ref;
}

function filterTypeOf(field: Field) {
  switch (field.kind) {
    case 'uuid':
    case 'reference':
      return IdFilter;
    case 'text':
      return StringFilter;
    case 'integer':
      return IntFilter;
    case 'boolean':
      return BooleanFilter;
    case 'dateTime':
      return DateTimeFilter;
    case 'enumeration':
      return enumerationFilter(field.type);
  }
}

const enumerationFilters = new Map<Enumeration, ReturnType<typeof defineEnumerationFilter>>();

function enumerationFilter(type: Enumeration) {
  let ref = enumerationFilters.get(type);
  if (ref === undefined) {
    ref = defineEnumerationFilter(type);
    enumerationFilters.set(type, ref);
  }
  return ref;
}

function defineEnumerationFilter(type: Enumeration) {
  const values = enumerationType(type);
  return builder.inputType(`${type.name}Filter`, {
    fields: (t) => ({
      eq: t.field({ type: values }),
      ne: t.field({ type: values }),
      in: t.field({ type: [values] }),
      isNull: t.boolean(),
    }),
  });
}

const OrderDirection = builder.enumType('OrderDirection', { values: ['ASC', 'DESC'] as const });

/** `TaskOrder`, over the model's orderable fields. */
export function addOrderInput(model: Model) {
  const orderable = Object.entries(model.fields).filter(([, field]) => field.order === true);
  const values = Object.fromEntries(orderable.map(([name]) => [constantCase(name), { value: name }]));
  const field = builder.enumType(`${model.name}OrderField`, { values });
  return builder.inputType(`${model.name}Order`, {
    fields: (t) => ({
      field: t.field({ type: field, required: true }),
      direction: t.field({ type: OrderDirection, required: true, defaultValue: 'ASC' }),
    }),
  });
}

/** `dueAt` is DUE_AT. */
function constantCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
