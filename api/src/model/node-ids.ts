import { type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql';
import { codedError } from '../errors.ts';

/** A Relay id, read. */
export interface NodeId {
  readonly typename: string;
  readonly id: string;
}

export const maxNodes = 100;

/** @throws BAD_USER_INPUT when there are more than `nodes` answers at once, or one is the id of what is no node. */
export function checkNodeIds(schema: GraphQLSchema, ids: readonly NodeId[]): void {
  if (ids.length > maxNodes)
    throw codedError('BAD_USER_INPUT', `\`ids\` has ${ids.length} entries; at most ${maxNodes} are answered at once.`);
  const node = schema.getType('Node');
  for (const { typename } of ids) {
    const type = schema.getType(typename);
    if (!isInterfaceType(node) || !isObjectType(type) || !schema.isSubType(node, type))
      throw codedError(
        'BAD_USER_INPUT',
        `There are no nodes of type ${typename}. Send the \`id\` of a row, as it came.`,
      );
  }
}
