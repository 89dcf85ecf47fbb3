import { type Consumer, Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { type Row, shortenRow } from './rows.ts';

/** A record of the log, read by hand from the documented format. Heartbeats included, as gaps would show otherwise. */
export interface LogRecord {
  readonly kind: string;
  readonly epoch: number;
  readonly seq: number;
  readonly batch: number;
  readonly tag: string;
  /** The run of the server in which the batch was fenced. */
  readonly incarnation: string;
  readonly xid: string;
  readonly last: boolean;
  readonly at: number;
  readonly table: string;
  readonly op: string;
  readonly key: string;
  readonly before: Row | null;
  readonly after: Row | null;
  /** When the copy got it, in milliseconds. */
  readonly arrivedAt: number;
}

/** The run's own copy of the log, taken as it grows: the judge reads this, whatever the stream forgets. */
export interface LogCopy {
  readonly records: readonly LogRecord[];
  /** What is wrong with the log itself. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}

/** @param source  the topic, or the table in Postgres when there are no brokers. All past the proxies. */
export function startLogCopy({
  databaseUrl,
  brokers,
  topic,
}: {
  databaseUrl: string;
  brokers: readonly string[];
  topic: string;
}): LogCopy {
  const records: LogRecord[] = [];
  const problems: string[] = [];
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2, connectionTimeoutMillis: 2_000 });
  pool.on('error', () => {}); // it crashes on purpose
  const take = async (text: string) => {
    const raw = JSON.parse(text) as Record<string, unknown>;
    const last = records.at(-1);
    const [epoch, seq] = [Number(raw['epoch']), Number(raw['seq'])];
    if (last !== undefined && (epoch < last.epoch || (epoch === last.epoch && seq <= last.seq))) {
      const known = epoch === last.epoch ? records.at(seq - last.seq - 1) : undefined;
      if (known?.seq === seq && known.tag !== raw['tag'])
        problems.push(
          `two batches have ${seq}: ${known.batch} (${known.tag}) and then ${raw['batch']} (${raw['tag']})`,
        );
      return;
    }
    if (last !== undefined && epoch !== last.epoch) problems.push(`epoch ${epoch} follows ${last.epoch}`);
    if (last !== undefined && epoch === last.epoch && seq !== last.seq + 1)
      problems.push(`the log has a gap: ${seq} follows ${last.seq}`);
    const images = raw['kind'] === 'claim' ? await fetchClaimed(pool, raw['outboxId']) : raw;
    records.push(readRecord(raw, images));
  };
  // A consumer that is given up may still be at a record when the next begins.
  let taking = Promise.resolve();
  const takeInTurn = (text: string) => {
    taking = taking.then(() => take(text)).catch((error) => void problems.push(`the copy of the log: ${error}`));
    return taking;
  };
  const reader = brokers.length === 0 ? readTable(pool, records, take) : readTopic(brokers, topic, takeInTurn);
  return {
    records,
    problems,
    async close() {
      await reader.close();
      await pool.end();
    },
  };
}

function readRecord(raw: Record<string, unknown>, images: { before?: unknown; after?: unknown }): LogRecord {
  const image = (row: unknown) => (row === null || row === undefined ? null : shortenRow(row as Row));
  return {
    kind: String(raw['kind']),
    epoch: Number(raw['epoch']),
    seq: Number(raw['seq']),
    batch: Number(raw['batch']),
    tag: String(raw['tag']),
    incarnation: String(raw['incarnation']),
    xid: String(raw['xid']),
    last: raw['last'] === true,
    at: Date.parse(String(raw['at'])),
    table: String(raw['table']),
    op: String(raw['op']),
    key: String(raw['key']),
    before: image(images.before),
    after: image(images.after),
    arrivedAt: Date.now(),
  };
}

/** Rows too large for the stream stay in the outbox. Postgres may be down for a while. */
async function fetchClaimed(pool: pg.Pool, outboxId: unknown): Promise<{ before: unknown; after: unknown }> {
  for (;;) {
    try {
      const { rows } = await pool.query<{ before: unknown; after: unknown }>(
        'SELECT old AS before, new AS after FROM sync.outbox WHERE id = $1',
        [outboxId],
      );
      if (rows[0] === undefined) throw new Error(`the claimed outbox row ${outboxId} is gone`);
      return rows[0];
    } catch (error) {
      if (error instanceof Error && error.message.includes('is gone')) throw error;
      await pause(200);
    }
  }
}

function readTable(pool: pg.Pool, records: readonly LogRecord[], take: (text: string) => Promise<void>) {
  let isClosed = false;
  const read = async () => {
    while (!isClosed) {
      const { epoch, seq } = records.at(-1) ?? { epoch: 0, seq: 0 };
      try {
        const { rows } = await pool.query<{ payload: string }>(
          'SELECT payload FROM sync.log WHERE (epoch, seq) > ($1, $2) ORDER BY epoch, seq LIMIT 1000',
          [epoch, seq],
        );
        for (const { payload } of rows) await take(payload);
        if (rows.length < 1000) await pause(100);
      } catch {
        await pause(200); // Postgres is down, on purpose
      }
    }
  };
  const reading = read();
  return {
    async close() {
      isClosed = true;
      await reading;
    },
  };
}

/** A consumer that hears nothing for so long, not even a heartbeat, may have lost its way among dying brokers. */
const SILENCE_MS = 8_000;

/**
 * Without commits every join begins at the earliest record, and what is known is dropped: simple, and nothing is missed.
 * After a silence another consumer begins, in a group of its own.
 */
function readTopic(brokers: readonly string[], topic: string, take: (text: string) => Promise<void>) {
  const kafka = new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    // Whatever ends it: brokers are killed on purpose.
    retry: { retries: 1_000, maxRetryTime: 1_000, restartOnFailure: () => Promise.resolve(true) },
  });
  let isClosed = false;
  let heardAt = 0;
  const listen = async (consumer: Consumer) => {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => {
        heardAt = Date.now();
        if (message.value !== null) await take(message.value.toString());
      },
    });
  };
  const read = async () => {
    for (let attempt = 1; !isClosed; attempt += 1) {
      const groupId = `fault-oracle-${topic}-${attempt}`;
      const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, sessionTimeout: 30_000 });
      heardAt = Date.now();
      listen(consumer).catch(() => {}); // its silence is noticed
      while (!isClosed && Date.now() - heardAt < SILENCE_MS) await pause(100);
      await Promise.race([consumer.disconnect().catch(() => {}), pause(2_000)]);
    }
  };
  const reading = read();
  return {
    async close() {
      isClosed = true;
      await reading;
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
