import { type Bar, type Beside, isWithinBar, type Row, ratioOf, spreadOf, type Unit } from './row.ts';

const decimals: Readonly<Record<Unit, number>> = {
  µs: 1,
  ms: 2,
  s: 2,
  'per second': 0,
  MB: 1,
  KB: 1,
  '% of a core': 2,
  'CPU s': 3,
  'CPU ms': 3,
  reads: 0,
};

const HEAD = ['what', 'ours', 'peer', 'limit', 'ratio', 'bar', 'CPU s per 100,000 deliveries'];

/** The rows for people, in columns. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [
    HEAD,
    ...rows.map((row) => [
      row.what,
      figure(row.ours, row.unit),
      besideCell(row, 'peer'),
      besideCell(row, 'limit'),
      ratioCell(row),
      barCell(row),
      cpuCell(row),
    ]),
  ];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
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

function besideCell({ beside, unit }: Row, kind: Beside['kind']): string {
  return beside?.kind === kind ? `${figure(beside.value, unit)} (${beside.what})` : '';
}

function ratioCell(row: Row): string {
  if (row.beside === null) return '';
  const ratio = ratioOf(row);
  const { lower, upper, factor } = spreadOf(row.beside);
  const quartiles = `(${lower.toFixed(2)} to ${upper.toFixed(2)})`;
  if (ratio !== null) return `${times(ratio)} ${quartiles}`;
  return `none: rounds differ ${times(factor)}, over ${times(row.beside.maxSpread)} ${quartiles}`;
}

function barCell(row: Row): string {
  if (row.bar === null) return '';
  const verdicts = { true: 'within', false: 'atMost' in row.bar ? 'OVER' : 'SHORT', null: 'not judged' };
  return `${barFigure(row.bar, row.unit)} ${verdicts[`${isWithinBar(row)}`]}`;
}

function barFigure(bar: Bar, unit: Unit): string {
  const [sign, bound] = 'atMost' in bar ? ['≤', bar.atMost] : ['≥', bar.atLeast];
  return bar.of === 'ratio' ? `${sign} ${bound}×` : `${sign} ${bound} ${unit}`;
}

function cpuCell({ cpu }: Row): string {
  if (cpu === undefined) return '';
  return cpu.beside === null ? cpu.ours.toFixed(2) : `${cpu.ours.toFixed(2)}, beside ${cpu.beside.toFixed(2)}`;
}

function figure(value: number, unit: Unit): string {
  return `${value.toFixed(decimals[unit])} ${unit}`;
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)}×`;
}
