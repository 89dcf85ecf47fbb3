import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { errorCodes } from '@sync-hub/api/errors';
import { buildSchema } from '@sync-hub/api/schema/schema';
import { ErrorCode } from '@sync-hub/sdk/generated/graphql';
import { type GraphQLInterfaceType, type GraphQLObjectType, isInterfaceType, isObjectType, printSchema } from 'graphql';

const schema = buildSchema();

function interfaceCalled(name: string): GraphQLInterfaceType {
  const type = schema.getType(name);
  if (!isInterfaceType(type)) throw new Error(`there is no interface ${name}`);
  return type;
}

/** The types of each field, by name, with the types that have it so. */
function typesByField(types: readonly GraphQLObjectType[]): Map<string, Map<string, string[]>> {
  const fields = new Map<string, Map<string, string[]>>();
  for (const type of types)
    for (const { name, type: fieldType } of Object.values(type.getFields())) {
      const owners = fields.get(name) ?? new Map<string, string[]>();
      fields.set(name, owners.set(String(fieldType), [...(owners.get(String(fieldType)) ?? []), type.name]));
    }
  return fields;
}

test('the committed schema.graphql is what the code builds', () => {
  const committed = readFileSync(new URL('../api/schema.graphql', import.meta.url), 'utf8');
  expect(committed).toBe(`${printSchema(schema)}\n`);
});

test.each(['Synced', 'SyncedImage'])(
  'a query over %s can select the fields of all models: they agree wherever they share a name, but for role',
  (name) => {
    const differing = [...typesByField(schema.getPossibleTypes(interfaceCalled(name)).slice())].filter(
      ([, types]) => types.size > 1,
    );
    // A user's role and a member's are two enums; a query that wants both names one of them anew.
    expect(differing.map(([field]) => field)).toEqual(['role']);
  },
);

test.each(['Synced', 'SyncedImage'])(
  'a query over what a workspace holds can select all fields of %s: types that share a name agree, without exception',
  (name) => {
    const ofWorkspace = ['Workspace', 'Member', 'Task', 'Comment'].map((model) => model + name.slice('Synced'.length));
    const types = schema.getPossibleTypes(interfaceCalled(name)).filter((type) => ofWorkspace.includes(type.name));
    expect(types).toHaveLength(ofWorkspace.length);
    expect([...typesByField(types)].filter(([, owners]) => owners.size > 1)).toEqual([]);
  },
);

test('what a frame shows of a row before its change has its fields, without id and relations, and may be read the same', () => {
  for (const image of schema.getPossibleTypes(interfaceCalled('SyncedImage'))) {
    const row = schema.getType(image.name.replace(/Image$/, ''));
    if (!isObjectType(row)) throw new Error(`${image.name} is the image of no type`);
    const fields = Object.values(image.getFields()).map((field) => [field.name, String(field.type)]);
    expect(fields).toEqual(fields.map(([field = '']) => [field, String(row.getFields()[field]?.type)]));
    expect(Object.keys(image.getFields())).not.toContain('id');
  }
});

test('every root field of a query may be null, so that one which fails does not take the others with it', () => {
  const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
  expect(fields.length).toBeGreaterThan(0);
  expect(fields.filter(({ type }) => String(type).endsWith('!'))).toEqual([]);
});

test('every mutation may be null, and answers with a union that says which mistakes it may find', () => {
  const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
  expect(fields.map(({ name, type }) => [name, String(type)])).toEqual(
    fields.map(({ name }) => [name, `${name.charAt(0).toUpperCase()}${name.slice(1)}Result`]),
  );
});

test('whatever is described is described in words', () => {
  expect(printSchema(schema)).not.toContain('""""""');
});

test('clients know every error code', () => {
  expect(Object.values<string>(ErrorCode).sort()).toEqual([...errorCodes].sort());
});
