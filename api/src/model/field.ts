import type { Rule } from '../authority/rules.ts';

/** What every field may say, whatever its kind. */
interface FieldOptions {
  /** In the create input: needed, possible (the database has a default, or null), or not there. */
  readonly create?: 'required' | 'optional';
  /** In the update input. */
  readonly update?: boolean;
  readonly nullable?: boolean;
  /** In the model's filter. Never for a field with `readableBy`: a filter would tell what the field hides. */
  readonly filter?: boolean;
  /** In the model's order. */
  readonly order?: boolean;
  /** Who may read it, where not everybody who may read the row: others get null. */
  readonly readableBy?: Rule;
  /** Who may set it, where not everybody who may write the row. */
  readonly writableBy?: Rule;
  readonly description?: string;
}

interface FieldOf<Kind extends string> extends FieldOptions {
  readonly kind: Kind;
}

/** Lengths are counted in code points, as Postgres counts characters. */
export interface TextField extends FieldOf<'text'> {
  readonly min: number;
  readonly max: number;
  /** What it must look like, and how to say so. */
  readonly pattern?: { readonly regExp: RegExp; readonly hint: string };
}
export interface IntegerField extends FieldOf<'integer'> {
  readonly min: number;
  readonly max: number;
}
export interface EnumerationField extends FieldOf<'enumeration'> {
  readonly type: Enumeration;
}
/** A row of another model: a Relay id in GraphQL, a uuid in Postgres. */
export interface ReferenceField extends FieldOf<'reference'> {
  /** The node type it points to. */
  readonly to: string;
}
/** The row's own id: a Relay id in GraphQL (its type is the model), a uuid in Postgres. */
export type UuidField = FieldOf<'uuid'>;
export type BooleanField = FieldOf<'boolean'>;
export type DateTimeField = FieldOf<'dateTime'>;

export type Field =
  | TextField
  | IntegerField
  | EnumerationField
  | ReferenceField
  | UuidField
  | BooleanField
  | DateTimeField;

/** A GraphQL enum whose values are Postgres's own. */
export interface Enumeration {
  readonly name: string;
  readonly values: readonly string[];
}

export function text(options: Omit<TextField, 'kind' | 'min'> & { readonly min?: number }): TextField {
  return { kind: 'text', min: 0, ...options };
}

/** 32-bit, as GraphQL's Int and Postgres's integer are. */
export function integer(options: Partial<Omit<IntegerField, 'kind'>>): IntegerField {
  return { kind: 'integer', min: -(2 ** 31), max: 2 ** 31 - 1, ...options };
}

export function enumeration(type: Enumeration, options: FieldOptions): EnumerationField {
  return { kind: 'enumeration', type, ...options };
}

export function reference(to: string, options: FieldOptions): ReferenceField {
  return { kind: 'reference', to, ...options };
}

export function uuid(options: FieldOptions): UuidField {
  return { kind: 'uuid', ...options };
}

export function boolean(options: FieldOptions): BooleanField {
  return { kind: 'boolean', ...options };
}

export function dateTime(options: FieldOptions): DateTimeField {
  return { kind: 'dateTime', ...options };
}

/** The field's description for Pothos, which would print an empty one. */
export function aboutField({ description }: Field): { readonly description?: string } {
  return description === undefined ? {} : { description };
}

/** By field's name: there are as many as declarations have, and each row that is written or told asks for a dozen. */
const columns = new Map<string, string>();

/** The column of a field: `dueAt` is `due_at`. */
export function columnOf(fieldName: string): string {
  let column = columns.get(fieldName);
  if (column === undefined) {
    column = fieldName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    columns.set(fieldName, column);
  }
  return column;
}

/** The same as SQL writes it: quoted, for a field may be called `order`. */
export function columnSql(fieldName: string): string {
  return `"${columnOf(fieldName)}"`;
}
