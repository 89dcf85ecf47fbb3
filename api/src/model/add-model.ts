import { addFilterInput } from './filter-input.ts';
import type { Model } from './model.ts';
import { addMutations } from './mutations.ts';
import { addImageType, addObjectType, type RowRef } from './object-type.ts';
import { addConnectionType, addQueries, type ConnectionRef } from './queries.ts';
import { addSubscriptions } from './subscriptions.ts';

/** The GraphQL types of a model, for relations that lead to it. */
export interface ModelTypes {
  readonly row: RowRef;
  readonly connection: ConnectionRef;
}

/**
 * Gives a declared model its whole GraphQL face: the type, `task`, `tasks`, `createTask`, `updateTask`, `deleteTask`,
 * `watchTasks` and `taskChanges`. Call it once for each model, when the schema is built.
 */
export function addModel(model: Model): ModelTypes {
  const row = addObjectType(model);
  const image = addImageType(model);
  const filter = addFilterInput(model);
  const connection = addConnectionType(model, row);
  addQueries(model, row, connection, filter);
  addMutations(model, row);
  addSubscriptions(model, row, image, filter);
  return { row, connection };
}
