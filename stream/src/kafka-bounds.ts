import type { ChangeRecord } from './change-record.ts';
import { openPartition, type Partition, type PartitionSource } from './kafka-partition.ts';
import { parseRecord } from './parse-record.ts';
import { comparePositions } from './sequence.ts';
import type { Bounds, Position } from './stream.ts';

export interface OffsetRange {
  /** Of the oldest record kept. */
  readonly low: number;
  /** One past the newest; equal to `low` when there is none. */
  readonly high: number;
}

/** First look at this many of the newest records, then at four times as many … */
const TAIL_RECORDS = 64;
/**
 * … until the tail has at least this many bytes. The last record need not have the highest `seq`: a late repetition may
 * follow it, of what one relay had under way when another took over. That is one piece of 1 MiB at most.
 */
const TAIL_BYTES = 4 * 1024 * 1024;

const TIMEOUT_MS = 30_000;

/** What the topic holds between two offsets: its first readable record, and the highest of its tail. */
export async function readKafkaBounds(source: PartitionSource, { low, high }: OffsetRange): Promise<Bounds | null> {
  if (low === high) return null;
  const partition = openPartition(source, low);
  const timer = setTimeout(() => void partition.close(), TIMEOUT_MS);
  try {
    const oldest = await firstRecord(partition, low, high);
    const newest = await highestRecord(partition, low, high);
    return oldest && newest && { oldest: position(oldest), newest: position(newest), newestTag: newest.tag };
  } finally {
    clearTimeout(timer);
    await partition.close();
  }
}

async function firstRecord(partition: Partition, low: number, high: number): Promise<ChangeRecord | null> {
  for await (const value of values(partition, low, high)) {
    const record = readable(value);
    if (record !== null) return record;
  }
  return null;
}

async function highestRecord(partition: Partition, low: number, high: number): Promise<ChangeRecord | null> {
  let highest: ChangeRecord | null = null;
  let bytes = 0;
  let count = TAIL_RECORDS;
  for (let end = high; end > low && (highest === null || bytes < TAIL_BYTES); count *= 4) {
    const start = Math.max(low, end - count);
    for await (const value of values(partition, start, end)) {
      bytes += value?.length ?? 0;
      const record = readable(value);
      if (record !== null && (highest === null || comparePositions(record, highest) > 0)) highest = record;
    }
    end = start;
  }
  return highest;
}

async function* values(partition: Partition, start: number, end: number): AsyncGenerator<string | null> {
  partition.seek(start);
  for (let next = start; next < end; ) {
    const batch = await partition.next();
    if (batch === null) throw new Error(`the topic's bounds could not be read within ${TIMEOUT_MS} ms`);
    for (const { offset, value } of batch.messages) {
      if (offset < end) yield value;
      next = offset + 1;
    }
  }
}

/** Readers report what cannot be read; here it is only passed over. */
function readable(value: string | null): ChangeRecord | null {
  try {
    return parseRecord(value ?? '');
  } catch {
    return null;
  }
}

function position({ epoch, seq }: Position): Position {
  return { epoch, seq };
}
