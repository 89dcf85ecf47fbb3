import type { ASTNode, GraphQLResolveInfo } from 'graphql';
import { Kind, print } from 'graphql';
import { codedError } from '../errors.ts';
import type { FollowRequest } from '../feed/follow-request.ts';
import { changeOperations, type Frame } from '../feed/frame.ts';
import type { FrameEvent } from '../feed/frame-queue.ts';
import type { View } from '../feed/view.ts';
import { fingerprint } from '../fingerprint.ts';
import { builder } from './builder.ts';
import { type Context, signedInViewer } from './context.ts';
import { type Filter, readFilter, requiredValue } from './filter.ts';
import type { FilterRef } from './filter-input.ts';
import { addFrameType, ChangeOperationEnum } from './frame-type.ts';
import { readIdOf } from './global-id.ts';
import { matches } from './match.ts';
import type { Model } from './model.ts';
import { type RowRef, Synced, SyncedImage } from './object-type.ts';
import { prismaWhere } from './prisma-where.ts';
import { selectionOf } from './selection.ts';

const afterDescription = 'Go on from here: the cursor of the last frame that was taken.';

/** `watchTasks` and `taskChanges`. */
export function addSubscriptions(model: Model, row: RowRef, image: RowRef, filter: FilterRef): void {
  const frame = addFrameType(model.frameName, row, image);
  builder.subscriptionField(model.watch, (t) =>
    t.field({
      type: frame,
      nullable: false,
      description:
        'State: the rows that match, then every change to them. With `after`, only what was missed; when that cannot be had exactly, a frame with reset: true and all rows again.',
      args: { where: t.arg({ type: filter }), after: t.arg({ type: 'SyncCursor', description: afterDescription }) },
      subscribe: (_, args, context, info) => {
        const where = readFilter(model, args.where);
        const asked = {
          kind: 'rows' as const,
          views: [viewOf(model, where)],
          workspaceId: askedWorkspace(model, where),
        };
        return follow(context, info, args, asked);
      },
      resolve: frameOf,
    }),
  );
  builder.subscriptionField(`${model.singular}Changes`, (t) =>
    t.field({
      type: frame,
      nullable: false,
      description:
        'Events: changes from now on, or from `after`, after one opening frame without changes. When those cannot be had exactly: error CURSOR_EXPIRED. Never a silent gap.',
      args: {
        where: t.arg({ type: filter }),
        operations: t.arg({ type: [ChangeOperationEnum] }),
        after: t.arg({ type: 'SyncCursor', description: afterDescription }),
      },
      subscribe: (_, args, context, info) => {
        const where = readFilter(model, args.where);
        const view = { ...viewOf(model, where), operations: new Set(args.operations ?? changeOperations) };
        const asked = { kind: 'changes' as const, views: [view], workspaceId: askedWorkspace(model, where) };
        return follow(context, info, args, asked);
      },
      resolve: frameOf,
    }),
  );
}

/** `watchWorkspace`: all rows of one workspace, of every model that has a workspace, in one order. */
export function addWatchWorkspace(workspace: Model, models: readonly Model[]): void {
  const scoped = models.filter((model) => model.workspace !== undefined);
  const frame = addFrameType(workspace.name, Synced, SyncedImage);
  builder.subscriptionField(`watch${workspace.name}`, (t) =>
    t.field({
      type: frame,
      nullable: false,
      description:
        'Everything in a workspace the viewer may see, all its tables, in one total order, transaction by transaction. Whoever is no member is told NOT_FOUND; whoever is removed later, a frame with reset: true and no rows.',
      args: {
        workspaceId: t.arg.id({ required: true }),
        after: t.arg({ type: 'SyncCursor', description: afterDescription }),
      },
      subscribe: async (_, args, context, info) => {
        signedInViewer(context);
        const workspaceId = readIdOf(workspace.name, args.workspaceId);
        if (typeof args.after !== 'string' && (await context.rows.visible(workspace, workspaceId)) === null)
          throw codedError('NOT_FOUND', 'There is no such workspace, or you are no member of it.');
        const views = scoped.map((model) => viewOf(model, isOf(model, workspaceId)));
        return follow(context, info, args, { kind: 'rows', views, workspaceId });
      },
      resolve: frameOf,
    }),
  );
}

function isOf({ workspace = 'id' }: Model, workspaceId: string): Filter {
  return { op: 'eq', field: workspace, value: workspaceId, insensitive: false };
}

function viewOf(model: Model, where: Filter): View {
  return {
    model,
    matches: (candidate) => matches(where, candidate),
    where: prismaWhere(where),
    operations: new Set(changeOperations),
  };
}

function follow(
  context: Context,
  info: GraphQLResolveInfo,
  args: { readonly after?: string | null | undefined },
  asked: Pick<FollowRequest, 'kind' | 'views' | 'workspaceId'>,
): Promise<AsyncIterable<FrameEvent>> {
  const viewer = signedInViewer(context);
  const request = {
    ...asked,
    viewerId: viewer.userId,
    sessionId: viewer.sessionId,
    expiresAt: viewer.tokenExpiresAt,
    question: questionOf(info, args, asked.views),
    selection: selectionOf(info),
    after: args.after ?? null,
  };
  return context.services.feed.follow(request, context.openQueue);
}

/** The last event of a subscription that ends with a reason is that reason. */
function frameOf(event: FrameEvent): Frame {
  if ('error' in event) throw event.error;
  return event.frame;
}

/** The one workspace that `where` asks for, if it does. */
function askedWorkspace(model: Model, where: Filter): string | null {
  const value = model.workspace === undefined ? undefined : requiredValue(where, model.workspace);
  return typeof value === 'string' ? value : null;
}

/** What was asked, as a hash: the field, its arguments without `after`, its selection, the fields that the models have. */
function questionOf(info: GraphQLResolveInfo, args: object, views: readonly View[]): string {
  const { after: _, ...rest } = args as { after?: unknown };
  const selections = info.fieldNodes.map(({ selectionSet }) =>
    selectionSet === undefined ? '' : printed(selectionSet),
  );
  const fragments = Object.values(info.fragments).map(printed);
  const shapes = views.map(({ model }) => Object.entries(model.fields).map(([name, { kind }]) => [name, kind]));
  const text = JSON.stringify([info.fieldName, rest, selections, fragments, variablesBesidesAfter(info), shapes]);
  return fingerprint(text);
}

/** One text is parsed once for all who send it, and so it is printed. */
const texts = new WeakMap<ASTNode, string>();

function printed(node: ASTNode): string {
  const text = texts.get(node) ?? print(node);
  texts.set(node, text);
  return text;
}

/** What the selection may depend on. The variable that `after` is given by differs each time and asks for nothing. */
function variablesBesidesAfter({ fieldNodes, variableValues }: GraphQLResolveInfo): object {
  const given = fieldNodes.flatMap((node) => node.arguments ?? []).filter(({ name }) => name.value === 'after');
  const names = given.map(({ value }) => (value.kind === Kind.VARIABLE ? value.name.value : ''));
  return Object.fromEntries(Object.entries(variableValues).filter(([name]) => !names.includes(name)));
}
