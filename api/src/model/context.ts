import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import type { Query } from '@sync-hub/prisma/query';
import type { AttemptLimits } from '../auth/attempt-limits.ts';
import type { Authenticator, Viewer } from '../auth/authenticate.ts';
import type { SessionProof } from '../auth/session-proof.ts';
import type { Sessions } from '../auth/sessions.ts';
import type { Authority } from '../authority/authority.ts';
import { codedError } from '../errors.ts';
import type { Feed } from '../feed/feed.ts';
import type { OpenQueue } from '../feed/frame-queue.ts';
import type { Look } from './look.ts';
import type { PublicRows } from './public-rows.ts';
import type { RowLoader } from './row-loader.ts';

/** What every resolver is given: who asks, and the services of the process. */
export interface Context {
  readonly viewer: Viewer | null;
  /** Of the viewer of a request over HTTP. A socket has signed in once, and its session is watched. */
  readonly session: SessionProof | null;
  /** The viewer's authority by Postgres, at most a second old. */
  readonly authority: () => Promise<Authority>;
  readonly rows: RowLoader;
  readonly services: Services;
  /** Of the one subscription that this operation may be. @throws TOO_MANY_SUBSCRIPTIONS */
  readonly openQueue: OpenQueue;
  /** It is a frame's: against the limits of an operation the whole subscription was counted, when it began. */
  readonly isFrame?: true;
  readonly client: { readonly address: string; readonly userAgent: string | null };
}

export interface Services {
  readonly prisma: PrismaClient;
  /** Over the connections of `prisma`. */
  readonly query: Query;
  readonly look: Look;
  readonly publicRows: PublicRows;
  readonly feed: Feed;
  readonly sessions: Sessions;
  readonly attempts: AttemptLimits;
  readonly isLive: Authenticator['isLive'];
  /** Of the hashes by which a retried mutation is known. */
  readonly claimKey: Uint8Array;
}

/** The viewer, where only the signed-in may pass. @throws UNAUTHENTICATED */
export function signedInViewer(context: Pick<Context, 'viewer'>): Viewer {
  if (context.viewer === null)
    throw codedError('UNAUTHENTICATED', 'Sign in first: send `Authorization: Bearer <access token>`.');
  return context.viewer;
}
