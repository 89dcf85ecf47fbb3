import type { Change, ChangeRecord, JsonRow } from '@sync-hub/stream/change-record';
import type { Bounds, Position, Sink, Stream } from '@sync-hub/stream/stream';

/** One row's change, as a test writes it. */
export interface Written {
  readonly table: string;
  readonly key: string;
  readonly before: JsonRow | null;
  readonly after: JsonRow | null;
}

interface Author {
  readonly actor?: string;
  readonly actorSession?: string;
  readonly mutationId?: string;
}

/** A log in memory: `commit` is one transaction, delivered whole to the feed under test. Other readers get what is kept. */
export function createFakeLog() {
  let sink: Sink | null = null;
  let kept: ChangeRecord[] = [];
  let seq = 0;
  let batch = 1;
  let epoch = 1;
  let incarnation = 'first run';
  let bounds: Bounds | Error | null = null;
  let boundsRead = 0;
  /** Besides the feed's own. */
  const readers = { open: 0, most: 0, all: 0 };
  const header = (last: boolean) => ({
    v: 1 as const,
    epoch,
    epochId: `epoch-${epoch}`,
    incarnation,
    seq: ++seq,
    batch,
    tag: `tag-${batch}`,
    last,
    at: '2026-11-23T00:00:00.000Z',
  });
  const deliver = async (record: ChangeRecord) => {
    if (sink === null) throw new Error('nobody reads');
    kept.push(record);
    await sink.record(record);
    // What waits for it comes to its turn, as between two records of a network.
    await new Promise((resolve) => setImmediate(resolve));
  };

  const stream: Stream = {
    maxRecordBytes: 900_000,
    inStatement: null,
    publish: () => Promise.reject(new Error('not here')),
    async read(from, given) {
      if (sink === null) {
        sink = given;
        return { close: async () => {} };
      }
      readers.open += 1;
      readers.all += 1;
      readers.most = Math.max(readers.most, readers.open);
      if (typeof from === 'object') void tellKept(from, given);
      return {
        async close() {
          readers.open -= 1;
        },
      };
    },
    async bounds() {
      boundsRead += 1;
      if (bounds instanceof Error) throw bounds;
      return bounds;
    },
    close: async () => {},
  };

  async function tellKept(from: Position, reader: Sink) {
    const [oldest] = kept;
    if (oldest !== undefined && oldest.seq > from.seq + 1) reader.gap({ after: from, next: oldest });
    let last = from.seq;
    for (const record of kept.filter(({ seq }) => seq > from.seq)) {
      await new Promise((resolve) => setImmediate(resolve));
      if (record.seq > last + 1 && last > from.seq) reader.gap({ after: { ...from, seq: last }, next: record });
      last = record.seq;
      await reader.record(record);
    }
  }

  return {
    stream,
    readers,
    /** What the stream keeps expires, all of it. */
    expire() {
      kept = [];
    },
    /** One of the records that the stream keeps is lost. */
    lose(key: string) {
      kept = kept.filter((record) => !('key' in record) || record.key !== key);
    },
    /** The same numbers stand for something else from now on. */
    rewriteHistory() {
      kept = kept.map((record) => ({ ...record, tag: `${record.tag}, written again` }));
    },
    /** From now on the stream, when asked, says that it ends there, whatever was read of it; or fails. */
    endAt(newest: Position | Error) {
      bounds = newest instanceof Error ? newest : { oldest: { epoch: newest.epoch, seq: 1 }, newest, newestTag: 'tag' };
    },
    /** A transaction of a batch of its own. */
    async commit(xid: number, changes: readonly Written[], author: Author = {}) {
      batch += 1;
      for (const [index, change] of changes.entries())
        await deliver(record(change, xid, { ...header(index === changes.length - 1), ...author }));
    },
    async heartbeat(count = 1) {
      for (let beat = 0; beat < count; beat += 1) {
        batch += 1;
        await deliver({ ...header(true), kind: 'heartbeat' });
      }
    },
    async raw(xid: number, table: string, kind: 'truncate' | 'lost') {
      batch += 1;
      const common = {
        ...header(true),
        xid: String(xid),
        table,
        actor: null,
        actorSession: null,
        mutationId: null,
        traceparent: null,
      };
      await deliver(kind === 'truncate' ? { ...common, kind } : { ...common, kind, outboxId: '1', reason: 'test' });
    },
    gap() {
      sink?.gap({ after: { epoch, seq }, next: { epoch, seq: seq + 2 } });
      seq += 1;
    },
    async newEpoch() {
      epoch += 1;
      await this.heartbeat();
    },
    /** The server goes down, and comes back. */
    restartServer() {
      incarnation = 'another run';
    },
    get boundsRead() {
      return boundsRead;
    },
    get batch() {
      return batch;
    },
    get epoch() {
      return epoch;
    },
    get incarnation() {
      return incarnation;
    },
  };
}

function record(
  { table, key, before, after }: Written,
  xid: number,
  header: Partial<Change> & { seq: number },
): Change {
  return {
    v: 1,
    epoch: 1,
    epochId: '',
    incarnation: '',
    batch: 0,
    tag: '',
    last: true,
    at: '',
    actor: null,
    actorSession: null,
    mutationId: null,
    traceparent: null,
    shape: 'shape',
    scope: null,
    ...header,
    kind: 'change',
    xid: String(xid),
    table,
    op: before === null ? 'I' : after === null ? 'D' : 'U',
    key,
    before,
    after,
  };
}
