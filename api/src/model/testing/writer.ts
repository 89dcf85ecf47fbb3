import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@sync-hub/dev/test-database';
import { type Clients, createClients } from '@sync-hub/prisma/client';
import type { Query } from '@sync-hub/prisma/query';
import { createAccessTokens } from '../../auth/access-token.ts';
import { createAuthenticator, type Viewer } from '../../auth/authenticate.ts';
import { createSessionProof } from '../../auth/session-proof.ts';
import { createLook } from '../look.ts';
import type { Input } from '../values.ts';
import type { WriteRequest } from '../write-request.ts';

/** Who writes, as an owner of `home`. */
export const viewer: Viewer = {
  userId: randomUUID(),
  sessionId: randomUUID(),
  tokenExpiresAt: new Date(),
};
export const [home, elsewhere] = [randomUUID(), randomUUID()];

export interface Writer {
  readonly database: TestDatabase;
  readonly clients: Clients;
  /** Statements that were sent without a transaction, since the last `newTask`. */
  readonly sent: string[];
  /** @param who  default: `viewer`. */
  call(fieldName: string, input: Input, who?: Viewer): WriteRequest;
  /** Makes a task in `home`, and forgets what was captured and sent. @returns its id. */
  newTask(): Promise<string>;
  claims(mutationId: string): Promise<readonly object[]>;
  close(): Promise<void>;
}

/** @param beforeStatement  is called with each that is sent without a transaction. */
export async function createWriter(beforeStatement: (text: string) => unknown = () => {}): Promise<Writer> {
  const database = await createTestDatabase();
  const clients = createClients({ databaseUrl: database.url, maxConnections: 2 });
  const sent: string[] = [];
  await database.query(`INSERT INTO users (id, email, name, color) VALUES ($1, 'a@example.com', 'Ada', '#123456')`, [
    viewer.userId,
  ]);
  await openSession(database, viewer);
  await database.query(`INSERT INTO workspaces (id, name) VALUES ($1, 'Home'), ($2, 'Elsewhere')`, [home, elsewhere]);
  await database.query(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'OWNER')`, [
    home,
    viewer.userId,
  ]);
  const query: Query = async (text, ...values) => {
    await beforeStatement(text);
    sent.push(text);
    return clients.query(text, ...values);
  };

  const accessTokens = createAccessTokens({ secret: randomUUID(), ttlSeconds: 600 });
  const { isLive } = createAuthenticator({ query: clients.query, accessTokens });
  return {
    database,
    clients,
    sent,
    call: (fieldName, input, who = viewer) => ({
      prisma: clients.prisma,
      query,
      look: createLook(query),
      claimKey: new Uint8Array(32),
      viewer: who,
      session: createSessionProof(isLive, who),
      attempts: { memberByEmail: (_, find) => find() },
      fieldName,
      input,
      profiles: [],
    }),
    async newTask() {
      const taskId = randomUUID();
      await database.query(`INSERT INTO tasks (id, workspace_id, title) VALUES ($1, $2, 'Before')`, [taskId, home]);
      await database.query('DELETE FROM mutation_claims');
      await database.query('DELETE FROM sync.outbox');
      sent.length = 0;
      return taskId;
    },
    claims: (mutationId) =>
      database.query('SELECT result_id FROM mutation_claims WHERE mutation_id = $1', [mutationId]),
    async close() {
      await clients.prisma.$disconnect();
      await database.close();
    },
  };
}

/** Gives the viewer a session that is alive, again if it was not. */
export async function openSession(database: TestDatabase, { sessionId, userId }: Viewer): Promise<void> {
  await database.query(
    `INSERT INTO sessions (id, user_id, expires_at) VALUES ($1, $2, now() + interval '1 h')
     ON CONFLICT (id) DO UPDATE SET revoked_at = NULL, expires_at = EXCLUDED.expires_at`,
    [sessionId, userId],
  );
}
