import { memberOf } from '../authority/rules.ts';
import { ValidationError } from '../errors.ts';
import { dateTime, type Enumeration, enumeration, integer, reference, text } from '../model/field.ts';
import { type Check, defineModel } from '../model/model.ts';
import { textOf, type Value } from '../model/row.ts';
import { firstPosition, positionPattern } from './position.ts';

const taskStatus: Enumeration = { name: 'TaskStatus', values: ['TODO', 'DOING', 'DONE'] };

/** A card on a workspace's board. */
export const task = defineModel({
  name: 'Task',
  plural: 'tasks',
  table: 'tasks',
  description: "A card on a workspace's board.",
  workspace: 'workspaceId',
  fields: {
    title: text({ create: 'required', update: true, min: 1, max: 200, filter: true, order: true }),
    description: text({ create: 'optional', update: true, max: 20_000 }),
    status: enumeration(taskStatus, { create: 'optional', update: true, filter: true, order: true }),
    priority: integer({
      create: 'optional',
      update: true,
      min: 0,
      max: 4,
      filter: true,
      order: true,
      description: '0 (none) to 4 (urgent).',
    }),
    position: text({
      create: 'optional',
      update: true,
      max: 200,
      pattern: positionPattern,
      order: true,
      description: 'A fractional index, compared bytewise: order within a column, ties by id. New tasks come first.',
    }),
    dueAt: dateTime({ create: 'optional', update: true, nullable: true, filter: true, order: true }),
    workspaceId: reference('Workspace', { create: 'required', update: true, filter: true }),
    assigneeId: reference('User', { create: 'optional', update: true, nullable: true, filter: true }),
    createdById: reference('User', { nullable: true }),
  },
  relations: {
    workspace: { kind: 'one', reference: 'workspaceId' },
    assignee: { kind: 'profile', reference: 'assigneeId' },
    createdBy: { kind: 'profile', reference: 'createdById' },
    comments: { kind: 'many', model: 'Comment', reference: 'taskId' },
  },
  policy: {
    read: memberOf('workspaceId'),
    create: memberOf('workspaceId', 'OWNER', 'EDITOR'),
    update: memberOf('workspaceId', 'OWNER', 'EDITOR'),
    delete: memberOf('workspaceId', 'OWNER', 'EDITOR'),
  },
  rules: {
    async beforeCreate({ query, authority }, values) {
      const workspaceId = textOf(values, 'workspaceId');
      const position = values['position'] ?? (await firstPosition(query, workspaceId, values['status'] ?? 'TODO'));
      return { ...values, position, createdById: authority.viewerId };
    },
    checkCreate: (row) => memberCheck(textOf(row, 'workspaceId'), row['assigneeId']),
    beforeUpdate: {
      of: ['workspaceId', 'assigneeId'],
      check(row, values) {
        const { workspaceId, assigneeId } = { ...row, ...values };
        const moves = workspaceId !== row['workspaceId'];
        return moves || values['assigneeId'] !== undefined ? memberCheck(String(workspaceId), assigneeId) : null;
      },
    },
  },
});

/** Whoever is named by a task is shown to all who see it, so nobody can name just anybody. */
function memberCheck(workspaceId: string, assigneeId: Value | undefined): Check | null {
  if (typeof assigneeId !== 'string') return null;
  return async ({ query }) => {
    // Held until the task is written: a member who leaves meanwhile waits.
    const members = await query<unknown>(
      'SELECT 1 FROM members WHERE workspace_id = $1::uuid AND user_id = $2::uuid FOR KEY SHARE',
      workspaceId,
      assigneeId,
    );
    if (members.length > 0) return;
    const message = 'is not a member of the workspace. Name a member, or set it to null.';
    throw new ValidationError([{ path: 'assigneeId', message }]);
  };
}
