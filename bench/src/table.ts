import { type Bar, isWithinBar, type Row, ratioOf, spreadOf, type Unit } from './row.ts';

const decimals: Readonly<Record<Unit, number>> = { ms: 2, 'per second': 0, MB: 1, '% of a core': 2 };

/** The rows for people, in columns. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [
    ['what', 'ours', 'beside', 'ratio', 'bar'],
    ...rows.map((row) => [row.what, figure(row.ours, row.unit), besideCell(row), ratioCell(row), barCell(row)]),
  ];
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function besideCell({ beside, unit }: Row): string {
  return beside === null ? '' : `${figure(beside.value, unit)} (${beside.what})`;
}

function ratioCell(row: Row): string {
  const ratio = ratioOf(row);
  if (ratio !== null) return times(ratio);
  return row.beside === null
    ? ''
    : `none: rounds differ ${times(spreadOf(row.beside))}, over ${times(row.beside.maxSpread)}`;
}

function barCell(row: Row): string {
  if (row.bar === null) return '';
  const verdicts = { true: 'within', false: 'OVER', null: 'not judged' };
  return `≤ ${barFigure(row.bar, row.unit)} ${verdicts[`${isWithinBar(row)}`]}`;
}

function barFigure({ of, atMost }: Bar, unit: Unit): string {
  return of === 'ratio' ? `${atMost}×` : `${atMost} ${unit}`;
}

function figure(value: number, unit: Unit): string {
  return `${value.toFixed(decimals[unit])} ${unit}`;
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)}×`;
}
