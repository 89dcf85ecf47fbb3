import type { Authority } from './authority.ts';

/**
 * What `known` grants that `now` does not, as a text to compare; null when nothing.
 *
 * @param workspaceId  memberships in others do not count; null: all do.
 */
export function lossesOf(known: Authority, now: Authority, workspaceId: string | null = null): string | null {
  const losses = known.isAdmin && !now.isAdmin ? ['ADMIN'] : [];
  for (const [id, { memberId, role }] of known.memberships) {
    if (workspaceId !== null && id !== workspaceId) continue;
    const held = now.memberships.get(id);
    if (held?.memberId !== memberId || held.role !== role) losses.push(`${id} ${memberId} ${role}`);
  }
  return losses.length === 0 ? null : losses.sort().join();
}
