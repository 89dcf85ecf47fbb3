import type { Authority } from '../authority/authority.ts';
import type { Where } from '../authority/rules.ts';
import { fingerprint } from '../fingerprint.ts';
import type { Model } from '../model/model.ts';
import type { Follow } from './follow-request.ts';

/**
 * Names the group of a subscription: whoever is of the same is told the same of every transaction, in the same words. It says
 * what was asked, and all that the asking depends on of its viewer: the rows that the policies let him read, as the condition
 * that Postgres would be given for it (of two viewers with equal conditions, each may read what the other may).
 *
 * Where one workspace is asked for, only whether its rows may be read counts, and not what else somebody is a member of. Where a
 * policy or a selected field knows its viewer by name (`own`, `Session.current`), the group is his alone.
 */
export function groupOf({ kind, question, views, workspaceId, selection, sessionId }: Follow, authority: Authority) {
  const { responseName, models, isPersonal } = selection;
  const parts = [
    [kind, question, responseName, isPersonal ? sessionId : null],
    views.map(({ model }) => conditions(model, authority).map((where) => within(where, model, workspaceId))),
    models.map((model) => conditions(model, authority)),
  ];
  return fingerprint(JSON.stringify(parts, sortedIds));
}

/** Of reading rows of the model, and those of its fields that not all who read it may see. */
function conditions({ policy, fields }: Model, authority: Authority): readonly Where[] {
  const rules = [policy.read, ...Object.values(fields).flatMap(({ readableBy }) => readableBy ?? [])];
  return rules.map((rule) => rule.where(authority));
}

function within(where: Where, { workspace }: Model, workspaceId: string | null): Where | boolean {
  if (workspaceId === null || workspace === undefined || Object.keys(where).length !== 1) return where;
  const { in: ids } = (where[workspace] ?? {}) as { readonly in?: unknown };
  return Array.isArray(ids) ? ids.includes(workspaceId) : where;
}

/** In which order somebody became a member does not matter. */
function sortedIds(operator: string, value: unknown): unknown {
  return operator === 'in' && Array.isArray(value) ? [...value].sort() : value;
}
