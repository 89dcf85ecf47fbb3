import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import type { Query } from '@sync-hub/prisma/query';
import type { Viewer } from '../auth/authenticate.ts';
import type { SessionProof } from '../auth/session-proof.ts';
import type { Look } from './look.ts';
import type { Lookup } from './model.ts';
import type { Row } from './row.ts';
import type { Profile } from './selection.ts';
import type { Input } from './values.ts';

/** A call of one of the generic mutations. */
export interface WriteRequest {
  readonly prisma: PrismaClient;
  readonly query: Query;
  readonly look: Look;
  readonly claimKey: Uint8Array;
  readonly viewer: Viewer;
  readonly session: SessionProof;
  readonly attempts: Lookup['attempts'];
  /** Name of the mutation's field: a mutationId is bound to it. */
  readonly fieldName: string;
  readonly input: Input;
  /** What is asked for beside the row that is written. One statement can give both. */
  readonly profiles: readonly Profile[];
}

/** What a mutation wrote. `row` is as its viewer may read it; null when it was deleted. */
export interface Written {
  readonly id: string;
  readonly row: Row | null;
  /** xid8, as decimal text: what its frame carries. */
  readonly transactionId: string;
}

export function mutationIdOf({ input }: WriteRequest): string | null {
  return typeof input['mutationId'] === 'string' ? input['mutationId'] : null;
}

/**
 * `extensions` of a mutation's field: it writes nothing without a live session, asked for by the statement or by `session.prove()`.
 * So it may begin before the session was asked about, if its answer is held back until it is proved: see known-operations.ts.
 */
export const writesOnlyForLiveSession = { writesOnlyForLiveSession: true };
