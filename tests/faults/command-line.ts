import { parseArgs } from 'node:util';
import type { StreamKind } from './hub.ts';

export interface CommandLine {
  readonly seed: number;
  readonly seconds: number;
  readonly streams: readonly StreamKind[];
  readonly brokers: 1 | 3;
  readonly watchers: number;
  /** The kinds of fault that are injected; all when nothing is given. */
  readonly nemesis: RegExp;
  /** How long watchers may take, when all is healed, to hold the truth: 30 is promised. */
  readonly catchUpSeconds: number;
  /** Of the compiled product; the project's own when undefined. */
  readonly root: string | undefined;
  /** Whether the processes' logs and the diary of the faults are printed, too. */
  readonly isVerbose: boolean;
}

/** @throws Error that says what is wrong with the arguments. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      seconds: { type: 'string', default: '60' },
      stream: { type: 'string' },
      brokers: { type: 'string', default: '1' },
      watchers: { type: 'string', default: '30' },
      nemesis: { type: 'string', default: '' },
      'catch-up': { type: 'string', default: '30' },
      root: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  return {
    seed: values.seed === undefined ? Math.floor(Math.random() * 1e6) : wholeNumber('seed', values.seed),
    seconds: wholeNumber('seconds', values.seconds),
    streams: values.stream === undefined ? ['postgres', 'kafka'] : [streamOf(values.stream)],
    brokers: values.brokers === '3' ? 3 : 1,
    watchers: wholeNumber('watchers', values.watchers),
    nemesis: new RegExp(values.nemesis),
    catchUpSeconds: wholeNumber('catch-up', values['catch-up']),
    root: values.root,
    isVerbose: values.verbose,
  };
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} must be a whole number, not ${text}`);
  return number;
}

function streamOf(text: string): StreamKind {
  if (text !== 'postgres' && text !== 'kafka') throw new Error(`--stream is postgres or kafka, not ${text}`);
  return text;
}
