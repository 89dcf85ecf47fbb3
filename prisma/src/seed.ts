import { hash } from '@node-rs/argon2';
import { createPrisma } from './client.ts';
import { DEMO_PASSWORD, demoTasks, demoUsers, demoWorkspace } from './demo.ts';
import type { Prisma } from './generated/client.ts';

/** Prisma's own 5 s are short for a machine that has just begun to start everything else. */
const PATIENCE_MS = 60_000;

/**
 * Gives a database without a user the demo's people, workspace and tasks, all or nothing. One with users stays as it is.
 *
 * Its passwords are public: never call it in production.
 *
 * @returns whether anything was written.
 */
export async function seed(databaseUrl: string): Promise<boolean> {
  const prisma = createPrisma({ databaseUrl, maxConnections: 1 });
  try {
    return await prisma.$transaction(seedEmpty, { timeout: PATIENCE_MS, maxWait: PATIENCE_MS });
  } finally {
    await prisma.$disconnect();
  }
}

async function seedEmpty(transaction: Prisma.TransactionClient): Promise<boolean> {
  // Of two that seed at once, and of a sign-up meanwhile, the second waits and then finds the first one's users.
  await transaction.$executeRaw`LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE`;
  if ((await transaction.user.findFirst()) !== null) return false;
  await writeDemo(transaction);
  return true;
}

async function writeDemo(transaction: Prisma.TransactionClient): Promise<void> {
  const passwordHash = await hash(DEMO_PASSWORD); // argon2id, at the cost OWASP asks for: the library's defaults
  const userIds = new Map<string, string>();
  for (const user of demoUsers) {
    const { id } = await transaction.user.create({ data: { ...user, secret: { create: { passwordHash } } } });
    userIds.set(user.email, id);
  }
  const idOf = (email: string): string => {
    const id = userIds.get(email);
    if (id === undefined) throw new Error(`The demo names ${email}, who is not among its users.`);
    return id;
  };

  const { name, members } = demoWorkspace;
  const { id: workspaceId } = await transaction.workspace.create({
    data: { name, members: { create: members.map(({ email, role }) => ({ userId: idOf(email), role })) } },
  });

  for (const [i, { assignee, comments, ...task }] of demoTasks.entries()) {
    await transaction.task.create({
      data: {
        ...task,
        workspaceId,
        position: `a${i}`,
        createdById: idOf('ada@example.com'),
        assigneeId: assignee && idOf(assignee),
        comments: { create: comments.map(({ author, body }) => ({ authorId: idOf(author), body })) },
      },
    });
  }
}
