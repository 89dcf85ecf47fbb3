import type { Model } from '../model/model.ts';
import type { View } from './view.ts';

/** What is asked for. */
export interface Question {
  /** `rows`: all that match, then what happens to them. `changes`: only what happens. */
  readonly kind: 'rows' | 'changes';
  readonly views: readonly View[];
  /** Hash of the question, for the cursor. */
  readonly question: string;
  /** The one workspace that is asked for, if it is: who loses it has lost all. */
  readonly workspaceId: string | null;
  readonly selection: Selection;
}

/** Who follows what. */
export interface Follow extends Question {
  readonly viewerId: string;
  readonly sessionId: string;
  /** When the viewer's token does. */
  readonly expiresAt: Date;
}

export interface FollowRequest extends Follow {
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

/**
 * Whether a frame may be told to others of the group at another time than it was made at. Not where it loads rows by what its
 * viewer may read: by then they may be allowed less, and what they would be given is newer than that.
 */
export function isToldToAll({ models, isPersonal }: Selection): boolean {
  return models.length === 0 && !isPersonal;
}

/** Whether what the viewer may see depends on who else is in its workspaces. */
export function needsPeers({ views }: Pick<Question, 'views'>): boolean {
  return views.some(({ model }) => model.policy.read.readsPeers);
}

/** Tables whose changes may concern the question, besides those of its viewer's authority. */
export function tablesOf(question: Pick<Question, 'views'>): readonly string[] {
  const own = question.views.map(({ model }) => model.table);
  return needsPeers(question) ? [...own, 'members'] : own;
}
