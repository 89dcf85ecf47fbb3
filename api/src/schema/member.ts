import type { Query } from '@sync-hub/prisma/query';
import { parseEmail } from '../auth/email.ts';
import { anyOf, memberOf, own } from '../authority/rules.ts';
import { NotFoundError, ValidationError } from '../errors.ts';
import { type Enumeration, enumeration, reference, text } from '../model/field.ts';
import { defineModel, type Write } from '../model/model.ts';
import { type Row, textOf } from '../model/row.ts';

const memberRole: Enumeration = { name: 'MemberRole', values: ['OWNER', 'EDITOR', 'VIEWER'] };

/** Who is in a workspace, and as what. */
export const member = defineModel({
  name: 'Member',
  plural: 'members',
  table: 'members',
  description: 'Who is in a workspace, and as what.',
  workspace: 'workspaceId',
  fields: {
    workspaceId: reference('Workspace', { create: 'required', filter: true }),
    userId: reference('User', { filter: true }),
    role: enumeration(memberRole, { create: 'required', update: true, filter: true, order: true }),
  },
  createOnly: {
    email: text({ create: 'required', max: 254, description: 'Of an existing user.' }),
  },
  relations: {
    profile: { kind: 'profile', reference: 'userId' },
    workspace: { kind: 'one', reference: 'workspaceId' },
  },
  policy: {
    read: memberOf('workspaceId'),
    create: memberOf('workspaceId', 'OWNER'),
    update: memberOf('workspaceId', 'OWNER'),
    delete: anyOf(memberOf('workspaceId', 'OWNER'), own('userId')),
  },
  rules: {
    limitsCreate: true,
    async beforeCreate({ query, authority, attempts }, values) {
      // Only who may add a member is told whether a user exists.
      if (authority.memberships.get(textOf(values, 'workspaceId'))?.role !== 'OWNER')
        return { ...values, userId: null };
      const userId = await attempts.memberByEmail(authority.viewerId, () =>
        userOfEmail(query, textOf(values, 'email')),
      );
      return { ...values, userId };
    },
    beforeUpdate: {
      of: ['role'],
      check(row, { role }) {
        const stepsDown = row['role'] === 'OWNER' && role !== 'OWNER';
        return stepsDown ? (write) => requireAnotherOwner(write, row) : null;
      },
    },
    beforeDelete: requireAnotherOwner,
  },
});

/** @throws NotFoundError */
async function userOfEmail(query: Query, text: string): Promise<string> {
  const email = parseEmail(text);
  const [user] = email === null ? [] : await query<{ id: string }>('SELECT id FROM users WHERE email = $1', email);
  if (user === undefined) throw new NotFoundError('There is no user with this e-mail. Ask them to sign up first.');
  return user.id;
}

/** The last OWNER neither leaves nor steps down, or nobody could ever let anybody in again. */
async function requireAnotherOwner({ tx }: Write, row: Row): Promise<void> {
  if (row['role'] !== 'OWNER') return;
  const workspaceId = textOf(row, 'workspaceId');
  // Two owners who step down at once wait for each other here.
  await tx.$queryRaw`SELECT 1 FROM workspaces WHERE id = ${workspaceId}::uuid FOR NO KEY UPDATE`;
  const others = await tx.member.count({ where: { workspaceId, role: 'OWNER', id: { not: textOf(row, 'id') } } });
  if (others > 0) return;
  const message = 'is the last OWNER of the workspace. Make another member OWNER first, or delete the workspace.';
  throw new ValidationError([{ path: 'role', message }]);
}
