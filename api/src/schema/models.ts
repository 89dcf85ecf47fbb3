import type { Model } from '../model/model.ts';
import { comment } from './comment.ts';
import { member } from './member.ts';
import { session } from './session.ts';
import { task } from './task.ts';
import { user } from './user.ts';
import { workspace } from './workspace.ts';

/** Every synced model of this API. A new one is added here, and has its whole GraphQL face. */
export const models: readonly Model[] = [user, session, workspace, member, task, comment];
