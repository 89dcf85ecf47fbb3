/**
 * Yoga, Pothos with its Prisma plugin, and Prisma, wired as their tutorials wire them: the resolver updates the row with the
 * `query` that the plugin has made of the selection, and publishes it. Nobody signs in; a change by anybody else is never
 * told, and one is told even when its transaction was rolled back.
 *
 * @see https://pothos-graphql.dev/docs/plugins/prisma/objects, https://the-guild.dev/graphql/yoga-server/docs/features/subscriptions
 */
import { createServer } from 'node:http';
import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '@sync-hub/prisma/generated/client';
import { createPubSub, createYoga } from 'graphql-yoga';
import { readSettings, serve } from '../serve.ts';
import { type TutorialTypes, tutorialDatamodel } from './tutorial-types.ts';

const { databaseUrl } = readSettings<{ databaseUrl: string }>();
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) });
const pubSub = createPubSub<{ taskChanged: [task: TutorialTypes['Task']['Shape']] }>();

const builder = new SchemaBuilder<{
  PrismaTypes: TutorialTypes;
  Scalars: { DateTime: { Input: Date; Output: Date } };
}>({ plugins: [PrismaPlugin], prisma: { client: prisma, dmmf: { datamodel: tutorialDatamodel } } });
builder.scalarType('DateTime', { serialize: (value) => value.toISOString() });

builder.prismaObject('User', {
  fields: (t) => ({ id: t.exposeID('id'), name: t.exposeString('name'), color: t.exposeString('color') }),
});

builder.prismaObject('Task', {
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
    assignee: t.relation('assignee', { nullable: true }),
  }),
});

builder.queryType({ fields: (t) => ({ hello: t.string({ resolve: () => 'world' }) }) });
builder.mutationType({
  fields: (t) => ({
    updateTask: t.prismaField({
      type: 'Task',
      args: { id: t.arg.id({ required: true }), title: t.arg.string({ required: true }) },
      async resolve(query, _, { id, title }) {
        const task = await prisma.task.update({ ...query, where: { id: String(id) }, data: { title } });
        pubSub.publish('taskChanged', task);
        return task;
      },
    }),
  }),
});

await serve(createServer(createYoga({ schema: builder.toSchema(), logging: false })));
