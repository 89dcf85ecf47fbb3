import { randomUUID } from 'node:crypto';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import * as operations from '@sync-hub/sdk/generated/graphql';
import type { ModelName, World } from './cast.ts';
import { type Answer, ask, globalId, password } from './person.ts';

/** One operation with its variables, sent as whoever the token says. */
export type Act = (url: string, token: string | null) => Promise<Answer<object>>;

export interface Acts {
  /** `task(id)` */
  readonly one: (id: string) => Act;
  /** `tasks(where: { id })` */
  readonly many: (id: string) => Act;
  readonly create?: (world: World, strangersEmail: string) => Act;
  readonly update?: (world: World) => Act;
  readonly delete: (world: World) => Act;
}

/** Every operation on a row of each model. */
export const acts: Readonly<Record<ModelName, Acts>> = {
  Workspace: {
    one: (id) => act(operations.WorkspaceDocument, { id }),
    many: (id) => act(operations.WorkspacesDocument, { where: { id: { eq: id } } }),
    create: () => act(operations.CreateWorkspaceDocument, { input: { name: 'Another' } }),
    update: (world) => act(operations.UpdateWorkspaceDocument, { input: { id: world.Workspace, name: 'Renamed' } }),
    delete: (world) => act(operations.DeleteWorkspaceDocument, { input: { id: world.Workspace } }),
  },
  Member: {
    one: (id) => act(operations.MemberDocument, { id }),
    many: (id) => act(operations.MembersDocument, { where: { id: { eq: id } } }),
    create: (world, email) =>
      act(operations.CreateMemberDocument, { input: { workspaceId: world.Workspace, email, role: 'VIEWER' } }),
    update: (world) => act(operations.UpdateMemberDocument, { input: { id: world.Member, role: 'VIEWER' } }),
    delete: (world) => act(operations.DeleteMemberDocument, { input: { id: world.Member } }),
  },
  Task: {
    one: (id) => act(operations.TaskDocument, { id }),
    many: (id) => act(operations.TasksDocument, { where: { id: { eq: id } } }),
    create: (world) =>
      act(operations.CreateTaskDocument, { input: { workspaceId: world.Workspace, title: 'Another' } }),
    update: (world) => act(operations.UpdateTaskDocument, { input: { id: world.Task, title: 'Renamed' } }),
    delete: (world) => act(operations.DeleteTaskDocument, { input: { id: world.Task } }),
  },
  Comment: {
    one: (id) => act(operations.CommentDocument, { id }),
    many: (id) => act(operations.CommentsDocument, { where: { id: { eq: id } } }),
    create: (world) => act(operations.CreateCommentDocument, { input: { taskId: world.Task, body: 'Another' } }),
    update: (world) => act(operations.UpdateCommentDocument, { input: { id: world.Comment, body: 'Reworded' } }),
    delete: (world) => act(operations.DeleteCommentDocument, { input: { id: world.Comment } }),
  },
  User: {
    one: (id) => act(operations.UserDocument, { id }),
    many: (id) => act(operations.UsersDocument, { where: { id: { eq: id } } }),
    create: () =>
      act(operations.CreateUserDocument, {
        input: { email: `${randomUUID()}@example.com`, name: 'Another', password },
      }),
    update: (world) => act(operations.UpdateUserDocument, { input: { id: world.User, name: 'Renamed' } }),
    delete: (world) => act(operations.DeleteUserDocument, { input: { id: world.User } }),
  },
  Session: {
    one: (id) => act(operations.SessionDocument, { id }),
    many: (id) => act(operations.AllSessionsDocument, { where: { id: { eq: id } } }),
    delete: (world) => act(operations.RevokeSessionDocument, { input: { id: world.Session } }),
  },
};

/** `node(id)` */
export function nodeOf(id: string): Act {
  return act(operations.NodeDocument, { id });
}

/** `node(id)` of the public side of a user. */
export function profileOf({ User }: World): Act {
  return nodeOf(globalId('Profile', Buffer.from(User, 'base64').toString().replace('User:', '')));
}

function act<Data extends object, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Act {
  return (url, token) => ask(url, token, document, variables);
}

/** What came of a mutation: `done`, or the code of the error that it answered. */
export function outcomeOf({ data, codes }: Answer<object>): string {
  const result = Object.values(data ?? {})[0] as { __typename: string; code?: string } | null | undefined;
  if (codes.length > 0 || !result) return codes.join() || 'no result';
  return result.__typename.endsWith('Payload') ? 'done' : String(result.code);
}

/** The rows that a query gave: of one row, of a node or of a connection. */
export function rowsOf({ data, codes }: Answer<object>): { readonly id: string; readonly [field: string]: unknown }[] {
  if (codes.length > 0) throw new Error(codes.join());
  const found = Object.values(data ?? {})[0];
  if (found === null) return [];
  return found.nodes ?? [found];
}
