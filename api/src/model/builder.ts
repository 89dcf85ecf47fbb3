import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import RelayPlugin from '@pothos/plugin-relay';
import { codedError } from '../errors.ts';
import type { Context } from './context.ts';
import { readGlobalId, writeGlobalId } from './global-id.ts';
import { checkNodeIds } from './node-ids.ts';
import './subscription-limits.ts';

/** The types of the schema that are not Pothos's own. */
export interface SchemaTypes {
  Context: Context;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    UUID: { Input: string; Output: string };
    SyncCursor: { Input: string; Output: string };
  };
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
}

/**
 * The limits of one operation, counted before it runs. Over one of them it is QUERY_TOO_COMPLEX. A field counts 1, times the
 * rows it may be given for; a connection counts for the statement that it costs, too. Three connections in each other, of 20
 * rows each, are within the limit.
 */
export const operationLimits = { complexity: 100_000, depth: 12, breadth: 500 };

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [RelayPlugin, ComplexityPlugin, 'subscriptionLimits'],
  relay: {
    nodesOnConnection: true,
    edgesFieldOptions: { nullable: { list: false, items: false } },
    nodeFieldOptions: { nullable: false },
    nodesFieldOptions: { nullable: { list: false, items: false } },
    nodeQueryOptions: {
      resolve(_, { id }, __, { schema }, resolveNode) {
        checkNodeIds(schema, [id]);
        return resolveNode(id);
      },
    },
    nodesQueryOptions: {
      nullable: { list: true, items: true },
      complexity: ({ ids }) => ({ field: 1, multiplier: Math.max(ids.length, 1) }),
      description: 'At most 100. Null for a row that is absent or not visible: the two cannot be told apart.',
      resolve(_, { ids }, __, { schema }, resolveNodes) {
        checkNodeIds(schema, ids);
        return resolveNodes(ids);
      },
    },
    edgeCursorType: 'String',
    pageInfoCursorType: 'String',
    encodeGlobalID: (typeName, id) => writeGlobalId(typeName, String(id)),
    decodeGlobalID: (globalId) => {
      const { typeName, id } = readGlobalId(globalId);
      return { typename: typeName, id };
    },
  },
  complexity: {
    // To count a frame anew would cost as much as to execute it.
    limit: ({ isFrame }) => (isFrame ? {} : operationLimits),
    // Connections multiply by their page; the lists in them would count it again.
    defaultListMultiplier: 1,
    complexityError: (kind, { maxComplexity, maxDepth, maxBreadth, complexity, depth, breadth }) => {
      const [limit, actual] = {
        Complexity: [maxComplexity, complexity],
        Depth: [maxDepth, depth],
        Breadth: [maxBreadth, breadth],
      }[kind];
      return codedError(
        'QUERY_TOO_COMPLEX',
        `${kind} is ${actual}, at most ${limit} is answered. Ask for less at once.`,
      );
    },
  },
});
/** Pothos's own view of {@link SchemaTypes}. */
export type Types = (typeof builder)['$inferSchemaTypes'];
