import type { Query } from '@sync-hub/prisma/query';
import { generateKeyBetween } from 'fractional-indexing';
import type { Value } from '../model/row.ts';

/** What a fractional index looks like: base 62, never ending in the smallest digit. */
export const positionPattern = {
  regExp: /^[A-Za-z][0-9A-Za-z]*$/,
  hint: 'is not a fractional index such as "a0" or "a1V": letters and digits, a letter first.',
};

/** The position before every other in the column. Two writers may find the same one; ties are broken by id. */
export async function firstPosition(query: Query, workspaceId: string, status: Value): Promise<string> {
  const rows = await query<{ first: string | null }>(
    'SELECT min(position) AS first FROM tasks WHERE workspace_id = $1::uuid AND status = $2::task_status',
    workspaceId,
    status,
  );
  const first = rows[0]?.first ?? null;
  try {
    return generateKeyBetween(null, first);
  } catch {
    // Someone wrote a position that is no fractional index: the new one starts anew, and order goes on bytewise.
    return generateKeyBetween(null, null);
  }
}
