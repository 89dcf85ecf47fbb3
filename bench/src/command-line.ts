import { parseArgs } from 'node:util';

export interface CommandLine {
  readonly isSmoke: boolean;
  readonly isProfiled: boolean;
  /** Where the JSON and the profiles go. */
  readonly resultsFolder: string;
}

/** @throws TypeError that names an option which is not known. */
export function readCommandLine(args: readonly string[], defaultResultsFolder: string): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      results: { type: 'string', default: defaultResultsFolder },
    },
  });
  return { isSmoke: values.smoke, isProfiled: values.profile, resultsFolder: values.results };
}
