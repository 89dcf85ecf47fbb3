import { memberOf, signedIn } from '../authority/rules.ts';
import { text } from '../model/field.ts';
import { defineModel } from '../model/model.ts';
import { textOf } from '../model/row.ts';

/** What people share: its members see everything in it. */
export const workspace = defineModel({
  name: 'Workspace',
  plural: 'workspaces',
  table: 'workspaces',
  description: 'What people share: its members see everything in it.',
  workspace: 'id',
  // WorkspaceFrame is the frame of everything in a workspace: docs/decisions/workspace-row-frame.md.
  frameName: 'WorkspaceRow',
  fields: {
    name: text({ create: 'required', update: true, min: 1, max: 100, filter: true, order: true }),
  },
  relations: {
    members: { kind: 'many', model: 'Member', reference: 'workspaceId' },
    tasks: { kind: 'many', model: 'Task', reference: 'workspaceId' },
  },
  policy: {
    read: memberOf('id'),
    create: signedIn,
    update: memberOf('id', 'OWNER'),
    delete: memberOf('id', 'OWNER'),
  },
  rules: {
    async afterCreate({ tx, authority }, row) {
      await tx.member.create({ data: { workspaceId: textOf(row, 'id'), userId: authority.viewerId, role: 'OWNER' } });
    },
  },
});
