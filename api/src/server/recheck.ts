import type { Query } from '@sync-hub/prisma/query';
import { createDirectory } from '../authority/directory.ts';
import { type AuthoritySnapshot, authoritySnapshotSql } from '../authority/snapshot-sql.ts';
import type { Feed } from '../feed/feed.ts';
import type { ErrorLog } from './coded-errors.ts';
import type { Sockets } from './sockets.ts';

interface Dependencies {
  readonly query: Query;
  readonly sockets: Pick<Sockets, 'sessionIds' | 'closeAll'>;
  readonly feed: Pick<Feed, 'distrust' | 'endAll' | 'endSession' | 'hasLost' | 'isStalled' | 'sessionIds' | 'viewers'>;
  readonly log: ErrorLog;
  readonly settings: {
    readonly everyMs: number;
    /** The log may tell of a loss by itself, in its order; so long it is given. */
    readonly graceMs: number;
    /** With the log stalled and no answer for so long, nothing is known of anybody any more. */
    readonly blindMs: number;
  };
}

/**
 * Asks Postgres once a second, in one query, whether the sessions of all who are connected still live, and whether they still
 * are what their subscriptions go by. The log says so sooner; this holds while it is stalled, or a subscription is far behind.
 *
 * While neither log nor Postgres answers, nobody can be vouched for: sockets close with 1013.
 */
export function startRecheck({ query, sockets, feed, log, settings }: Dependencies): { close(): Promise<void> } {
  let running = Promise.resolve();
  let isRunning = false;
  let answeredAt = Date.now();
  const closing = new AbortController();

  async function recheck() {
    const sessionIds = [...new Set([...sockets.sessionIds(), ...feed.sessionIds()])];
    const viewers = feed.viewers();
    const now = await readAuthority(viewers, sessionIds);
    answeredAt = Date.now();
    const live = new Set(now.liveSessionIds);
    for (const sessionId of sessionIds) if (!live.has(sessionId)) feed.endSession(sessionId);

    const directory = createDirectory(now);
    const suspects = viewers.filter((viewerId) => feed.hasLost(viewerId, directory.authorityOf(viewerId)));
    if (suspects.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, settings.graceMs));
    // Asked again: beside what the log has told by then, the first answer may be the older one.
    const later = createDirectory(await readAuthority(suspects, []));
    for (const viewerId of suspects) feed.distrust(viewerId, later.authorityOf(viewerId));
  }

  async function readAuthority(viewers: readonly string[], sessionIds: readonly string[]): Promise<AuthoritySnapshot> {
    const [row] = await query<{ authority: AuthoritySnapshot }>(
      `SELECT ${authoritySnapshotSql} AS authority`,
      viewers,
      [],
      sessionIds,
    );
    if (row === undefined) throw new Error('a SELECT without FROM has given no row');
    return row.authority;
  }

  const timer = setInterval(() => {
    if (feed.isStalled && Date.now() - answeredAt > settings.blindMs) {
      sockets.closeAll(1013, 'UNAVAILABLE');
      feed.endAll();
    }
    if (isRunning) return;
    isRunning = true;
    running = recheck()
      .catch((error: unknown) => {
        if (!closing.signal.aborted) log.error({ err: error }, 'who is connected could not be checked');
      })
      .finally(() => {
        isRunning = false;
      });
  }, settings.everyMs).unref();

  return {
    close() {
      clearInterval(timer);
      closing.abort();
      return running;
    },
  };
}
