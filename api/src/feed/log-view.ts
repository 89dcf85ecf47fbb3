import type { Directory } from '../authority/directory.ts';
import type { Bell } from './bell.ts';
import type { Following } from './ring.ts';
import type { LogPosition, LogTransaction } from './transaction.ts';

/** The log as those who follow it see it. */
export interface LogView {
  /** The newest transaction passed; null while the log has not been met, or has to be met anew. */
  position(): LogPosition | null;
  /** What follows a place, as far as memory knows. `ahead` turns into `other` once the log turns out to end before the place. */
  after(place: LogPosition): Following;
  /** Call when nobody waits any more for what follows a place. */
  leave(place: LogPosition): void;
  /**
   * All that follows a place, up to the newest transaction passed.
   *
   * @throws {HistoryLostError}
   */
  since(place: LogPosition, signal: AbortSignal): AsyncGenerator<LogTransaction>;
  /** Rings when another transaction has passed, or the log was lost or met anew. */
  readonly moves: Bell;
  /** It has brought nothing for a while, not even a heartbeat. */
  isStalled(): boolean;
  /** Everybody's authority as of `position`; null while it is not known to be exactly of there. */
  everybody(): Directory | null;
  /** Who were members of the workspace right after the transaction at `place`; null when that cannot be told, or not yet. */
  membersAt(workspaceId: string, place: LogPosition): ReturnType<Directory['membersOf']> | null;
}

/** What the feed tells its followers once a second. */
export interface Tick {
  readonly now: number;
  readonly quietSince: number;
  /** The log has brought nothing for a while, not even a heartbeat. */
  readonly isStalled: boolean;
}
