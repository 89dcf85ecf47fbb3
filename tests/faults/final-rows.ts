import type pg from 'pg';
import type { Tables } from './replay.ts';
import { type ModelName, modelNames, models, type Row, type RowState, shortenRow, stateOfRow } from './rows.ts';
import { selectOf, type View } from './views.ts';

/** The rows that the viewer of a watch must hold in the end: his own SELECT, by model and uuid. */
export async function selectRows(pool: pg.Pool, view: View): Promise<Map<string, RowState>> {
  const found = new Map<string, RowState>();
  for (const model of view.models) {
    const { rows } = await pool.query<{ row: Row }>(selectOf(model, view), [view.viewer.id]);
    for (const { row } of rows) found.set(`${model}:${row['id']}`, stateOfRow(model, row));
  }
  return found;
}

/** A row that two sides do not hold alike. */
export interface Difference {
  readonly model: ModelName;
  readonly key: string;
  readonly what: string;
}

export function compareRows(
  expected: ReadonlyMap<string, RowState>,
  held: ReadonlyMap<string, RowState>,
): Difference[] {
  return [...new Set([...expected.keys(), ...held.keys()])].flatMap((id) => {
    const [want, have] = [expected.get(id), held.get(id)];
    if (want?.version === have?.version && want?.hash === have?.hash) return [];
    const [model, key = ''] = id.split(':') as [ModelName, string];
    return [{ model, key, what: `${id}: ${describe(have)} in place of ${describe(want)}` }];
  });
}

/** What the log says the tables hold, against what they hold: whether capture and relay have lost anything. */
export async function compareTables(pool: pg.Pool, tables: Tables): Promise<Difference[]> {
  const differences: Difference[] = [];
  for (const model of modelNames) {
    const { rows } = await pool.query<{ row: Row }>(`SELECT row_to_json(t) AS row FROM ${models[model].table} AS t`);
    const expected = new Map(rows.map(({ row }) => [`${model}:${row['id']}`, stateOfRow(model, shortenRow(row))]));
    const held = new Map(
      [...(tables.get(model) ?? [])].map(([key, row]) => [`${model}:${key}`, stateOfRow(model, row)]),
    );
    differences.push(...compareRows(expected, held));
  }
  return differences;
}

function describe(state: RowState | undefined): string {
  return state === undefined ? 'no row' : `version ${state.version} (${state.hash})`;
}
