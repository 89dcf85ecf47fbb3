import { anyOf, memberOf, own } from '../authority/rules.ts';
import { NotFoundError } from '../errors.ts';
import { reference, text } from '../model/field.ts';
import { defineModel } from '../model/model.ts';
import { textOf } from '../model/row.ts';

/** What somebody says about a task. Its workspace is always its task's. */
export const comment = defineModel({
  name: 'Comment',
  plural: 'comments',
  table: 'comments',
  description: 'What somebody says about a task. It belongs to the workspace of its task.',
  workspace: 'workspaceId',
  fields: {
    workspaceId: reference('Workspace', { filter: true }),
    taskId: reference('Task', { create: 'required', filter: true }),
    authorId: reference('User', { nullable: true, filter: true }),
    body: text({ create: 'required', update: true, min: 1, max: 10_000, filter: true }),
  },
  relations: {
    author: { kind: 'profile', reference: 'authorId' },
    task: { kind: 'one', reference: 'taskId' },
  },
  policy: {
    read: memberOf('workspaceId'),
    create: memberOf('workspaceId', 'OWNER', 'EDITOR'),
    update: own('authorId'),
    delete: anyOf(own('authorId'), memberOf('workspaceId', 'OWNER')),
  },
  rules: {
    async beforeCreate({ query, authority, isHeld }, values) {
      // Held until the comment is there: a task that moves meanwhile waits. Where it cannot be, the foreign key notices.
      const [task] = await query<{ workspaceId: string }>(
        `SELECT workspace_id AS "workspaceId" FROM tasks WHERE id = $1::uuid ${isHeld ? 'FOR KEY SHARE' : ''}`,
        textOf(values, 'taskId'),
      );
      if (task === undefined || !authority.memberships.has(task.workspaceId))
        throw new NotFoundError('There is no such Task, or you may not see it.');
      return { ...values, workspaceId: task.workspaceId, authorId: authority.viewerId };
    },
  },
});
