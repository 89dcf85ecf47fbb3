import { randomUUID } from 'node:crypto';
import { emailHint, parseEmail } from '../auth/email.ts';
import { hashPassword, maxPasswordLength, newPasswordProblem } from '../auth/passwords.ts';
import { setPassword } from '../auth/set-password.ts';
import { userColor } from '../auth/user-color.ts';
import { maxUserNameLength, parseUserName } from '../auth/user-name.ts';
import { admin, anyOf, own, sharesWorkspace } from '../authority/rules.ts';
import { type FieldProblem, ValidationError } from '../errors.ts';
import { type Enumeration, enumeration, text } from '../model/field.ts';
import { defineModel, type Write } from '../model/model.ts';
import { type Row, textOf } from '../model/row.ts';

const userRole: Enumeration = { name: 'UserRole', values: ['ADMIN', 'MEMBER'] };
const itselfOrAdmin = anyOf(own('id'), admin);

/** Who signs in. */
export const user = defineModel({
  name: 'User',
  plural: 'users',
  table: 'users',
  description: 'Who signs in.',
  fields: {
    email: text({
      create: 'required',
      max: 254,
      readableBy: itselfOrAdmin,
      description: 'Null for those who only share a workspace.',
    }),
    name: text({
      create: 'required',
      update: true,
      min: 1,
      max: maxUserNameLength,
      pattern: {
        regExp: /^\P{Cc}*[^\s\p{Cc}]\P{Cc}*$/u,
        hint: 'has nothing to show, or characters that cannot be shown.',
      },
      filter: true,
      order: true,
    }),
    color: text({
      create: 'optional',
      update: true,
      max: 7,
      pattern: {
        regExp: /^#[0-9a-f]{6}$/,
        hint: 'is not a colour such as "#2f6fed": six hexadecimal digits in lower case.',
      },
    }),
    role: enumeration(userRole, {
      create: 'optional',
      update: true,
      readableBy: itselfOrAdmin,
      writableBy: admin,
      description: 'In the system, not in a workspace. Null for those who only share a workspace.',
    }),
  },
  createOnly: {
    password: text({ create: 'required', max: maxPasswordLength * 2, description: '12 to 200 characters.' }),
  },
  policy: {
    read: anyOf(own('id'), sharesWorkspace, admin),
    create: admin,
    update: itselfOrAdmin,
    delete: itselfOrAdmin,
  },
  rules: {
    async prepareCreate(values) {
      const email = parseEmail(textOf(values, 'email'));
      const name = parseUserName(textOf(values, 'name'));
      const passwordProblem = newPasswordProblem(textOf(values, 'password'), email ?? '');
      const problems: FieldProblem[] = [];
      if (email === null) problems.push({ path: 'email', message: emailHint });
      if (name === null) problems.push({ path: 'name', message: 'has nothing to show.' });
      if (passwordProblem !== null) problems.push({ path: 'password', message: passwordProblem });
      if (problems.length > 0) throw new ValidationError(problems);
      const passwordHash = await hashPassword(textOf(values, 'password'));
      return { ...values, email, name, passwordHash };
    },
    async beforeCreate(_, values) {
      const id = typeof values['id'] === 'string' ? values['id'] : randomUUID();
      return { color: userColor(id), ...values, id };
    },
    async afterCreate({ tx }, row, { passwordHash }) {
      await setPassword(tx, { userId: textOf(row, 'id'), passwordHash: String(passwordHash) });
    },
    beforeDelete: requireOtherOwners,
  },
});

/** A workspace whose last OWNER is deleted could never be changed again. */
async function requireOtherOwners({ tx }: Write, row: Row): Promise<void> {
  const userId = textOf(row, 'id');
  // Two last owners who go at once wait for each other here. First the members, then their workspaces, each in order: as every
  // other writer does, or the two would wait for ever.
  await tx.$queryRaw`SELECT 1 FROM members WHERE user_id = ${userId}::uuid ORDER BY id FOR UPDATE`;
  await tx.$queryRaw`
    SELECT 1 FROM workspaces WHERE id IN (SELECT workspace_id FROM members WHERE user_id = ${userId}::uuid AND role = 'OWNER')
    ORDER BY id FOR NO KEY UPDATE`;
  const orphaned = await tx.$queryRaw<{ name: string }[]>`
    SELECT w.name FROM workspaces w JOIN members m ON m.workspace_id = w.id AND m.user_id = ${userId}::uuid AND m.role = 'OWNER'
    WHERE NOT EXISTS (SELECT 1 FROM members o WHERE o.workspace_id = w.id AND o.role = 'OWNER' AND o.user_id <> m.user_id)`;
  if (orphaned.length === 0) return;
  const names = orphaned.map(({ name }) => name).join(', ');
  const message = `is the last OWNER of ${names}. Make another member OWNER first, or delete the workspace.`;
  throw new ValidationError([{ path: 'id', message }]);
}
