import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { topSelfTimes } from './cpu-profile.ts';
import type { Machine } from './machine.ts';
import type { Plan } from './plan.ts';
import type { NamedProfile } from './profiler.ts';
import { isWithinBar, type Row, ratioOf } from './row.ts';
import { formatTable } from './table.ts';

/** All that one run has found. */
export interface Report {
  readonly startedAt: Date;
  readonly isSmoke: boolean;
  readonly machine: Machine;
  /** PostgreSQL's, and Kafka's when there is one. */
  readonly versions: readonly string[];
  /** Which core holds what, in general and in sections where it is otherwise. */
  readonly cores: readonly string[];
  readonly plan: Plan;
  readonly rows: readonly Row[];
  readonly profiles: readonly NamedProfile[];
}

const TOP = 5;

export function formatReport({ isSmoke, machine, versions, cores, plan, rows, profiles }: Report): string {
  const { cpu, memory, system, node, loadBefore } = machine;
  return [
    isSmoke ? 'SMOKE: shows that everything runs; the figures mean nothing.\n' : '',
    `${cpu}, ${memory}, ${system}, Node ${node}, ${versions.join(', ')}\n`,
    `load ${loadBefore.toFixed(2)} before\n${formatRounds(plan)}\n${cores.map((line) => `${line}\n`).join('')}\n`,
    formatTable(rows),
    ...profiles.map(formatProfile),
  ].join('');
}

/** How often the sides take turns. Two sections have fewer than the rest. */
function formatRounds({ rounds, storm, drain }: Plan): string {
  const [inStorm, inDrain] = [storm, drain].map((section) => Math.min(rounds, section.rounds));
  return `rounds: ${rounds}, in storm ${inStorm}, in drain ${inDrain}`;
}

function formatProfile({ what, profile, kernelShare, cpuShare }: NamedProfile): string {
  const lines = topSelfTimes(profile, TOP).map(({ name: self, share }) => `  ${percent(share)}  ${self}\n`);
  const core = cpuShare === null ? '' : `; it used ${percent(cpuShare)} of a core`;
  const kernel = kernelShare === null ? '' : `; of its CPU time the kernel had ${percent(kernelShare)}`;
  return `\n${what}, self time as a share of a core${core}${kernel}:\n${lines.join('')}`;
}

const percent = (share: number) => `${(share * 100).toFixed(2)} %`;

/** Writes the report as JSON, and each profile as a `.cpuprofile` for DevTools. @returns the path of the JSON. */
export function writeReport({ startedAt, profiles, ...report }: Report, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const date = startedAt
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
  for (const { name, profile } of profiles)
    writeFileSync(join(folder, `${date}-${name}.cpuprofile`), JSON.stringify(profile));
  const path = join(folder, `${date}.json`);
  const rows = report.rows.map((row) => ({ ...row, ratio: ratioOf(row), isWithinBar: isWithinBar(row) }));
  const tops = profiles.map(({ profile, ...of }) => ({ ...of, top: topSelfTimes(profile, TOP) }));
  writeFileSync(path, `${JSON.stringify({ startedAt, ...report, rows, profiles: tops }, null, 2)}\n`);
  return path;
}
