import * as operations from '@sync-hub/sdk/generated/graphql';
import type { Following, Person } from './person.ts';
import type { WatchFrame } from './screen.ts';

/** A watch of a model and the query that asks for the same rows. */
interface Watch {
  readonly name: string;
  follow(person: Person): Promise<Following<WatchFrame>>;
  query(person: Person): Promise<readonly { readonly id: string }[]>;
}

/** As many as one page of a connection may have. */
const first = 100;

export const watches: readonly Watch[] = [
  {
    name: 'users',
    follow: (person) => person.follow(operations.WatchUsersDocument, 'watchUsers', {}),
    query: async (person) => (await person.request(operations.UsersDocument, { first })).users?.nodes ?? [],
  },
  {
    name: 'sessions',
    follow: (person) => person.follow(operations.WatchSessionsDocument, 'watchSessions', {}),
    query: async (person) => (await person.request(operations.AllSessionsDocument, { first })).allSessions?.nodes ?? [],
  },
  {
    name: 'workspaces',
    follow: (person) => person.follow(operations.WatchWorkspacesDocument, 'watchWorkspaces', {}),
    query: async (person) => (await person.request(operations.WorkspacesDocument, { first })).workspaces?.nodes ?? [],
  },
  {
    name: 'members',
    follow: (person) => person.follow(operations.WatchMembersDocument, 'watchMembers', {}),
    query: async (person) => (await person.request(operations.MembersDocument, { first })).members?.nodes ?? [],
  },
  {
    name: 'tasks',
    follow: (person) =>
      person.follow(operations.WatchTasksDocument, 'watchTasks', { where: { title: { startsWith: 'Task' } } }),
    query: async (person) =>
      (await person.request(operations.TasksDocument, { first, where: { title: { startsWith: 'Task' } } })).tasks
        ?.nodes ?? [],
  },
  {
    name: 'comments',
    follow: (person) => person.follow(operations.WatchCommentsDocument, 'watchComments', {}),
    query: async (person) => (await person.request(operations.CommentsDocument, { first })).comments?.nodes ?? [],
  },
];
