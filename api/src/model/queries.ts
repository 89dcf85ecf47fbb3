import type { ObjectRef } from '@pothos/core';
import type { Where } from '../authority/rules.ts';
import { everything } from '../authority/rules.ts';
import { builder, type Types } from './builder.ts';
import { type Context, signedInViewer } from './context.ts';
import { type FilterInput, readFilter } from './filter.ts';
import { addOrderInput, type FilterRef } from './filter-input.ts';
import { readIdOf } from './global-id.ts';
import type { Model } from './model.ts';
import type { RowRef } from './object-type.ts';
import { type Order, type Page, type PageArguments, pageLimits, readPage } from './page.ts';
import { bothWheres, prismaWhere } from './prisma-where.ts';
import { tableOf } from './table.ts';

export type ConnectionRef = ObjectRef<Types, Page>;

/** `TaskConnection` and `TaskEdge`. */
export function addConnectionType(model: Model, row: RowRef): ConnectionRef {
  const { name } = model;
  return builder.connectionObject(
    { type: row, name: `${name}Connection` },
    { name: `${name}Edge` },
  ) as unknown as ConnectionRef;
}

/** `task` and `tasks`. */
export function addQueries(model: Model, row: RowRef, connection: ConnectionRef, filter: FilterRef): void {
  builder.queryField(model.singular, (t) =>
    t.field({
      type: row,
      nullable: true,
      description: 'Null when absent or not visible: the two cannot be told apart.',
      args: { id: t.arg.id({ required: true }) },
      resolve: (_, { id }, context) => {
        signedInViewer(context);
        return context.rows.visible(model, readIdOf(model.name, id));
      },
    }),
  );
  const order = addOrderInput(model);
  builder.queryField(model.plural, (t) =>
    t.field({
      type: connection,
      nullable: true,
      description: `first and last: ${pageLimits.defaultSize} when neither is given, at most ${pageLimits.maxSize}.`,
      args: { where: t.arg({ type: filter }), orderBy: t.arg({ type: [order] }), ...t.arg.connectionArgs() },
      complexity: connectionComplexity,
      resolve: (_, { where, orderBy, ...page }, context) =>
        readVisiblePage(model, context, page, { where, orderBy: (orderBy ?? []) as Order[] }),
    }),
  );
}

interface PageQuestion {
  readonly where?: FilterInput | null | undefined;
  readonly orderBy?: readonly Order[];
  /** What else must hold, besides the client's filter. */
  readonly within?: Where;
}

/** One page of the rows that the viewer may see. */
export async function readVisiblePage(
  model: Model,
  context: Context,
  page: PageArguments,
  question: PageQuestion,
): Promise<Page> {
  signedInViewer(context);
  const asked = prismaWhere(readFilter(model, question.where));
  const authority = await context.authority();
  const where = bothWheres(model.policy.read.where(authority), bothWheres(question.within ?? everything, asked));
  const table = tableOf(model, context.services.prisma);
  return readPage(model, table, where, page, question.orderBy ?? [], authority);
}

/** A connection costs a statement, and its page: what is selected in it counts for each row that it may give. */
export function connectionComplexity({ first, last }: PageArguments) {
  const rows = first ?? last ?? pageLimits.defaultSize;
  return { field: statementComplexity, multiplier: Math.min(Math.max(rows, 1), pageLimits.maxSize) };
}

/** A statement costs about as much as so many fields. */
const statementComplexity = 50;
