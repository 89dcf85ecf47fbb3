import type { ChangeRecord } from '@sync-hub/stream/change-record';
import { parseRecord } from '@sync-hub/stream/parse-record';
import { createSequence } from '@sync-hub/stream/sequence';
import type { Stream } from '@sync-hub/stream/stream';

type Hook = (records: readonly ChangeRecord[]) => void | Promise<void>;

/** Notes what all relays of a test publish, and lets the test come in between; or follows what they store by statement. */
export interface Observer {
  /** What was stored, in order, repetitions included. */
  readonly stored: ChangeRecord[];
  /** What it throws is what `publish` rejects with; nothing is stored then. */
  beforeStore: Hook;
  /** What it throws is what `publish` rejects with, after all was stored. */
  afterStore: Hook;
  /** As a reader tells them: each once. Throws when there is a gap. */
  log(): ChangeRecord[];
  /** The records of the log that stand for rows of the outbox. */
  changes(): ChangeRecord[];
  /** A stream that is observed. Whoever has it publishes: what a statement stores comes by nobody. */
  observe(stream: Stream): Stream;
  /** Notes what a reader of the stream is told, once each, in place of what is published; of the hooks none is called. */
  follow(stream: Stream): Promise<void>;
}

export function createObserver(): Observer {
  const stored: ChangeRecord[] = [];
  const observer: Observer = {
    stored,
    beforeStore: () => {},
    afterStore: () => {},
    log: () => readOnce(stored),
    follow,
    changes: () => observer.log().filter(({ kind }) => kind !== 'heartbeat'),
    observe: (stream) => ({
      ...stream,
      inStatement: null,
      async publish(records) {
        const parsed = records.map(({ value }) => parseRecord(value));
        await observer.beforeStore(parsed);
        await stream.publish(records);
        stored.push(...parsed);
        await observer.afterStore(parsed);
      },
    }),
  };
  return observer;

  async function follow(stream: Stream): Promise<void> {
    // `log` tells what is missing.
    await stream.read('earliest', { record: (record) => void stored.push(record), gap() {}, unreadable() {} });
  }
}

/** What a reader tells of records that arrive in this order. */
function readOnce(records: readonly ChangeRecord[]): ChangeRecord[] {
  const sequence = createSequence(null);
  const told: ChangeRecord[] = [];
  for (const record of records) {
    const standing = sequence.judge(record);
    if (standing === 'seen') continue;
    if (standing === 'gap') throw new Error(`a gap before ${record.epoch}/${record.seq}`);
    sequence.advance(record);
    told.push(record);
  }
  return told;
}
