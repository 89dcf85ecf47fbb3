import type { Model } from '../model/model.ts';
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
  readonly selection: Selection;
  /** From where to go on; null to begin. */
  readonly after: string | null;
}

/** What of the selection is told to all who ask alike, and what is not. */
export interface Selection {
  /** The name of the field in the answer. */
  readonly responseName: string;
  /** Models whose rows it loads besides those of the views, as far as the viewer may read them. */
  readonly models: readonly Model[];
  /** It depends on the session that asks: nobody else is told the same. */
  readonly isPersonal: boolean;
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
