import type { EncodedRecord } from './stream.ts';

/**
 * The largest record of any stream: what a Kafka broker takes by default (1 MiB a request batch) less room for the
 * key and the framing. The same for Postgres, so that a record that fits one store fits the other.
 */
export const MAX_RECORD_BYTES = 900 * 1024;

/** A record is larger than the stream takes. Nothing of its `publish` was sent; the relay sends a claim in its place. */
export class RecordTooLargeError extends Error {
  override readonly name = 'RecordTooLargeError';
  readonly record: EncodedRecord;

  constructor(record: EncodedRecord, maxRecordBytes: number) {
    super(
      `record ${record.seq} of epoch ${record.epoch} has ${record.bytes} bytes; ` +
        `this stream takes at most ${maxRecordBytes} (maxRecordBytes)`,
    );
    this.record = record;
  }
}

/** @throws {RecordTooLargeError} for the first record over the limit. */
export function refuseTooLarge(records: readonly EncodedRecord[], maxRecordBytes: number): void {
  const tooLarge = records.find((record) => record.bytes > maxRecordBytes);
  if (tooLarge !== undefined) throw new RecordTooLargeError(tooLarge, maxRecordBytes);
}
