import type { GraphQLInterfaceType, GraphQLSchema } from 'graphql';
import '../model/scalars.ts';
import { addModel, type ModelTypes } from '../model/add-model.ts';
import { builder } from '../model/builder.ts';
import { writeGlobalId } from '../model/global-id.ts';
import type { Model } from '../model/model.ts';
import { addRelations } from '../model/relations.ts';
import { type Row, textOf } from '../model/row.ts';
import { addWatchWorkspace } from '../model/subscriptions.ts';
import { models } from './models.ts';
import { Profile } from './profile.ts';
import { session } from './session.ts';
import { addSessions } from './sessions.ts';
import { user } from './user.ts';
import { workspace } from './workspace.ts';

/**
 * Builds the schema of every model. Once in a process: the builder is one value.
 *
 * @param extra  models besides the API's own, for a test that adds a table.
 */
export function buildSchema(extra: readonly Model[] = []): GraphQLSchema {
  builder.queryType({
    description: 'Root fields are nullable, so that one failing field does not take the others with it.',
  });
  builder.mutationType({});
  builder.subscriptionType({});
  const byName = new Map([...models, ...extra].map((model) => [model.name, { model, types: addModel(model) }]));
  const targets = { models: byName, profile: { type: Profile, of: user } };
  for (const entry of byName.values()) addRelations(entry, targets);
  addWatchWorkspace(workspace, models);
  addSessions({ user: typesOf(user), session: typesOf(session) });
  return withIdsAtHand(builder.toSchema({ sortSchema: true }));

  function typesOf({ name }: Model): ModelTypes {
    const entry = byName.get(name);
    if (entry === undefined) throw new TypeError(`${name} is no model of this schema`);
    return entry.types;
  }
}

/**
 * Pothos answers an `id` with a promise, in case it has to be looked for; ours are in the row. Without this no frame that has an
 * `id` in it could be executed at once.
 */
function withIdsAtHand(schema: GraphQLSchema): GraphQLSchema {
  for (const type of schema.getPossibleTypes(schema.getType('Node') as GraphQLInterfaceType)) {
    const { id } = type.getFields();
    if (id !== undefined) id.resolve = (row: Row) => writeGlobalId(type.name, textOf(row, 'id'));
  }
  return schema;
}
