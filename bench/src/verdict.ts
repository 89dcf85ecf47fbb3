import { isWithinBar, type Row } from './row.ts';

/** 0: every bar is reached. 1: one falls short. 2: none does, but one could not be judged, and what is not known is not passed. */
export type ExitCode = 0 | 1 | 2;

export function exitCodeOf(rows: readonly Row[]): ExitCode {
  const verdicts = rows.filter(({ bar }) => bar !== null).map(isWithinBar);
  if (verdicts.includes(false)) return 1;
  return verdicts.includes(null) ? 2 : 0;
}
