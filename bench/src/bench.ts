import type { Closing } from '@sync-hub/runtime/closing';
import type { Log } from '@sync-hub/runtime/log';
import type { CoreLayout } from './core-layout.ts';
import type { Plan } from './plan.ts';
import type { Profiler } from './profiler.ts';
import type { Row } from './row.ts';

/** What every section of the bench is given. */
export interface Bench {
  readonly plan: Plan;
  readonly layout: CoreLayout;
  readonly closing: Closing;
  readonly log: Log;
  /** None: there is no Kafka on this machine. */
  readonly kafkaBrokers: readonly string[];
  /** Null: no profile was asked for. */
  readonly profiler: Profiler | null;
  /** Takes what is being measured now. */
  readonly tell: (step: string) => void;
}

/** Rows that are measured together, on servers of their own. */
export interface Section {
  readonly name: string;
  /** Which core holds what: not as in `streams`. */
  readonly cores: string;
  measure(bench: Bench): Promise<readonly Row[]>;
}
