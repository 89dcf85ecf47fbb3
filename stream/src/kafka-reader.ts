import { createDelivery } from './delivery.ts';
import { EARLIEST_OFFSET, type FetchedBatch, openPartition, type PartitionSource } from './kafka-partition.ts';
import { comparePositions } from './sequence.ts';
import type { Position, Reader, Sink } from './stream.ts';

/**
 * Reads the topic from a place in the log and tells the sink each record once.
 *
 * Kafka knows offsets, callers know `seq`. Between the two holds: when the record at offset o has `seq` s, the record s + n
 * of the same epoch first stands at o + n or later, since numbers are gapless and repetitions only add records.
 * So reading starts at that offset and drops forward.
 *
 * It fails to hold when the oldest record kept is itself a repetition, or when the topic was made anew behind our back.
 * Both show as a jump in `seq`; so a jump is believed only after everything the topic keeps was read again, once.
 */
export function startKafkaReader(
  source: PartitionSource,
  {
    position,
    offset,
    sink,
  }: {
    /** Everything up to here was seen. Null: nothing. */
    position: Position | null;
    /** Where to begin; null where the record after `position` must be looked for. */
    offset: number | null;
    sink: Sink;
  },
): Reader {
  const { topic, log } = source;
  const delivery = createDelivery({ from: position, sink, log });
  const partition = openPartition(source, offset ?? EARLIEST_OFFSET);

  /** The record after this one is still to be looked for. */
  let target = offset === null ? position : null;
  /** Jumps up to here were looked into. */
  let proven: Position | null = null;
  /** What cannot be read up to here was told. */
  let toldUpTo = -1;
  /** What repeats up to here was told, or is met again by our own doing. Null until `position` was met or passed. */
  let settledUpTo = offset === null ? null : offset - 1;
  /** Unreadable values since the last record: each may have been one of the numbers that are missing. */
  let unreadable = 0;
  let isClosed = false;

  /** Takes the batch's records in turn. Stops when reading is to go on elsewhere, or no more. */
  async function take({ messages, end }: FetchedBatch): Promise<void> {
    for (const message of messages) {
      if (isClosed) return; // Nothing is delivered any more, so every record after the next would seem a jump.
      const arrival = delivery.examine(message.value);
      if (arrival.standing === 'unreadable') {
        unreadable++;
        if (message.offset > toldUpTo) delivery.tellUnreadable(arrival.error);
        toldUpTo = Math.max(toldUpTo, message.offset);
        continue;
      }

      const { record } = arrival;
      if (target !== null) {
        const { epoch, seq } = target;
        target = null;
        if (record.epoch === epoch && record.seq <= seq) {
          const first = Math.min(message.offset + seq + 1 - record.seq, end);
          if (first > (messages.at(-1)?.offset ?? end)) return partition.seek(first);
        } else {
          proven = record; // The oldest record there is: nothing lies before it to be read again.
        }
      }

      if (
        arrival.standing === 'gap' &&
        !isExplained(record) &&
        (proven === null || comparePositions(record, proven) > 0)
      ) {
        proven = record;
        log.warn({ topic, after: delivery.position(), seq: record.seq }, 'seq has jumped: the topic is read again');
        return partition.seek(EARLIEST_OFFSET);
      }
      if (arrival.standing !== 'seen') {
        settledUpTo = message.offset; // Lower than before when the topic was made anew.
        await delivery.deliver(record);
      } else if (settledUpTo === null) {
        if (position !== null && comparePositions(record, position) === 0) settledUpTo = message.offset;
      } else if (message.offset > settledUpTo) {
        settledUpTo = message.offset;
        delivery.drop(record);
      }
      unreadable = 0;
    }
  }

  /** A number taken by a value that cannot be read is missing for good; reading again would not bring it. */
  function isExplained(record: Position): boolean {
    const last = delivery.position();
    return last !== null && record.seq - last.seq - 1 <= unreadable;
  }

  async function run(): Promise<void> {
    for (let batch = await partition.next(); batch !== null; batch = await partition.next()) await take(batch);
  }
  const running = run();

  return {
    async close() {
      isClosed = true;
      delivery.close();
      await partition.close();
      await running;
    },
  };
}
