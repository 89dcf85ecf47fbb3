import { randomUUID } from 'node:crypto';
import {
  CreateCommentDocument,
  CreateMemberDocument,
  CreateTaskDocument,
  CreateWorkspaceDocument,
  DeleteMemberDocument,
  DeleteTaskDocument,
  UpdateTaskDocument,
} from '@sync-hub/sdk/generated/graphql';
import type pg from 'pg';
import { ask } from './ask.ts';
import type { Random } from './random.ts';
import { globalId, type ModelName } from './rows.ts';
import type { User, World } from './world.ts';

/** Writes once as some person, as a client would. What the API refuses (not allowed, gone meanwhile) is no failure. */
export async function writeThroughApi({
  world,
  urls,
  pool,
  random,
}: {
  world: World;
  urls: readonly string[];
  pool: pg.Pool;
  random: Random;
}): Promise<void> {
  const { user, url } = { user: random.pick(world.users), url: random.pick(urls) };
  const small = world.workspaces.slice(0, 3);
  const mutationId = randomUUID();
  const anyOf = async (model: ModelName, table: string, condition = 'true') => {
    const { rows } = await pool.query<{ id: string }>(
      `SELECT id FROM ${table} WHERE ${condition} ORDER BY md5(id::text || $1) LIMIT 1`,
      [String(random.between(0, 1e9))],
    );
    return globalId(model, rows[0]?.id ?? randomUUID());
  };
  const task = () => anyOf('Task', 'tasks', `position <> 'bulk'`);
  const workspaceId = globalId('Workspace', random.pick(small));
  const title = `Task ${random.between(0, 9999)}`;
  switch (random.between(0, 11)) {
    case 0:
    case 1:
    case 2: {
      const description = random.chance(0.05) ? 'x'.repeat(20_000) : '';
      await retried(url, user, CreateTaskDocument, { input: { workspaceId, title, description, mutationId } });
      return;
    }
    case 3:
    case 4:
    case 5: {
      const input = { id: await task(), priority: random.between(0, 4), title, mutationId };
      await retried(url, user, UpdateTaskDocument, { input });
      return;
    }
    case 6:
      await ask(url, user.token, UpdateTaskDocument, { input: { id: await task(), workspaceId, mutationId } });
      return;
    case 7:
      await ask(url, user.token, DeleteTaskDocument, { input: { id: await task(), mutationId } });
      return;
    case 8:
    case 9:
      await ask(url, user.token, CreateCommentDocument, { input: { taskId: await task(), body: title, mutationId } });
      return;
    case 10: {
      const movable = random.pick(world.users.filter((one) => !world.settled.includes(one)));
      if (random.chance(0.4)) {
        const id = await anyOf('Member', 'members', `user_id = '${movable.id}'`);
        await ask(url, world.users[0]?.token ?? '', DeleteMemberDocument, { input: { id, mutationId } });
      } else {
        const into = globalId('Workspace', random.pick(small.slice(1)));
        const input = { workspaceId: into, email: movable.email, role: 'EDITOR' as const, mutationId };
        await ask(url, world.users[0]?.token ?? '', CreateMemberDocument, { input });
      }
      return;
    }
    default:
      if (random.chance(0.1))
        await ask(url, random.pick(world.users.slice(2)).token, CreateWorkspaceDocument, {
          input: { name: 'Passing', mutationId },
        });
  }
}

/** Sends it again when no answer came: `mutationId` makes that safe. */
async function retried<Data, Variables>(
  url: string,
  user: User,
  document: Parameters<typeof ask<Data, Variables>>[2],
  variables: Variables,
): Promise<void> {
  try {
    await ask(url, user.token, document, variables);
  } catch (error) {
    if (error instanceof TypeError) await ask(url, user.token, document, variables);
    else throw error;
  }
}
