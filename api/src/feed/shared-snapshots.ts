import { createDirectory } from '../authority/directory.ts';
import type { Entrance } from '../entrance.ts';
import { divideAuthority } from './authority-parts.ts';
import { type Follow, needsPeers } from './follow-request.ts';
import { groupOf } from './group-key.ts';
import type { LogView } from './log-view.ts';
import type { Snapshot, Snapshots } from './snapshots.ts';
import type { StartRequest } from './start-point.ts';

interface Dependencies {
  readonly snapshots: Pick<Snapshots, 'read'>;
  readonly log: Pick<LogView, 'everybody'>;
  readonly entrance: Entrance;
  readonly counters: { snapshots: number };
}

/** A watch that waits for its rows. */
interface Waiting {
  readonly request: Follow;
  readonly asked: StartRequest;
  readonly signal: AbortSignal;
  resolve(snapshot: Snapshot): void;
  reject(error: unknown): void;
}

/**
 * Snapshots that are read once for all who ask the same, may see the same and wait at the same time: one read after the other,
 * each for all who have come before its snapshot S is taken.
 *
 * By which group a watch waits is a guess, by the directory of everybody. What counts is the authority that S says each of them
 * has: the rows are those of the first, and who turns out to be of another group than he is waits once more, with that one.
 *
 * @see docs/decisions/snapshots-in-memory.md
 */
export function createSharedSnapshots({ snapshots, log, entrance, counters }: Dependencies) {
  /** Who waits for the next read, by group. Of a group that is there, one is being read or about to be. */
  const waiting = new Map<string, Waiting[]>();

  function join(group: string, one: Waiting) {
    const others = waiting.get(group);
    if (others !== undefined) return void others.push(one);
    waiting.set(group, [one]);
    void serve(group);
  }

  async function serve(group: string) {
    for (let others = waiting.get(group) ?? []; others.length > 0; ) {
      // A crowd is on its way in: the read is for all who stood before it.
      await entrance.pass();
      await readFor(others);
    }
    waiting.delete(group);
  }

  async function readFor(others: Waiting[]) {
    let served: readonly Waiting[] = [];
    /** Whose rows are read, though he may have gone meanwhile. */
    let first: Waiting | undefined;
    const takeAll = () => {
      served = stillThere([...served, ...others.splice(0)]);
      [first] = served;
      return first;
    };
    const isWanted = () => stillThere(first === undefined ? others : served).length > 0;
    try {
      const { start, rows } = await snapshots.read({
        views: others[0]?.request.views ?? [],
        viewers() {
          const { asked } = takeAll() ?? nobody();
          return [asked, ...served.slice(1).map((one) => one.asked)];
        },
        goOn: () => void (isWanted() || nobody()),
      });
      counters.snapshots += 1;
      if (first === undefined) rows.release();
      else giveOut({ start, rows }, first, served);
    } catch (error) {
      // Before S was asked for: they are who it was for.
      for (const { reject } of first === undefined ? others.splice(0) : served) reject(error);
    }
  }

  /** @param first  the rows are his. */
  function giveOut({ start, rows }: Snapshot, first: Waiting, served: readonly Waiting[]) {
    const partOf = divideAuthority(start.authority);
    const groupIn = ({ request, asked }: Waiting) => groupAsOf(request, createDirectory(partOf(asked)));
    const group = groupIn(first);
    const give = (one: Waiting, theirs: Snapshot['rows']) => {
      const its = one === first ? group : groupIn(one);
      if (its === group) return one.resolve({ start: { ...start, authority: partOf(one.asked) }, rows: theirs });
      theirs.release();
      join(its, one);
    };
    // Each has a part in the rows before anybody takes a page.
    const given = stillThere(served).map((one) => ({ one, theirs: rows.another() }));
    rows.release();
    for (const { one, theirs } of given) void entrance.pass().then(() => give(one, theirs));
  }

  return {
    /**
     * Its S is taken after it was asked for, and tells of its viewer and its session as `startPoints.take` would.
     *
     * @throws what `snapshots.read` does; the signal's reason.
     */
    read(request: Follow, signal: AbortSignal): Promise<Snapshot> {
      const { viewerId, sessionId } = request;
      const asked = { viewerId, sessionId, needsPeers: needsPeers(request) };
      const everybody = log.everybody();
      const { kind, question, selection } = request;
      const alone = () => `${kind} ${question} ${selection.responseName} ${viewerId} ${sessionId}`;
      return new Promise((resolve, reject) => {
        const one = { request, asked, signal, resolve, reject };
        join(everybody === null ? alone() : groupAsOf(request, everybody), one);
      });
    },
  };
}
export type SharedSnapshots = ReturnType<typeof createSharedSnapshots>;

function groupAsOf(request: Follow, directory: Pick<ReturnType<typeof createDirectory>, 'authorityOf'>): string {
  return groupOf(request, directory.authorityOf(request.viewerId));
}

function nobody(): never {
  throw new Error('nobody waits for these rows any more');
}

/** Those who have gone wait no longer. */
function stillThere(some: readonly Waiting[]): readonly Waiting[] {
  for (const { signal, reject } of some) if (signal.aborted) reject(signal.reason);
  return some.filter(({ signal }) => !signal.aborted);
}
