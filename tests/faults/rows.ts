import { createHash } from 'node:crypto';

/** A row as `row_to_json` writes it: by column. */
export type Row = Readonly<Record<string, unknown>>;

export type ModelName = 'Task' | 'Comment' | 'Member' | 'User' | 'Workspace';

/** What a watcher keeps of a row: enough to tell any two states of it apart. */
export interface RowState {
  readonly version: number;
  /** Of all selected fields. */
  readonly hash: string;
}

interface Field {
  readonly name: string;
  readonly column: string;
  /** Makes of the column's value what GraphQL gives. */
  readonly toGraphql: (value: unknown) => unknown;
}

interface Model {
  readonly table: string;
  readonly fields: readonly Field[];
}

const plain = (name: string, column = name): Field => ({ name, column, toGraphql: shorten });
const time = (name: string, column: string): Field => ({
  name,
  column,
  toGraphql: (value) => (typeof value === 'string' ? new Date(value).toISOString() : null),
});
const id = (name: string, column: string, model: ModelName): Field => ({
  name,
  column,
  toGraphql: (value) => (typeof value === 'string' ? globalId(model, value) : null),
});

/** The fields that watchers select, written by hand beside the schema: name, column, and how one becomes the other. */
export const models: Readonly<Record<ModelName, Model>> = {
  Task: {
    table: 'tasks',
    fields: [
      plain('title'),
      plain('description'),
      plain('status'),
      plain('priority'),
      plain('position'),
      time('dueAt', 'due_at'),
      id('workspaceId', 'workspace_id', 'Workspace'),
      id('assigneeId', 'assignee_id', 'User'),
      id('createdById', 'created_by_id', 'User'),
      time('updatedAt', 'updated_at'),
    ],
  },
  Comment: {
    table: 'comments',
    fields: [
      id('workspaceId', 'workspace_id', 'Workspace'),
      id('taskId', 'task_id', 'Task'),
      id('authorId', 'author_id', 'User'),
      plain('body'),
    ],
  },
  Member: {
    table: 'members',
    fields: [id('workspaceId', 'workspace_id', 'Workspace'), id('userId', 'user_id', 'User'), plain('role')],
  },
  User: { table: 'users', fields: [plain('name'), plain('color')] },
  Workspace: { table: 'workspaces', fields: [plain('name')] },
};

export const modelNames: readonly ModelName[] = ['Task', 'Comment', 'Member', 'User', 'Workspace'];

export function modelOfTable(table: string): ModelName | undefined {
  return modelNames.find((name) => models[name].table === table);
}

/** Relay's global id: base64 of `<Type>:<uuid>`. */
export function globalId(model: ModelName, uuid: string): string {
  return Buffer.from(`${model}:${uuid}`).toString('base64');
}

/** @throws Error when it is none. */
export function readGlobalId(text: string): { model: ModelName; uuid: string } {
  const [name = '', uuid = ''] = Buffer.from(text, 'base64').toString().split(':');
  const model = modelNames.find((one) => one === name);
  if (model === undefined || uuid === '') throw new Error(`${text} is no global id`);
  return { model, uuid };
}

/** The state of a row of the log or of a SELECT. */
export function stateOfRow(model: ModelName, row: Row): RowState {
  const values = models[model].fields.map(({ column, toGraphql }) => toGraphql(row[column]));
  return { version: Number(row['version']), hash: hashOf(values) };
}

/** The state of a row that GraphQL gave. */
export function stateOfAnswer(model: ModelName, row: Row): RowState {
  const values = models[model].fields.map(({ name }) => shorten(row[name]));
  return { version: Number(row['version']), hash: hashOf(values) };
}

/** A row without its long texts: a run keeps every row that ever was. */
export function shortenRow(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, shorten(value)]));
}

const LONG = 300;

function shorten(value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= LONG) return value ?? null;
  return `${value.length} characters ${digest(value)}`;
}

function hashOf(values: readonly unknown[]): string {
  return digest(JSON.stringify(values));
}

function digest(text: string): string {
  return createHash('sha1').update(text).digest('base64url').slice(0, 10);
}
