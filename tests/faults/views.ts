import { drawTaskFilter, type Filter, inWorkspace } from './filters.ts';
import type { Random } from './random.ts';
import { globalId, type ModelName, modelNames, models } from './rows.ts';
import type { User, World } from './world.ts';

/** One subscription that somebody holds: whose, of what, with which filter. */
export interface View {
  readonly name: string;
  readonly viewer: User;
  /** `watch`: rows, from a snapshot on. `changes`: events from now on. */
  readonly kind: 'watch' | 'changes';
  readonly models: readonly ModelName[];
  readonly filter: Filter | undefined;
  /** The root field. */
  readonly field: string;
  /** The operation, with variables `$where` or `$workspaceId`, and `$after` where the server has it. */
  document(hasAfter: boolean): string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Fields of the server's Subscription type, with the names of their arguments. */
export type Offered = ReadonlyMap<string, readonly string[]>;

const lower: Readonly<Record<ModelName, string>> = {
  Task: 'task',
  Comment: 'comment',
  Member: 'member',
  User: 'user',
  Workspace: 'workspace',
};

/** The views of a run: each model and each kind at least once, tasks with generated filters most. */
export function drawViews(random: Random, world: World, offered: Offered, count: number): View[] {
  const { users, workspaces } = world;
  const ids = { workspaces, users: users.map(({ id }) => id) };
  const draw = (index: number): View | undefined => {
    const viewer = users[index % users.length] ?? random.pick(users);
    const isWatch = random.chance(0.7);
    const workspace = inWorkspace(random.pick(workspaces));
    const model =
      index < 10
        ? modelNames[index % 5]
        : random.pick(['Task', 'Task', 'Task', 'Comment', 'Member', 'User', 'Workspace']);
    if (index % 6 === 5) return isOffered(offered, workspaceView(viewer, random.pick(workspaces)));
    if (model === undefined) return undefined;
    const kind = index < 5 ? 'watch' : index < 10 ? 'changes' : isWatch ? 'watch' : 'changes';
    const hasFilter = model === 'Task' || (model !== 'User' && model !== 'Workspace' && random.chance(0.5));
    const filter = model === 'Task' ? drawTaskFilter(random, ids) : workspace;
    return isOffered(offered, modelView(viewer, model as ModelName, kind, hasFilter ? filter : undefined));
  };
  return Array.from({ length: count }, (_, index) => draw(index)).flatMap((view, index) =>
    view === undefined ? [] : [{ ...view, name: `${index} ${view.name}` }],
  );
}

function isOffered(offered: Offered, view: View): View | undefined {
  return offered.has(view.field) ? view : undefined;
}

function modelView(viewer: User, model: ModelName, kind: View['kind'], filter: Filter | undefined): View {
  const field = kind === 'watch' ? `watch${model}s` : `${lower[model]}Changes`;
  return {
    name: `${viewer.name} ${field} ${filter === undefined ? '' : filter.sql}`,
    viewer,
    kind,
    models: [model],
    filter,
    field,
    document: (hasAfter) =>
      `subscription Watch($where: ${model}Filter${hasAfter ? ', $after: SyncCursor' : ''}) {
        ${field}(where: $where${hasAfter ? ', after: $after' : ''}) { ${frameOf(`id version ${fieldsOf(model)}`)} } }`,
    variables: filter === undefined ? {} : { where: filter.graphql },
  };
}

const workspaceModels: readonly ModelName[] = ['Workspace', 'Member', 'Task', 'Comment'];

function workspaceView(viewer: User, workspace: string): View {
  const parts = workspaceModels.map((model) => `... on ${model} { ${fieldsOf(model)} }`).join(' ');
  const inIt: Filter = {
    ...inWorkspace(workspace),
    matches: (row) => ('workspace_id' in row ? row['workspace_id'] : row['id']) === workspace,
  };
  return {
    name: `${viewer.name} watchWorkspace ${workspace}`,
    viewer,
    kind: 'watch',
    models: workspaceModels,
    filter: inIt,
    field: 'watchWorkspace',
    document: () =>
      `subscription Watch($workspaceId: ID!, $after: SyncCursor) {
        watchWorkspace(workspaceId: $workspaceId, after: $after) { ${frameOf(`__typename id version ${parts}`)} } }`,
    variables: { workspaceId: globalId('Workspace', workspace) },
  };
}

function frameOf(row: string): string {
  return `cursor reset upToDate transaction { transactionId }
    changes { operation key row { ${row} } previous { version } }`;
}

function fieldsOf(model: ModelName): string {
  return models[model].fields.map(({ name }) => name).join(' ');
}

/**
 * The viewer's rows of one model as Postgres has them now, written by hand from the table of who may see what.
 *
 * @returns SQL whose rows have one column, `row`; `$1` is the viewer.
 */
export function selectOf(model: ModelName, { filter }: View): string {
  const mine = '(SELECT workspace_id FROM members WHERE user_id = $1)';
  const policies: Readonly<Record<ModelName, string>> = {
    Task: `workspace_id IN ${mine}`,
    Comment: `workspace_id IN ${mine}`,
    Member: `workspace_id IN ${mine}`,
    Workspace: `id IN ${mine}`,
    User: `id = $1 OR id IN (SELECT user_id FROM members WHERE workspace_id IN ${mine})
           OR (SELECT role FROM users WHERE id = $1) = 'ADMIN'`,
  };
  const where = filter === undefined ? 'true' : filter.sql;
  const onWorkspace = model === 'Workspace' ? where.replace('workspace_id', 'id') : where;
  return `SELECT row_to_json(t) AS row FROM ${models[model].table} AS t WHERE (${policies[model]}) AND (${onWorkspace})`;
}
