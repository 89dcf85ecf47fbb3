import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import { encodeRecordBatch } from './kafka-record-batch.ts';
import type { EncodedRecord } from './stream.ts';

/** The part of kafkajs that is patched (kafkajs/src/protocol/requests/produce/index.js, 2.2.4). */
interface Produce {
  protocol(version: {
    readonly version: number;
  }): (send: Send) => { readonly request: Request; readonly response: unknown };
}
interface Send {
  readonly acks: number;
  readonly timeout: number;
  readonly transactionalId?: string | null;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly firstSequence: number;
      readonly messages: Records;
    }[];
  }[];
}
interface Request {
  encode(): Promise<Encoded>;
}
/** The part of its encoder that is patched (kafkajs/src/protocol/encoder.js). */
interface Encoder extends Encoded {
  buf: Buffer;
  offset: number;
  writeEncoder(this: Encoder, value: Encoded): Encoder;
}
interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}
/** A buffer that begins with free bytes. */
interface Roomy {
  readonly whole: Buffer;
  readonly free: number;
}
type Records = readonly EncodedRecord[];

/** The first version of the request whose batches are what {@link encodeRecordBatch} writes. */
const FIRST_VERSION = 3;

/** Room in front of a request for what kafkajs writes there: its length, kind, number and the client's name. */
const ROOM_BYTES = 64;

const patched = new WeakSet<Produce>();
/** What {@link inOwnEncoding} has given out: everything else that is sent through kafkajs is encoded by it, as ever. */
const own = new WeakSet<object>();

/**
 * Records as messages that kafkajs sends like any others, but which it neither sorts by partition nor encodes: they are for
 * partition 0, and written by `encodeRecordBatch`. Numbering, acknowledgement and repetition stay with kafkajs.
 *
 * Sorting them, kafkajs 2.2.4 copies all messages of a partition once for each of them; encoding: see there.
 *
 * @param records  are not to be changed any more.
 */
export function inOwnEncoding(records: Records): EncodedRecord[] {
  patchProduce();
  const messages = [...records];
  // All that kafkajs uses to sort them: kafkajs/src/producer/groupMessagesPerPartition.js.
  Object.defineProperty(messages, 'reduce', { value: () => ({ 0: messages }) });
  own.add(messages);
  return messages;
}

function patchProduce(): void {
  const require = createRequire(import.meta.url);
  const produce: Produce = require('kafkajs/src/protocol/requests/produce/index.js');
  if (patched.has(produce)) return;
  patched.add(produce);
  patchEncoder();

  const { protocol } = produce;
  produce.protocol = ({ version }) => {
    const create = protocol({ version });
    return (send) => {
      const made = create(send);
      const records = ownRecords(send);
      if (records !== null && version >= FIRST_VERSION) made.request.encode = async () => encodeRequest(send, records);
      return made;
    };
  };
}

/** What was encoded here, with the room in front of it. */
const roomy = new WeakMap<Encoded, Roomy>();

/**
 * kafkajs puts a request into its frame by copying it into a new buffer of twice its size, and once more for its length. Here
 * the little that comes before it is copied to where there is room for it, and the encoder goes on with that buffer.
 */
function patchEncoder(): void {
  const require = createRequire(import.meta.url);
  const { prototype: encoder }: { prototype: Encoder } = require('kafkajs/src/protocol/encoder.js');
  const { writeEncoder } = encoder;
  encoder.writeEncoder = function writeAround(value) {
    const own = roomy.get(value);
    if (own === undefined || own.free < this.offset) return writeEncoder.call(this, value);
    const { whole } = own;
    const free = own.free - this.offset;
    this.buf.copy(whole, free, 0, this.offset);
    this.buf = whole.subarray(free);
    this.offset = this.buf.length;
    roomy.set(this, { whole, free });
    return this;
  };
}

/** Null: kafkajs is to encode it. */
function ownRecords({ topicData, transactionalId }: Send): Records | null {
  const messages = topicData[0]?.partitions[0]?.messages;
  const isAlone = topicData.length === 1 && topicData[0]?.partitions.length === 1 && (transactionalId ?? null) === null;
  return isAlone && messages !== undefined && own.has(messages) ? messages : null;
}

/** @see https://kafka.apache.org/protocol#The_Messages_Produce */
function encodeRequest({ acks, timeout, producerId, producerEpoch, topicData }: Send, records: Records) {
  const [
    {
      topic,
      partitions: [{ partition, firstSequence }],
    },
  ] = topicData as never as [{ topic: string; partitions: [{ partition: number; firstSequence: number }] }];
  const topicBytes = Buffer.byteLength(topic);
  const before = ROOM_BYTES + 26 + topicBytes;
  const header = { producerId: BigInt(producerId), producerEpoch, firstSequence, timestamp: Date.now() };
  const whole = encodeRecordBatch(records, header, before);
  const buffer = whole.subarray(ROOM_BYTES);
  buffer.writeInt16BE(-1, 0); // No transaction.
  buffer.writeInt16BE(acks, 2);
  buffer.writeInt32BE(timeout, 4);
  buffer.writeInt32BE(1, 8); // One topic …
  buffer.writeInt16BE(topicBytes, 12);
  buffer.write(topic, 14, 'utf8');
  buffer.writeInt32BE(1, 14 + topicBytes); // … one partition.
  buffer.writeInt32BE(partition, 18 + topicBytes);
  buffer.writeInt32BE(whole.length - before, 22 + topicBytes);
  const encoded = { buf: buffer, buffer };
  roomy.set(encoded, { whole, free: ROOM_BYTES });
  return encoded;
}
