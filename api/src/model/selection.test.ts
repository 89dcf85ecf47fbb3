import { describe, expect, test } from '@jest/globals';
import { type FragmentDefinitionNode, type GraphQLResolveInfo, Kind, parse, validate } from 'graphql';
import { comment } from '../schema/comment.ts';
import { buildSchema } from '../schema/schema.ts';
import { task } from '../schema/task.ts';
import { user } from '../schema/user.ts';
import { profilesOf, selectionOf } from './selection.ts';

const schema = buildSchema();

/** Of the operation that is called so, or of the only one. */
function selectionIn(text: string, operationName?: string) {
  const { models, ...rest } = selectionOf(infoOf(text, operationName));
  return { ...rest, models: models.map(({ name }) => name).sort() };
}

function infoOf(text: string, operationName?: string): GraphQLResolveInfo {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  const operation = operations.find(({ name }) => operationName === undefined || name?.value === operationName);
  const fragments = document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
  const byName: Record<string, FragmentDefinitionNode> = {};
  for (const fragment of fragments) byName[fragment.name.value] = fragment;
  const info = { schema, operation, fragments: byName, path: { key: 'tasks' } };
  return info as unknown as GraphQLResolveInfo;
}

const none = { responseName: 'tasks', models: [], isPersonal: false };

describe('what a selection depends on', () => {
  test('is nothing for own columns, for people by their profile, and for who wrote', () => {
    const rows = 'row { id title assignee { name } createdBy { color } } previous { title }';
    expect(
      selectionIn(`subscription { tasks: watchTasks { cursor transaction { actor { name } } changes { ${rows} } } }`),
    ).toEqual(none);
  });

  test('is the models whose rows it loads, however deep', () => {
    const comments = 'comments(first: 1) { edges { node { body task { workspace { members { nodes { role } } } } } } }';
    expect(selectionIn(`subscription { watchTasks { changes { row { ${comments} } } } }`)).toEqual({
      ...none,
      models: ['Comment', 'Member', 'Task', 'Workspace'],
    });
  });

  test('is found in fragments too, and behind directives that may let it through', () => {
    const fragments = 'fragment Card on Task { title ...More } fragment More on Task { workspace { name } }';
    expect(selectionIn(`subscription { watchTasks { changes { row { ...Card } } } } ${fragments}`)).toEqual({
      ...none,
      models: ['Workspace'],
    });
    const skipped =
      'subscription ($no: Boolean!) { watchTasks { changes { row { workspace @skip(if: $no) { name } } } } }';
    expect(selectionIn(skipped).models).toEqual(['Workspace']);
  });

  test('is found of rows of which only an interface is known', () => {
    const rows = 'row { version ... on Comment { task { title } } ... on Member { role profile { name } } }';
    expect(selectionIn(`subscription { watchWorkspace(workspaceId: "w") { changes { ${rows} } } }`).models).toEqual([
      'Task',
    ]);
  });

  test('is the session where a field knows it', () => {
    const changes = (field: string) => `subscription { watchSessions { changes { row { ${field} } } } }`;
    expect([selectionIn(changes('userAgent')), selectionIn(changes('mine: current'))]).toEqual([
      none,
      { ...none, isPersonal: true },
    ]);
  });

  test('is each operation’s own where a document has several', () => {
    const document =
      'subscription A { watchTasks { cursor } } subscription B { watchTasks { changes { row { workspace { id } } } } }';
    expect([selectionIn(document, 'A').models, selectionIn(document, 'B').models]).toEqual([[], ['Workspace']]);
  });
});

test('the profiles that a mutation may show beside a row are found in fragments, each once', () => {
  const info = infoOf(`
    mutation { updateTask(input: { id: "" }) { ... on UpdateTaskPayload { task { ...Shown createdBy { name } } } } }
    fragment Shown on Task { id assignee { name } createdBy { color } workspace { id } }`);
  expect(profilesOf(task, info)).toEqual([
    { field: 'createdBy', from: task, reference: 'createdById', to: user },
    { field: 'assignee', from: task, reference: 'assigneeId', to: user },
  ]);
  expect(profilesOf(comment, info)).toEqual([]);
});
