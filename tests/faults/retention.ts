import { waitFor } from '@sync-hub/dev/wait-for';
// The rest by the default export: Node does not find it by its name in this CommonJS package.
import kafkajs, { type Admin, Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import type { FaultyHub } from './hub.ts';
import type { LogCopy } from './log-copy.ts';

/** A time in which the stream forgot what it held, in milliseconds. */
export interface Expiry {
  readonly from: number;
  readonly to: number;
}

/**
 * Makes the stream forget everything up to now, by what it does at the end of its retention: Kafka's is made short for a
 * moment (`retention.ms`, `segment.ms`); of the Postgres stream, whose retention is in hours, the rows are deleted that have
 * been copied.
 */
export async function expireStream({ kafka, postgres, topic }: FaultyHub, copy: LogCopy): Promise<Expiry> {
  const from = Date.now();
  if (kafka === undefined) await deleteRows(postgres.url, copy);
  else await shortenRetention(kafka.direct, topic);
  return { from, to: Date.now() };
}

async function deleteRows(databaseUrl: string, { records }: LogCopy): Promise<void> {
  const last = records.at(-1);
  if (last === undefined) return;
  const client = new pg.Client(databaseUrl);
  await client.connect();
  await client.query('DELETE FROM sync.log WHERE (epoch, seq) <= ($1, $2)', [last.epoch, last.seq - 3]);
  await client.end();
}

async function shortenRetention(brokers: readonly string[], topic: string): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const own = await readConfig(admin, topic);
  const [end] = await admin.fetchTopicOffsets(topic);
  await writeConfig(admin, topic, { ...own, 'retention.ms': '1000', 'segment.ms': '1000' });
  await waitFor(
    async () => {
      const [now] = await admin.fetchTopicOffsets(topic);
      return Number(now?.low) >= Number(end?.high);
    },
    { what: 'Kafka to delete what is older than its retention', timeoutMs: 30_000 },
  );
  await writeConfig(admin, topic, own);
  await admin.disconnect();
}

/** What was set for this topic. */
async function readConfig(admin: Admin, topic: string): Promise<Record<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
  });
  const entries = resources[0]?.configEntries ?? [];
  const own = entries.filter(({ configSource }) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG);
  return Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue]));
}

/** Replaces all that is set for it. */
async function writeConfig(admin: Admin, topic: string, config: Readonly<Record<string, string>>): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }],
  });
}
