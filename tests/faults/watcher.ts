import type { Random } from './random.ts';
import { type ModelName, type Row, type RowState, readGlobalId, stateOfAnswer } from './rows.ts';
import { readErrors, type SeenError, type Subscription, subscribe } from './socket.ts';
import type { View } from './views.ts';

/** One change of a frame, as it came. */
export interface SeenChange {
  readonly operation: string;
  readonly model: ModelName;
  /** The row's uuid. */
  readonly key: string;
  /** Null when DELETED. */
  readonly state: RowState | null;
  readonly previousVersion: number | null;
}

/** What happened to a watcher, in order. */
export type Happening =
  | { readonly what: 'subscribes'; readonly at: number; readonly resumes: boolean }
  | { readonly what: 'frame'; readonly at: number; readonly frame: SeenFrame; readonly xmax?: bigint | undefined }
  | {
      readonly what: 'ends';
      readonly at: number;
      readonly codes: readonly string[];
      readonly messages: readonly string[];
    }
  | { readonly what: 'closes'; readonly at: number; readonly code: number; readonly reason: string };

export interface SeenFrame {
  readonly reset: boolean;
  readonly upToDate: boolean;
  readonly transactionId: string | null;
  readonly changes: readonly SeenChange[];
}

/** A client of one view that lives through everything: it keeps rows as docs/api.md says, and its whole history. */
export interface Watcher {
  readonly view: View;
  readonly history: readonly Happening[];
  /** Its rows, by model and uuid. */
  readonly rows: ReadonlyMap<string, RowState>;
  isUpToDate(): boolean;
  /** Its socket ends; it comes back after so long. */
  goOffline(forMs: number): void;
  /** Its socket ends; it comes back when that resolves. */
  stayAway(until: Promise<void>): void;
  /** Its socket ends; it comes back without a cursor, as if it had just been opened. */
  startAnew(): void;
  close(): void;
}

interface RawFrame {
  readonly cursor: string;
  readonly reset: boolean;
  readonly upToDate: boolean;
  readonly transaction: { readonly transactionId: string } | null;
  readonly changes: readonly {
    readonly operation: string;
    readonly key: string;
    readonly row: Row | null;
    readonly previous: { readonly version: number } | null;
  }[];
}

/**
 * @param urls  of the API instances, each through its proxy: each time another may be taken.
 * @param xmax  the next transaction id of Postgres, asked when a `changes` subscription opens: what is above must be told.
 */
export function startWatcher({
  view,
  urls,
  hasAfter,
  random,
  xmax,
}: {
  view: View;
  urls: readonly string[];
  hasAfter: boolean;
  random: Random;
  xmax: () => Promise<bigint | undefined>;
}): Watcher {
  const history: Happening[] = [];
  const rows = new Map<string, RowState>();
  const query = view.document(hasAfter);
  let cursor: string | undefined;
  let subscription: Subscription | undefined;
  let isClosed = false;
  let isUpToDate = false;
  let isOpening = true;
  let offlineUntil = 0;
  let away: Promise<void> = Promise.resolve();
  let mustForget = false;

  function connect() {
    if (isClosed) return;
    if (mustForget) forget();
    mustForget = false;
    history.push({ what: 'subscribes', at: Date.now(), resumes: cursor !== undefined });
    isOpening = cursor === undefined;
    const url = `${random.pick(urls).replace('http', 'ws')}/graphql`;
    const variables = hasAfter && cursor !== undefined ? { ...view.variables, after: cursor } : view.variables;
    let hasEnded = false;
    let hasFailed = false;
    const own = subscribe(
      { url, token: view.viewer.token, query, variables },
      {
        next(payload) {
          if (hasEnded) return;
          const { data, errors } = payload as { data?: Record<string, RawFrame | null> | null; errors?: unknown };
          const raw = data?.[view.field];
          if (raw !== null && raw !== undefined) takeFrame(raw);
          if (errors === undefined) return;
          hasFailed = true;
          takeEnd(readErrors(errors));
          own.drop();
        },
        end(errors) {
          hasEnded = true;
          if (errors.length > 0 || !hasFailed) takeEnd(errors);
          own.drop();
        },
        closed(code, reason) {
          if (!hasEnded) history.push({ what: 'closes', at: Date.now(), code, reason });
          subscription = undefined;
          isUpToDate = false;
          const restMs = Math.max(random.between(30, 500), offlineUntil - Date.now());
          setTimeout(() => void away.then(connect), restMs);
        },
      },
    );
    subscription = own;
  }

  function takeEnd(errors: readonly SeenError[]) {
    const [codes, messages] = [errors.map(({ code }) => code), errors.map(({ message }) => message)];
    history.push({ what: 'ends', at: Date.now(), codes, messages });
    const [first] = errors;
    if (first === undefined) return;
    if (first.code === 'SLOW_CONSUMER') cursor = first.cursor ?? cursor;
    else if (first.code !== 'UNAVAILABLE' && first.code !== 'TOKEN_EXPIRED') {
      forget();
    }
  }

  function forget() {
    cursor = undefined;
    rows.clear();
  }

  function takeFrame(raw: RawFrame) {
    const changes = raw.changes.map(readChange);
    const frame: SeenFrame = {
      reset: raw.reset,
      upToDate: raw.upToDate,
      transactionId: raw.transaction?.transactionId ?? null,
      changes,
    };
    const happening: { what: 'frame'; at: number; frame: SeenFrame; xmax?: bigint | undefined } = {
      what: 'frame',
      at: Date.now(),
      frame,
    };
    history.push(happening);
    if (isOpening && view.kind === 'changes') void noteXmax(happening);
    isOpening = false;
    if (frame.reset) rows.clear();
    for (const { model, key, state } of changes) {
      if (state === null) rows.delete(`${model}:${key}`);
      else rows.set(`${model}:${key}`, state);
    }
    isUpToDate = frame.upToDate;
    if (hasAfter) cursor = raw.cursor;
  }

  async function noteXmax(happening: { xmax?: bigint | undefined }) {
    happening.xmax = await xmax();
  }

  connect();
  return {
    view,
    history,
    rows,
    isUpToDate: () => isUpToDate,
    goOffline(forMs) {
      offlineUntil = Date.now() + forMs;
      subscription?.drop();
    },
    stayAway(until) {
      away = until;
      subscription?.drop();
    },
    startAnew() {
      mustForget = true;
      subscription?.drop();
    },
    close() {
      isClosed = true;
      subscription?.drop();
    },
  };
}

function readChange({ operation, key, row, previous }: RawFrame['changes'][number]): SeenChange {
  const { model, uuid } = readGlobalId(key);
  return {
    operation,
    model,
    key: uuid,
    state: row === null ? null : stateOfAnswer(model, row),
    previousVersion: previous?.version ?? null,
  };
}
