import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { waitFor } from '@sync-hub/dev/wait-for';
import { CreateWorkspaceDocument, SignInDocument, SignUpDocument } from '@sync-hub/sdk/generated/graphql';
import { payloadOf } from '@sync-hub/sdk/payload';
import { print } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** What a server answers, errors and all. */
export interface Answer<Data> {
  readonly status: number;
  readonly data: Data | null;
  readonly codes: readonly string[];
  readonly messages: readonly string[];
}

/** A change that a frame told, with what tests look at most. */
interface FrameLike {
  readonly transaction?: unknown;
  readonly changes: readonly unknown[];
}

/** What a subscription has brought so far. */
export interface Following<Frame> {
  /** Frames without the opening one. */
  readonly frames: readonly Frame[];
  readonly opening: Frame;
  /** Codes of the errors that ended it. */
  readonly codes: readonly string[];
  readonly ended: boolean;
  /** Waits until so many frames have come, and gives them all. */
  take(count: number): Promise<readonly Frame[]>;
  stop(): void;
}

/** Somebody who uses the API as a client does: over the network, with generated operations. */
export interface Person {
  readonly email: string;
  /** Global id. */
  readonly userId: string;
  readonly sessionId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  ask<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Answer<Data>>;
  /** The data of an answer that has to be without errors. */
  request<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data>;
  /** Subscribes and waits for the opening frame. */
  follow<Data, Variables, Field extends keyof Data>(
    document: TypedDocumentNode<Data, Variables>,
    field: Field,
    variables: Variables,
  ): Promise<Following<NonNullable<Data[Field]>>>;
  /** How the socket was closed, once it was: `4403 SESSION_REVOKED`. */
  readonly closedWith: string | null;
  leave(): Promise<void>;
}

export const password = 'a long password of a test';

/** Sends one operation, as whoever the token says. */
export async function ask<Data, Variables>(
  url: string,
  token: string | null,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Answer<Data>> {
  return askText(url, token, print(document), variables);
}

/** The same for a text that no generated operation could be: what a hostile or careless client sends. */
export async function askText<Data>(
  url: string,
  token: string | null,
  query: string,
  variables: unknown,
): Promise<Answer<Data>> {
  const headers = {
    'content-type': 'application/json',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables }),
  });
  const { data = null, errors = [] } = (await response.json()) as {
    data?: Data | null;
    errors?: { message: string; extensions?: { code?: string } }[];
  };
  return {
    status: response.status,
    data,
    codes: errors.map((error) => error.extensions?.code ?? 'no code'),
    messages: errors.map((error) => error.message),
  };
}

export async function signUp(url: string, name: string, itsPassword = password): Promise<Person> {
  const email = `${name.toLowerCase()}@example.com`;
  const { data, messages } = await ask(url, null, SignUpDocument, { input: { email, name, password: itsPassword } });
  if (data === null) throw new Error(messages.join());
  return personWith(url, email, payloadOf(data.signUp));
}

export async function signIn(url: string, email: string, itsPassword: string): Promise<Person> {
  const { data, messages } = await ask(url, null, SignInDocument, { input: { email, password: itsPassword } });
  if (data === null) throw new Error(messages.join());
  return personWith(url, email, payloadOf(data.signIn));
}

export interface Granted {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly user: { readonly id: string };
  readonly session: { readonly id: string };
}

/** Somebody who has a session already. */
export function personWith(url: string, email: string, granted: Granted): Person {
  const { accessToken } = granted;
  let client: Client | null = null;
  let closedWith: string | null = null;

  function socket(): Client {
    client ??= createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${accessToken}` },
      retryAttempts: 0,
      on: {
        closed(event) {
          const { code, reason } = event as { code: number; reason: string };
          closedWith = `${code} ${reason}`;
        },
      },
    });
    return client;
  }
  const askHere: Person['ask'] = (document, variables) => ask(url, accessToken, document, variables);

  return {
    email,
    userId: granted.user.id,
    sessionId: granted.session.id,
    accessToken,
    refreshToken: granted.refreshToken,
    ask: askHere,
    async request(document, variables) {
      const { data, messages } = await askHere(document, variables);
      if (data === null || messages.length > 0) throw new Error(messages.join());
      return data;
    },
    async follow(document, field, variables) {
      type Frame = NonNullable<
        NonNullable<typeof document extends TypedDocumentNode<infer D, unknown> ? D : never>[typeof field]
      >;
      const frames: Frame[] = [];
      const codes: string[] = [];
      let ended = false;
      const stop = socket().subscribe<Record<string, unknown>>(
        { query: print(document), variables: variables as Record<string, unknown> },
        {
          next({ data, errors = [] }) {
            const frame = data?.[String(field)];
            if (frame !== null && frame !== undefined) frames.push(frame as Frame);
            codes.push(...errors.map((error) => String(error.extensions?.['code'])));
          },
          error(error) {
            if (Array.isArray(error)) codes.push(...error.map((one) => String(one.extensions.code)));
            ended = true;
          },
          complete() {
            ended = true;
          },
        },
      );
      await waitFor(() => frames.length > 0 || codes.length > 0 || ended, {
        what: `the opening frame of ${String(field)}`,
      });
      const following: Following<Frame> = {
        get opening() {
          const [first] = frames;
          if (first === undefined) throw new Error(`no opening frame: ${codes.join()} ${closedWith ?? ''}`);
          return first;
        },
        get frames() {
          return frames.slice(1);
        },
        codes,
        get ended() {
          return ended;
        },
        take: (count) =>
          waitFor(() => (following.frames.length >= count ? following.frames : null), {
            what: `frame ${count} of ${String(field)}, after ${describe(following.frames)}; ${codes.join()} ${closedWith ?? ''}`,
          }),
        stop,
      };
      return following;
    },
    get closedWith() {
      return closedWith;
    },
    async leave() {
      await client?.dispose();
    },
  };
}

function describe(frames: readonly unknown[]): string {
  return JSON.stringify(frames.map((frame) => (frame as FrameLike).changes));
}

/** A workspace of this person's own. @returns its global id. */
export async function createWorkspace(owner: Person, name = 'Home'): Promise<string> {
  const { createWorkspace: result } = await owner.request(CreateWorkspaceDocument, { input: { name } });
  return payloadOf(result).workspace.id;
}

/** The id that the API gives a row. */
export function globalId(typeName: string, uuid: string): string {
  return Buffer.from(`${typeName}:${uuid}`).toString('base64');
}

/** The uuid inside a global id, for SQL. */
export function uuidOf(globalId: string): string {
  return Buffer.from(globalId, 'base64').toString().split(':')[1] ?? '';
}
