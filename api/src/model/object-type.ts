import type { ObjectRef } from '@pothos/core';
import { builder, type Types } from './builder.ts';
import { signedInViewer } from './context.ts';
import { aboutField, type Enumeration, type Field } from './field.ts';
import { writeGlobalId } from './global-id.ts';
import type { Model } from './model.ts';
import { integerOf, type Row, textOf } from './row.ts';

export type RowRef = ObjectRef<Types, Row>;
type RowFieldBuilder = PothosSchemaTypes.ObjectFieldBuilder<Types, Row>;

/** Every synced row. */
export const Synced = builder.interfaceRef<Row>('Synced').implement({
  description: 'Every synced row.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    version: t.int({
      nullable: false,
      description: 'Starts at 1, rises by 1 with every committed update, whoever wrote it.',
      resolve: (row) => integerOf(row, 'version'),
    }),
    createdAt: t.field({ type: 'DateTime', nullable: false, resolve: (row) => dateOf(row, 'createdAt') }),
    updatedAt: t.field({ type: 'DateTime', nullable: false, resolve: (row) => dateOf(row, 'updatedAt') }),
  }),
});

/** A row as it was. Without `id`, or a normalising cache would put it over the row as it is. */
export const SyncedImage = builder.interfaceRef<Row>('SyncedImage').implement({
  description: 'A row as it was. It has no `id`: a normalising cache would put it over the row as it is.',
  resolveType: (row) => `${row.__typename}Image`,
  fields: (t) => ({
    version: t.int({ nullable: false, resolve: (row) => integerOf(row, 'version') }),
    createdAt: t.field({ type: 'DateTime', nullable: false, resolve: (row) => dateOf(row, 'createdAt') }),
    updatedAt: t.field({ type: 'DateTime', nullable: false, resolve: (row) => dateOf(row, 'updatedAt') }),
  }),
});

const syncedNames: readonly string[] = ['id', 'version', 'createdAt', 'updatedAt'];

/** The model's GraphQL type, a Relay node that is visible to whom its policy lets read it. */
export function addObjectType(model: Model): RowRef {
  const ref = builder.objectRef<Row>(model.name);
  builder.node(ref, {
    description: model.description,
    interfaces: [Synced],
    id: { resolve: (row) => textOf(row, 'id') },
    isTypeOf: (value) => (value as Row).__typename === model.name,
    loadMany: (ids, context) => {
      signedInViewer(context);
      return Promise.all(ids.map((id) => context.rows.visible(model, id)));
    },
    fields: (t) => ownFields(model, t),
  });
  return ref;
}

/** `TaskImage`: the model's own columns, without id and relations. */
export function addImageType(model: Model): RowRef {
  return builder.objectRef<Row>(`${model.name}Image`).implement({
    interfaces: [SyncedImage],
    fields: (t) => ownFields(model, t),
  });
}

function ownFields(model: Model, t: RowFieldBuilder) {
  const own = Object.entries(model.fields).filter(([name]) => !syncedNames.includes(name));
  return Object.fromEntries(own.map(([name, field]) => [name, exposeField(t, name, field)]));
}

function exposeField(t: RowFieldBuilder, name: string, field: Field) {
  // A field that some viewers may not read is null for them. (Pothos wants to know the answer when it compiles: `true` lets
  // the resolvers below give null, which they do only where the declaration allows it.)
  const nullable = (field.nullable === true || field.readableBy !== undefined) as true;
  const about = aboutField(field);
  const value = (row: Row) => row[name] ?? null;
  switch (field.kind) {
    case 'text':
      return t.string({ nullable, ...about, resolve: (row) => orNull(value(row), () => textOf(row, name)) });
    case 'integer':
      return t.int({ nullable, ...about, resolve: (row) => orNull(value(row), () => integerOf(row, name)) });
    case 'boolean':
      return t.boolean({ nullable, ...about, resolve: (row) => orNull(value(row), () => row[name] === true) });
    case 'dateTime': {
      const resolve = (row: Row) => orNull(value(row), () => dateOf(row, name));
      return t.field({ type: 'DateTime', nullable, ...about, resolve });
    }
    case 'enumeration': {
      const resolve = (row: Row) => orNull(value(row), () => textOf(row, name));
      return t.field({ type: enumerationType(field.type), nullable, ...about, resolve });
    }
    case 'uuid':
    case 'reference': {
      const target = field.kind === 'uuid' ? '' : field.to;
      return t.id({
        nullable,
        ...about,
        resolve: (row) => orNull(value(row), () => writeGlobalId(target, textOf(row, name))),
      });
    }
  }
}

function orNull<Read>(value: unknown, read: () => Read): Read | null {
  return value === null ? null : read();
}

function dateOf(row: Row, field: string): Date {
  const value = row[field];
  if (value instanceof Date) return value;
  throw new TypeError(`${row.__typename}.${field} is not a date`);
}

const enumerations = new Map<Enumeration, ReturnType<typeof defineEnumeration>>();

/** The GraphQL enum of an enumeration, made when a field first needs it. */
export function enumerationType(type: Enumeration) {
  let ref = enumerations.get(type);
  if (ref === undefined) {
    ref = defineEnumeration(type);
    enumerations.set(type, ref);
  }
  return ref;
}

function defineEnumeration({ name, values }: Enumeration) {
  return builder.enumType(name, { values });
}
