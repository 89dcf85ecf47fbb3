import type { View } from './view.ts';

/** Who follows what. */
export interface FollowRequest {
  /** `rows`: all that match, then what happens to them. `changes`: only what happens. */
  readonly kind: 'rows' | 'changes';
  readonly views: readonly View[];
  readonly viewerId: string;
  readonly sessionId: string;
  /** When the viewer's token does. */
  readonly expiresAt: Date;
  /** Hash of the question, for the cursor. */
  readonly question: string;
  /** The one workspace that is asked for, if it is: who loses it has lost all. */
  readonly workspaceId: string | null;
  /** From where to go on; null to begin. */
  readonly after: string | null;
}

/** Whether what the viewer may see depends on who else is in its workspaces. */
export function needsPeers({ views }: FollowRequest): boolean {
  return views.some(({ model }) => model.policy.read.readsPeers);
}

/** Tables whose changes may concern the request, besides those of its viewer's authority. */
export function tablesOf(request: FollowRequest): readonly string[] {
  const own = request.views.map(({ model }) => model.table);
  return needsPeers(request) ? [...own, 'members'] : own;
}
