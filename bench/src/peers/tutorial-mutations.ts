/**
 * Yoga, Pothos and Prisma, wired as their tutorials wire them: the resolver updates the row and publishes it. Nobody signs
 * in; a change by anybody else is never told, and one is told even when its transaction was rolled back.
 *
 * @see https://pothos-graphql.dev/docs/guide/fields, https://www.prisma.io/docs/orm/overview/databases/postgresql
 */
import { createServer } from 'node:http';
import SchemaBuilder from '@pothos/core';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '@sync-hub/prisma/generated/client';
import { createPubSub, createYoga } from 'graphql-yoga';
import { readSettings, serve } from '../serve.ts';

interface Person {
  readonly id: string;
  readonly name: string;
  readonly color: string;
}

interface Task {
  readonly id: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly title: string;
  readonly description: string;
  readonly status: string;
  readonly priority: number;
  readonly position: string;
  readonly dueAt: Date | null;
  readonly workspaceId: string;
  readonly assigneeId: string | null;
  readonly createdById: string | null;
}

const { databaseUrl } = readSettings<{ databaseUrl: string }>();
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) });
const pubSub = createPubSub<{ taskChanged: [task: Task] }>();

const builder = new SchemaBuilder<{
  Objects: { Person: Person; Task: Task };
  Scalars: { DateTime: { Input: Date; Output: Date } };
}>({});
builder.scalarType('DateTime', { serialize: (value) => value.toISOString() });

builder.objectType('Person', {
  fields: (t) => ({ id: t.exposeID('id'), name: t.exposeString('name'), color: t.exposeString('color') }),
});

builder.objectType('Task', {
  fields: (t) => ({
    id: t.exposeID('id'),
    version: t.exposeInt('version'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
    title: t.exposeString('title'),
    description: t.exposeString('description'),
    status: t.exposeString('status'),
    priority: t.exposeInt('priority'),
    position: t.exposeString('position'),
    dueAt: t.expose('dueAt', { type: 'DateTime', nullable: true }),
    workspaceId: t.exposeID('workspaceId'),
    assigneeId: t.exposeID('assigneeId', { nullable: true }),
    createdById: t.exposeID('createdById', { nullable: true }),
    assignee: t.field({
      type: 'Person',
      nullable: true,
      resolve: ({ id }) => prisma.task.findUnique({ where: { id } }).assignee(),
    }),
  }),
});

builder.queryType({ fields: (t) => ({ hello: t.string({ resolve: () => 'world' }) }) });
builder.mutationType({
  fields: (t) => ({
    updateTask: t.field({
      type: 'Task',
      args: { id: t.arg.id({ required: true }), title: t.arg.string({ required: true }) },
      async resolve(_, { id, title }) {
        const task = await prisma.task.update({ where: { id: String(id) }, data: { title } });
        pubSub.publish('taskChanged', task);
        return task;
      },
    }),
  }),
});

await serve(createServer(createYoga({ schema: builder.toSchema(), logging: false })));
