import { createHash } from 'node:crypto';
import type { GraphQLResolveInfo } from 'graphql';
import { Kind, print } from 'graphql';
import { changeOperations } from '../feed/frame.ts';
import type { FrameEvent } from '../feed/frame-queue.ts';
import { builder } from './builder.ts';
import { signedInViewer } from './context.ts';
import { type Filter, readFilter, requiredValue } from './filter.ts';
import type { FilterRef } from './filter-input.ts';
import { addFrameType, ChangeOperationEnum } from './frame-type.ts';
import { matches } from './match.ts';
import type { Model } from './model.ts';
import type { RowRef } from './object-type.ts';

/** `taskChanges`: the changes that the viewer may see, from now on. */
export function addChangesSubscription(model: Model, row: RowRef, image: RowRef, filter: FilterRef): void {
  const frame = addFrameType(model, row, image);
  builder.subscriptionField(`${model.singular}Changes`, (t) =>
    t.field({
      type: frame,
      nullable: false,
      description:
        'Changes from now on, transaction by transaction, after one opening frame without changes. Never a silent gap: when the log cannot be continued exactly, it ends with CURSOR_EXPIRED.',
      args: { where: t.arg({ type: filter }), operations: t.arg({ type: [ChangeOperationEnum] }) },
      subscribe: (_, args, context, info) => {
        const viewer = signedInViewer(context);
        const where = readFilter(model, args.where);
        const request = {
          view: {
            model,
            matches: (candidate: Parameters<typeof matches>[1]) => matches(where, candidate),
            operations: new Set(args.operations ?? changeOperations),
          },
          viewerId: viewer.userId,
          sessionId: viewer.sessionId,
          expiresAt: viewer.tokenExpiresAt,
          question: questionOf(info, args),
          workspaceId: askedWorkspace(model, where),
        };
        return context.services.feed.follow(request, context.backlog);
      },
      // The last event of a subscription that ends with a reason is that reason.
      resolve: (event: FrameEvent) => {
        if ('error' in event) throw event.error;
        return event.frame;
      },
    }),
  );
}

/** The one workspace that `where` asks for, if it does. */
function askedWorkspace(model: Model, where: Filter): string | null {
  const value = model.workspace === undefined ? undefined : requiredValue(where, model.workspace);
  return typeof value === 'string' ? value : null;
}

/** What was asked, as a hash: the field, its arguments without `after`, its selection. */
function questionOf(info: GraphQLResolveInfo, args: object): string {
  const { after: _, ...rest } = args as { after?: unknown };
  const selections = info.fieldNodes.map((node) => (node.selectionSet === undefined ? '' : print(node.selectionSet)));
  const fragments = Object.values(info.fragments).map(print);
  const text = JSON.stringify([info.fieldName, rest, selections, fragments, variablesBesidesAfter(info)]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** What the selection may depend on. The variable that `after` is given by differs each time and asks for nothing. */
function variablesBesidesAfter({ fieldNodes, variableValues }: GraphQLResolveInfo): object {
  const given = fieldNodes.flatMap((node) => node.arguments ?? []).filter(({ name }) => name.value === 'after');
  const names = given.map(({ value }) => (value.kind === Kind.VARIABLE ? value.name.value : ''));
  return Object.fromEntries(Object.entries(variableValues).filter(([name]) => !names.includes(name)));
}
