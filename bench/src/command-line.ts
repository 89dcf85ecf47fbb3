import { parseArgs } from 'node:util';

export interface CommandLine {
  readonly isSmoke: boolean;
  readonly isProfiled: boolean;
  /** Measures an outage of Kafka of this length, and nothing else; null: the rows. */
  readonly outageSeconds: number | null;
  /** Names of the sections that are measured; null: all of them. */
  readonly only: readonly string[] | null;
  /** In place of the plan's; null: as planned. */
  readonly rounds: number | null;
  /** Puts the table into docs/performance.md, too. */
  readonly isDocumented: boolean;
  /** Where the JSON and the profiles go. */
  readonly resultsFolder: string;
}

/**
 * @param sectionNames  those that there are.
 * @throws TypeError that names what is not known or cannot be.
 */
export function readCommandLine(
  args: readonly string[],
  {
    defaultResultsFolder,
    sectionNames,
  }: { readonly defaultResultsFolder: string; readonly sectionNames: readonly string[] },
): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      outage: { type: 'string' },
      document: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      results: { type: 'string', default: defaultResultsFolder },
    },
  });
  const outageSeconds = values.outage === undefined ? null : Number(values.outage);
  if (outageSeconds !== null && !(outageSeconds > 0)) throw new TypeError('--outage takes a number of seconds: 300');
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (rounds !== null && !(Number.isInteger(rounds) && rounds > 0)) throw new TypeError('--rounds takes a number: 1');
  const only = values.only?.split(',') ?? null;
  const unknown = only?.filter((name) => !sectionNames.includes(name)) ?? [];
  if (unknown.length > 0) throw new TypeError(`--only takes some of ${sectionNames.join()}, not ${unknown.join()}`);
  if (values.smoke && values.document)
    throw new TypeError('--document is not for a smoke run, whose figures mean nothing');
  return {
    isSmoke: values.smoke,
    isProfiled: values.profile,
    outageSeconds,
    isDocumented: values.document,
    only,
    rounds,
    resultsFolder: values.results,
  };
}
