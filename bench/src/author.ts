import { createAuthorizedFetch } from '@sync-hub/sdk/authorized-fetch';
import { CreateTaskDocument, CreateWorkspaceDocument } from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { postOperation } from '@sync-hub/sdk/post-operation';
import { createSession } from '@sync-hub/sdk/session';

/** A user who has signed up with a hub, and owns a workspace with tasks. */
export interface Author {
  /** Of /graphql. */
  readonly url: string;
  /** An access token that is good now. */
  getToken(): Promise<string>;
  /** Global id. */
  readonly workspaceId: string;
  readonly tasks: readonly { readonly globalId: string; readonly uuid: string }[];
}

export async function signUpAuthor({
  hubUrl,
  taskCount,
}: {
  readonly hubUrl: string;
  readonly taskCount: number;
}): Promise<Author> {
  const url = `${hubUrl}/graphql`;
  const session = createSession({ url });
  await session.signUp({ email: 'author@example.com', name: 'Author', password: 'a long password of the bench' });
  const endpoint = { url, fetch: createAuthorizedFetch(session.getToken) };

  const created = await postOperation(endpoint, CreateWorkspaceDocument, { input: { name: 'Bench' } });
  const workspaceId = payloadOf(created.createWorkspace).workspace.id;
  const tasks: { globalId: string; uuid: string }[] = [];
  for (let number = 1; number <= taskCount; number++) {
    const input = { workspaceId, title: `Task ${number}`, description: 'What is to be done, in a sentence or two.' };
    const { createTask } = await postOperation(endpoint, CreateTaskDocument, { input });
    const globalId = payloadOf(createTask).task.id;
    tasks.push({ globalId, uuid: uuidOf(globalId) });
  }
  return { url, getToken: () => session.getToken(), workspaceId, tasks };
}

/** A global id is base64 of `Task:<uuid>`. */
function uuidOf(globalId: string): string {
  return Buffer.from(globalId, 'base64').toString().split(':')[1] ?? '';
}
