import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The two halves of the path. Within each, one part works while the others wait for it. */
export type Half = 'writing' | 'reading';

/** Which cores hold what, so that the scheduler moves nothing about between rounds. */
export interface CoreLayout {
  /** Moves a process, all its threads, and what these start from now on. */
  move(pid: number, half: Half): void;
  /** For the report. */
  readonly description: string;
}

/** Splits the cores in two. Where that cannot be done (one core, no `taskset`) nothing is moved, and the description says so. */
export function createCoreLayout(): CoreLayout {
  const cores = availableParallelism();
  const pin = (pid: number, list: string) =>
    execFileSync('taskset', ['-a', '-c', '-p', list, String(pid)], { stdio: 'ignore' });
  try {
    if (cores < 2) throw new Error('a single core cannot be split');
    pin(process.pid, range(0, cores - 1));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { move() {}, description: `nothing is pinned to cores (${why})` };
  }
  const middle = Math.floor(cores / 2);
  const ranges: Readonly<Record<Half, string>> = { writing: range(0, middle - 1), reading: range(middle, cores - 1) };
  return {
    move: (pid, half) => void pin(pid, ranges[half]),
    description: `core ${ranges.writing} is the first half, ${ranges.reading} the second; the first has listener, PostgreSQL and Kafka, the second API and bench`,
  };
}

function range(first: number, last: number): string {
  return first === last ? String(first) : `${first}-${last}`;
}
