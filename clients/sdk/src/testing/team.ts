import {
  CreateMemberDocument,
  CreateTaskDocument,
  CreateWorkspaceDocument,
  DeleteMemberDocument,
  RevokeOtherSessionsDocument,
  UpdateTaskDocument,
  type UpdateTaskInput,
} from '../generated/graphql.ts';
import { payloadOf } from '../payload.ts';
import { createSession, type Tokens } from '../session.ts';
import { createSyncClient } from '../sync-client.ts';

/** Somebody with an account and a session of their own. */
export interface Teammate {
  readonly email: string;
  /** Of the session that this test has, as they are now. */
  tokens(): Tokens;
  revokeOtherSessions(): Promise<void>;
}

/** Ada and Grace, new, and a workspace that they share. */
export interface Team {
  readonly ada: Teammate;
  readonly grace: Teammate;
  readonly password: string;
  /** As Ada, from elsewhere. @returns its id. */
  createTask(title: string): Promise<string>;
  updateTask(input: UpdateTaskInput): Promise<void>;
  removeGrace(): Promise<void>;
  addGrace(): Promise<void>;
}

const password = 'correct horse battery staple';

/** @param url  of /graphql. */
export async function createTeam(url: string): Promise<Team> {
  const [ada, grace] = await Promise.all([signUp(url, 'Ada'), signUp(url, 'Grace')]);
  const { createWorkspace } = await ada.client.request(CreateWorkspaceDocument, { input: { name: 'Engines' } });
  const workspaceId = payloadOf(createWorkspace).workspace.id;
  let memberId = '';
  async function addGrace() {
    const input = { workspaceId, email: grace.email, role: 'EDITOR' } as const;
    memberId = payloadOf((await ada.client.request(CreateMemberDocument, { input })).createMember).member.id;
  }
  await addGrace();
  return {
    ada,
    grace,
    password,
    async createTask(title) {
      const { createTask } = await ada.client.request(CreateTaskDocument, { input: { workspaceId, title } });
      return payloadOf(createTask).task.id;
    },
    async updateTask(input) {
      payloadOf((await ada.client.request(UpdateTaskDocument, { input })).updateTask);
    },
    async removeGrace() {
      payloadOf((await ada.client.request(DeleteMemberDocument, { input: { id: memberId } })).deleteMember);
    },
    addGrace,
  };
}

async function signUp(url: string, name: string) {
  const email = `${name.toLowerCase()}-${crypto.randomUUID()}@example.com`;
  let tokens: Tokens | null = null;
  const session = createSession({
    url,
    onTokens: (next) => {
      tokens = next;
    },
  });
  const client = createSyncClient({ url, getToken: session.getToken });
  await session.signUp({ email, name, password });
  return {
    email,
    client,
    tokens() {
      if (tokens === null) throw new Error(`${name} is not signed in`);
      return tokens;
    },
    async revokeOtherSessions() {
      payloadOf((await client.request(RevokeOtherSessionsDocument, {})).revokeOtherSessions);
    },
  };
}
