import type { Query } from '@sync-hub/prisma/query';
import type { AttemptLimits } from '../auth/attempt-limits.ts';
import type { Authority } from '../authority/authority.ts';
import type { Rule } from '../authority/rules.ts';
import { dateTime, type Field, integer, uuid } from './field.ts';
import type { Row, Value } from './row.ts';
import type { WriteTransaction } from './transaction.ts';

/** Who may do what with a row. Whoever may not read it is told NOT_FOUND; whoever reads it but may not act, FORBIDDEN. */
export interface Policy {
  /** Holds for queries, for `node`, for every frame, before and after each change. */
  readonly read: Rule;
  /** Judged on the row as it would be. */
  readonly create: Rule;
  /** Judged on the row as it is and as it would be. */
  readonly update: Rule;
  readonly delete: Rule;
}

/** Column values to write, by field name. An absent field is left to the database. */
export type Values = { [field: string]: Value };

/** What a rule of a model's own may use to look something up for who writes. */
export interface Lookup {
  readonly query: Query;
  readonly authority: Authority;
  readonly attempts: Pick<AttemptLimits, 'memberByEmail'>;
}

/** The same while the transaction of the write is open. */
export interface Write extends Lookup {
  readonly tx: WriteTransaction;
}

/** A model's own rules. Each refuses by throwing a UserError. */
export interface ModelRules {
  /**
   * For what takes too long to hold a transaction open meanwhile. Runs before it, once the policy has judged the input as it
   * came; gives the values to go on with.
   */
  prepareCreate?(values: Values): Promise<Values>;
  /**
   * May look up or fill in what the input does not say. Runs before the policy judges the row, so it tells nothing of others.
   *
   * May run outside of the transaction, and again inside. What it finds can be held until the write only when `isHeld`;
   * otherwise a constraint has to refuse the row if it is not so any more.
   */
  beforeCreate?(lookup: Lookup & { readonly isHeld: boolean }, values: Values): Promise<Values>;
  /** `beforeCreate` may refuse with RateLimitedError. */
  limitsCreate?: true;
  /** May look at rows that only those who may create this one are told of. Null: nothing has to be looked at. */
  checkCreate?(row: Row): Check | null;
  afterCreate?(write: Write, row: Row, input: Values): Promise<void>;
  beforeUpdate?: UpdateRule;
  beforeDelete?(write: Write, row: Row): Promise<void>;
}

export interface UpdateRule {
  /** Asked only about updates that say something of one of these fields. */
  readonly of: readonly string[];
  /** `values` holds only what the input says. Null: nothing has to be looked at. */
  check(row: Row, values: Values): Check | null;
}

/** Runs inside the transaction. */
export type Check = (write: Write) => Promise<void>;

/** A field that leads to other rows. They are read when it is asked for, not as of a frame's position. */
export type Relation =
  /** The row that a reference field names; null when it is gone or the viewer may not see it. */
  | { readonly kind: 'one'; readonly reference: string }
  /** The public profile of the user that a reference field names, for everyone who sees this row. */
  | { readonly kind: 'profile'; readonly reference: string }
  /** The rows of another model whose reference field names this row: a connection. */
  | { readonly kind: 'many'; readonly model: string; readonly reference: string };

/** How a model is declared, once, in `schema/<model>.ts`. */
export interface ModelDeclaration {
  /** GraphQL type name, singular: `Task`. The Prisma model has the same name. */
  readonly name: string;
  /** Root field of the connection: `tasks`. */
  readonly plural: string;
  /** Root field of the watch, when it is not named after the connection: `watchTasks`. */
  readonly watch?: string;
  /** The Postgres table, as SQL and the log write it: `tasks`, `other.things`, `"order"`. */
  readonly table: string;
  readonly description: string;
  /** Own columns besides id, version, createdAt, updatedAt. Column names are the field names in snake_case. */
  readonly fields: Readonly<Record<string, Field>>;
  /** Fields of the create input that are no columns. */
  readonly createOnly?: Readonly<Record<string, Field>>;
  /** What its frame types are named after, when not after the model: `<frameName>Frame`, `<frameName>Change`. */
  readonly frameName?: string;
  /** The field that names the row's workspace, where rows belong to one. */
  readonly workspace?: string;
  /** Fields that lead to other rows. */
  readonly relations?: Readonly<Record<string, Relation>>;
  readonly policy: Policy;
  readonly rules?: ModelRules;
  /** Which of the generic mutations exist; all three unless said. */
  readonly mutations?: readonly ('create' | 'update' | 'delete')[];
}

export interface Model
  extends Omit<ModelDeclaration, 'createOnly' | 'frameName' | 'relations' | 'rules' | 'mutations' | 'watch'> {
  readonly createOnly: Readonly<Record<string, Field>>;
  readonly frameName: string;
  readonly watch: string;
  readonly relations: Readonly<Record<string, Relation>>;
  readonly rules: ModelRules;
  readonly mutations: readonly ('create' | 'update' | 'delete')[];
  /** `task` */
  readonly singular: string;
}

/** The fields that every synced row has. */
const syncedFields = {
  id: uuid({ filter: true }),
  version: integer({}),
  createdAt: dateTime({ filter: true, order: true }),
  updatedAt: dateTime({ filter: true, order: true }),
} satisfies Record<string, Field>;

/** Completes a declaration. `fields` then holds all columns, the synced ones first. */
export function defineModel(declaration: ModelDeclaration): Model {
  for (const [name, { readableBy, filter, order }] of Object.entries(declaration.fields))
    if (readableBy !== undefined && (filter === true || order === true))
      throw new TypeError(
        `${declaration.name}.${name} is not for everybody: a filter or an order would tell what it hides`,
      );
  return {
    createOnly: {},
    frameName: declaration.name,
    watch: `watch${declaration.plural.charAt(0).toUpperCase()}${declaration.plural.slice(1)}`,
    relations: {},
    rules: {},
    mutations: ['create', 'update', 'delete'],
    ...declaration,
    fields: { ...syncedFields, ...declaration.fields },
    singular: declaration.name.charAt(0).toLowerCase() + declaration.name.slice(1),
  };
}

/** What has to be looked at before the row is updated, by the model's own rule. */
export function checkOfUpdate({ rules: { beforeUpdate } }: Model, row: Row, values: Values): Check | null {
  return beforeUpdate?.of.some((field) => field in values) ? beforeUpdate.check(row, values) : null;
}

/** The row without what its viewer may not read: such fields are null. Reading and following both pass through here. */
export function readableRow(model: Model, authority: Authority, row: Row): Row {
  const hidden = hiddenFields(model, authority, row);
  return hidden.length === 0 ? row : { ...row, ...Object.fromEntries(hidden.map((field) => [field, null])) };
}

/** Names of the fields that this viewer may not read in this row. */
export function hiddenFields(model: Model, authority: Authority, row: Row): string[] {
  const hidden: string[] = [];
  for (const [name, { readableBy }] of Object.entries(model.fields))
    if (readableBy !== undefined && !readableBy.allows(authority, row)) hidden.push(name);
  return hidden;
}
