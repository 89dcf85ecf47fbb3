import type { JsonRow } from '@sync-hub/stream/change-record';
import type { MemberRow } from '../../authority/member-row.ts';
import type { Where } from '../../authority/rules.ts';
import { createEntrance } from '../../entrance.ts';
import type { Model } from '../../model/model.ts';
import type { Row } from '../../model/row.ts';
import { type Backlog, createBacklog } from '../backlog.ts';
import { createCursors } from '../cursor.ts';
import { createFeed } from '../feed.ts';
import type { FollowRequest } from '../follow-request.ts';
import { changeOperations } from '../frame.ts';
import { createFrameQueue, type FrameEvent, type FrameQueue } from '../frame-queue.ts';
import { createFakeDatabase } from './fake-database.ts';
import { createFakeLog } from './fake-log.ts';

const silent = () => {};
const quiet = { debug: silent, info: silent, warn: silent, error: silent };

export const bounds = {
  maxSubscriptions: 10,
  maxFrames: 10,
  maxBytes: 1e6,
  maxSubscriptionFrames: 10,
  maxSubscriptionBytes: 1e6,
  patienceMs: 5_000,
};

export type Log = ReturnType<typeof createFakeLog>;

/** A feed over a log in memory: Ada and Bob are members of `home`, Eve of `elsewhere`. */
export async function startFeed({
  frame = { maxChanges: 500, maxBytes: 1e6 },
  tokenExpiresAt = new Date(Date.now() + 600_000),
  aligned = true,
  stalledMs = 60_000,
  lostTailMs = 0,
  progressMs = 30_000,
  ring = { maxBytes: 1e6, maxAgeMs: 60_000 },
  replays = { max: 4, turnMs: 1_000, gatherMs: 1, maxRecordsAhead: 100, maxBytes: 100_000 },
  backlog = {},
  log = createFakeLog(),
} = {}) {
  const database = createFakeDatabase(log);
  database.state.members = [memberRow('ada', 'home'), memberRow('bob', 'home'), memberRow('eve', 'elsewhere')];
  const cursors = createCursors('a secret for tests of the feed, long enough');
  const ended: string[] = [];
  const feed = createFeed({
    stream: log.stream,
    startPoints: database.startPoints,
    cursors,
    snapshots: database.snapshots,
    entrance: createEntrance(),
    readClaimed: async () => null,
    workspaceColumn: (table) => (table === 'tasks' ? 'workspace_id' : null),
    onSessionEnded: (sessionId) => ended.push(sessionId),
    settings: { frame, ring, replays, maxTransactionBytes: 100_000, progressMs, stalledMs, lostTailMs },
    log: quiet,
  });
  await feed.start();
  if (aligned) await log.heartbeat(6);
  interface Asked {
    readonly matches?: (row: Row) => boolean;
    readonly where?: Where;
    readonly workspaceId?: string | null;
    readonly after?: string | null | undefined;
    readonly question?: string;
    readonly backlog?: Backlog;
  }
  const ask =
    (kind: FollowRequest['kind']) =>
    (viewerId: string, model: Model | readonly Model[], asked: Asked = {}) => {
      const { matches = () => true, where = {}, workspaceId = null, after = null, question = 'q' } = asked;
      const models = Array.isArray(model) ? model : [model];
      const request = {
        kind,
        views: models.map((one) => ({ model: one, matches, where, operations: new Set(changeOperations) })),
        viewerId,
        sessionId: `session-of-${viewerId}`,
        expiresAt: tokenExpiresAt,
        question,
        workspaceId,
        // Two filters are two questions, though a test may give them the same name.
        selection: { responseName: String(matches), models: [], isPersonal: false },
        after,
      };
      const theirs = asked.backlog ?? createBacklog({ ...bounds, ...backlog });
      return feed.follow(request, (owner) => createFrameQueue(theirs, owner));
    };
  return { log, database, feed, cursors, ended, follow: ask('changes'), watch: ask('rows') };
}

export async function raw(frames: FrameQueue, count: number): Promise<FrameEvent[]> {
  const events: FrameEvent[] = [];
  while (events.length < count) {
    const { value } = await frames.next();
    if (value === undefined) break;
    events.push(value);
  }
  return events;
}

export async function read(frames: FrameQueue, count: number) {
  return (await raw(frames, count)).map((event) => {
    if ('error' in event) return { error: event.error.extensions['code'] };
    const { reset, upToDate, transaction, changes: told } = event.frame;
    const rows = told.map((change) => change.row);
    return {
      ...(reset ? { reset } : {}),
      upToDate,
      changes: told.map(({ operation, key }) => `${operation} ${key}`),
      ...(transaction === null ? {} : { transactionId: transaction.transactionId }),
      ...(rows.some((one) => one?.__typename === 'User') ? { rows } : {}),
    };
  });
}

/** Of the frame at `index`; what comes before it is taken. */
export async function cursorOf(frames: FrameQueue, index: number): Promise<string> {
  const event = (await raw(frames, index + 1))[index];
  return event !== undefined && 'frame' in event ? event.frame.cursor : '';
}

/** What comes within a while; 'nothing' when nothing does. */
export function soon<T>(promise: Promise<T>, ms = 300): Promise<T | 'nothing'> {
  const pause = new Promise<'nothing'>((resolve) => setTimeout(() => resolve('nothing'), ms));
  return Promise.race([promise, pause]);
}

/** Up to the next frame that says `upToDate`; of that nothing is left when it is but a word. */
export async function readUpToDate(frames: FrameQueue) {
  const told: Awaited<ReturnType<typeof read>> = [];
  for (;;) {
    const [frame] = await read(frames, 1);
    if (frame === undefined || 'error' in frame) throw new Error(`the subscription has ended: ${frame?.error}`);
    const { upToDate, ...rest } = frame;
    if (told.length === 0 || frame.changes.length > 0) told.push(rest as typeof frame);
    if (upToDate) return told;
  }
}

/** The changes of the next frames after the opening one. */
export async function changes(frames: FrameQueue, count: number) {
  const told = await read(frames, count + 1);
  return told.slice(1).map((frame) => ('changes' in frame ? frame.changes : frame));
}

export function row(key: string, workspaceId: string): JsonRow {
  return { id: key, version: 1, created_at: at, updated_at: at, workspace_id: workspaceId, title: key, status: 'TODO' };
}
const at = '2026-11-23T00:00:00+00:00';

export function created(key: string, workspaceId: string) {
  return { table: 'tasks', key, before: null, after: row(key, workspaceId) };
}

export function memberRow(userId: string, workspaceId: string): MemberRow {
  return {
    id: `member-${userId}-${workspaceId}`,
    version: 1,
    workspace_id: workspaceId,
    user_id: userId,
    role: 'EDITOR',
  };
}

export function joined(userId: string, workspaceId: string) {
  const after = { ...memberRow(userId, workspaceId) };
  return { table: 'members', key: after.id, before: null, after };
}

export function left(userId: string, workspaceId: string) {
  const before = { ...memberRow(userId, workspaceId) };
  return { table: 'members', key: before.id, before, after: null };
}

export function renamed(userId: string) {
  const before = {
    id: userId,
    version: 1,
    created_at: at,
    updated_at: at,
    email: 'e',
    name: userId,
    color: '#000000',
    role: 'MEMBER',
  };
  return { table: 'users', key: userId, before, after: { ...before, version: 2, name: 'renamed' } };
}
