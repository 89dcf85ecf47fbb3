import { basename, join } from 'node:path';
import { startKafka } from '@sync-hub/dev/kafka';
import { fetchKafkaJars, whyNoKafka } from '@sync-hub/dev/kafka-jars';
import { startPostgres } from '@sync-hub/dev/postgres';
import type { Closing } from '@sync-hub/runtime/closing';
import { connect } from './connect.ts';

export interface Servers {
  readonly postgres: { readonly url: string; readonly version: string };
  readonly kafka: { readonly brokers: readonly string[]; readonly version: string } | { readonly missing: string };
}

/**
 * Starts a PostgreSQL as `npm start` does, and a Kafka broker; one that is running already may be given.
 *
 * @param givenBrokers  host:port of each; none: a broker is started.
 */
export async function startServers({
  folder,
  givenBrokers,
  closing,
}: {
  /** Takes their data. */
  readonly folder: string;
  readonly givenBrokers: readonly string[];
  readonly closing: Closing;
}): Promise<Servers> {
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  closing.add('PostgreSQL', postgres.close);
  return {
    postgres: { url: postgres.url, version: await readVersion(postgres.url) },
    kafka: await findKafka(folder, givenBrokers, closing),
  };
}

async function findKafka(folder: string, givenBrokers: readonly string[], closing: Closing): Promise<Servers['kafka']> {
  if (givenBrokers.length > 0)
    return { brokers: givenBrokers, version: `Kafka at ${givenBrokers.join()}, which was running` };
  const missing = await whyNoKafka();
  if (missing !== undefined) return { missing };
  const version = basename(await fetchKafkaJars());
  const kafka = await startKafka({ dataDir: join(folder, 'kafka') });
  closing.add('Kafka', kafka.close);
  return { brokers: kafka.brokers, version };
}

async function readVersion(url: string): Promise<string> {
  const client = await connect(url);
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  return `PostgreSQL ${rows[0]?.server_version}`;
}
