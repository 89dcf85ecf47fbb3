import type { JsonRow } from '@sync-hub/stream/change-record';
import type { MemberRole } from './authority.ts';

/** A member row, as Postgres and the log write it. */
export interface MemberRow {
  readonly id: string;
  readonly version: number;
  readonly workspace_id: string;
  readonly user_id: string;
  readonly role: MemberRole;
}

/** Checks what the log says of a member. Our own migrations make the table, so anything else is a broken set-up. */
export function memberRow(row: JsonRow): MemberRow {
  const { id, version, workspace_id, user_id, role } = row;
  if (
    typeof id !== 'string' ||
    typeof version !== 'number' ||
    typeof workspace_id !== 'string' ||
    typeof user_id !== 'string' ||
    (role !== 'OWNER' && role !== 'EDITOR' && role !== 'VIEWER')
  )
    throw new TypeError('the log holds a row of members that is no member');
  return { id, version, workspace_id, user_id, role };
}
