import type { DirectoryContents } from './directory.ts';

/**
 * The authority of viewers as one JSON column, so that it can be read in the very statement, hence the very snapshot,
 * that fixes where a subscription starts.
 *
 * $1 is an array of user ids (all members and admins when null); $2 of those for whom the other members of their
 * workspaces are wanted too; $3 of session ids, of which the live ones come back.
 */
export const authoritySnapshotSql = `
  json_build_object(
    'members', (
      SELECT coalesce(json_agg(json_build_object(
        'id', m.id, 'version', m.version, 'workspace_id', m.workspace_id, 'user_id', m.user_id, 'role', m.role)), '[]')
      FROM members m
      WHERE $1::uuid[] IS NULL OR m.user_id = ANY ($1::uuid[])
         OR m.workspace_id IN (SELECT workspace_id FROM members WHERE user_id = ANY ($2::uuid[]))),
    'adminIds', (
      SELECT coalesce(json_agg(id), '[]') FROM users
      WHERE role = 'ADMIN' AND ($1::uuid[] IS NULL OR id = ANY ($1::uuid[]))),
    'liveSessionIds', (
      SELECT coalesce(json_agg(id), '[]') FROM sessions
      WHERE id = ANY ($3::uuid[]) AND revoked_at IS NULL AND expires_at > now()))`;

/** What {@link authoritySnapshotSql} gives. */
export interface AuthoritySnapshot extends DirectoryContents {
  readonly liveSessionIds: readonly string[];
}
