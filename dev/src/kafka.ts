import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { freePorts } from './free-ports.ts';
import { type KafkaBroker, lastOutput, startBroker } from './kafka-broker.ts';
import { fetchKafkaJars } from './kafka-jars.ts';
import { type BrokerPlace, kafkaProperties } from './kafka-properties.ts';
import { waitFor } from './wait-for.ts';

export interface RunningKafka {
  /** host:port of each. */
  readonly brokers: string[];
  /** To kill and restart one by one. */
  readonly nodes: readonly KafkaBroker[];
  close(): Promise<void>;
}

/** One broker takes 3 s on an idle machine, three take 8; a busy one may take several times that. */
const START_TIMEOUT_MS = 60_000;

/**
 * Starts a real Kafka (KRaft) on 127.0.0.1 from its jars; it answers when the promise resolves.
 *
 * With three brokers, topics may have three copies and lose any one broker.
 *
 * @throws Error with what the broker printed when it does not answer.
 */
export async function startKafka({
  dataDir,
  brokers: count = 1,
}: {
  dataDir: string;
  brokers?: 1 | 3;
}): Promise<RunningKafka> {
  const jars = await fetchKafkaJars();
  const places = await choosePlaces(dataDir, count);
  const clusterId = randomKafkaId();
  const controllers = places.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}:${randomKafkaId()}`);
  const quorum = count === 1 ? ['--standalone'] : ['--initial-controllers', controllers.join(',')];

  const nodes = await Promise.all(
    places.map((place) =>
      startBroker({
        jars,
        folder: folderOf(dataDir, place.id),
        address: `127.0.0.1:${place.port}`,
        properties: kafkaProperties(place, places),
        format: ['-t', clusterId, ...quorum],
      }),
    ),
  );
  const kafka: RunningKafka = {
    brokers: nodes.map(({ address }) => address),
    nodes,
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
  try {
    await untilAllAnswer(kafka);
  } catch (cause) {
    await kafka.close();
    throw new Error(`Kafka did not start in ${dataDir}:\n${lastOutput(folderOf(dataDir, 1))}`, { cause });
  }
  return kafka;
}

async function choosePlaces(dataDir: string, count: number): Promise<BrokerPlace[]> {
  const ports = await freePorts(2 * count);
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    port: ports[index] ?? 0,
    controllerPort: ports[count + index] ?? 0,
    logDir: join(folderOf(dataDir, index + 1), 'data'),
  }));
}

/** An open port is not yet a broker: all must have joined the cluster. */
async function untilAllAnswer({ brokers, nodes }: RunningKafka): Promise<void> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin();
  try {
    await waitFor(
      async () => {
        // One that has ended will never answer.
        if (nodes.some((node) => node.pid() === undefined)) return 'ended';
        await admin.connect();
        return (await admin.describeCluster()).brokers.length === brokers.length;
      },
      { what: 'all Kafka brokers to answer', timeoutMs: START_TIMEOUT_MS },
    );
  } finally {
    await admin.disconnect();
  }
  if (nodes.some((node) => node.pid() === undefined)) throw new Error('a Kafka broker ended while it started');
}

function folderOf(dataDir: string, id: number): string {
  return join(dataDir, `broker-${id}`);
}

/** Kafka's form of an id: 16 bytes in base64url. One that began with '-' would be read as an option. */
function randomKafkaId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? randomKafkaId() : id;
}
