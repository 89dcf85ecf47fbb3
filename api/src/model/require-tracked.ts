import type { PrismaClient } from '@sync-hub/prisma/generated/client';
import { columnOf } from './field.ts';
import type { Model } from './model.ts';

type DeclaredTable = Pick<Model, 'name' | 'table' | 'workspace'>;

/**
 * Refuses models whose tables nobody tracks: subscriptions to them would be silent for ever, and say that they are up to date.
 *
 * @throws Error that names each such table and what tracks it; what the database throws.
 */
export async function requireTracked(prisma: PrismaClient, models: readonly DeclaredTable[]): Promise<void> {
  // As the log calls them, whatever the search_path of the session: see sync.write_functions.
  const [, tracked] = await prisma.$transaction([
    prisma.$executeRaw`SELECT set_config('search_path', 'public, pg_temp', true), set_config('quote_all_identifiers', 'off', true)`,
    prisma.$queryRaw<{ table: string }[]>`SELECT "table"::text FROM sync.tracked ORDER BY 1`,
  ]);
  const names = tracked.map(({ table }) => table);
  const missing = models.filter(({ table }) => !names.includes(table));
  if (missing.length === 0) return;
  throw new Error(
    [
      'Nobody would be told of changes to these tables, because they are not tracked. Add to a migration:',
      ...missing.map((model) => `  SELECT ${trackCall(model)}; -- the table of ${model.name}`),
      `Tracked are: ${names.join(', ')}. A model names its table as it stands there.`,
    ].join('\n'),
  );
}

function trackCall({ table, workspace }: DeclaredTable): string {
  const scope = workspace === undefined ? '' : `, '${columnOf(workspace)}'`;
  return `sync.track('${table}'${scope})`;
}
