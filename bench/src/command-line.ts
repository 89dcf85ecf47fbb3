import { parseArgs } from 'node:util';

export interface CommandLine {
  readonly isSmoke: boolean;
  readonly isProfiled: boolean;
  /** Measures an outage of Kafka of this length, and nothing else; null: the rows. */
  readonly outageSeconds: number | null;
  /** Names of the sections that are measured; null: all of them. */
  readonly only: readonly string[] | null;
  /** Where the JSON and the profiles go. */
  readonly resultsFolder: string;
}

/** @throws TypeError that names an option which is not known, or not a number of seconds. */
export function readCommandLine(args: readonly string[], defaultResultsFolder: string): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      outage: { type: 'string' },
      only: { type: 'string' },
      results: { type: 'string', default: defaultResultsFolder },
    },
  });
  const outageSeconds = values.outage === undefined ? null : Number(values.outage);
  if (outageSeconds !== null && !(outageSeconds > 0)) throw new TypeError('--outage takes a number of seconds: 300');
  return {
    isSmoke: values.smoke,
    isProfiled: values.profile,
    outageSeconds,
    only: values.only?.split(',') ?? null,
    resultsFolder: values.results,
  };
}
