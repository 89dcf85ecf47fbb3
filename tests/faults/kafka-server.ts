import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '@sync-hub/dev/free-ports';
import { type KafkaBroker, startBroker } from '@sync-hub/dev/kafka-broker';
import { fetchKafkaJars } from '@sync-hub/dev/kafka-jars';
import { type BrokerPlace, kafkaProperties } from '@sync-hub/dev/kafka-properties';
import { waitFor } from '@sync-hub/dev/wait-for';
import { Kafka, logLevel } from 'kafkajs';
import { type Link, startProxy } from './proxy.ts';

/** Who reaches the brokers by a link of its own. */
export type KafkaUser = 'api' | 'listener';

/** A Kafka whose API and listener each reach it through proxies: the brokers advertise those. */
export interface KafkaServer {
  /** Straight to it, past every proxy. */
  readonly direct: readonly string[];
  readonly bootstrap: Readonly<Record<KafkaUser, readonly string[]>>;
  readonly links: Readonly<Record<KafkaUser, readonly Link[]>>;
  readonly nodes: readonly KafkaBroker[];
  /** The broker that leads the topic's partition. */
  leader(topic: string): Promise<KafkaBroker>;
  close(): Promise<void>;
}

interface Seat {
  readonly place: BrokerPlace;
  readonly proxies: Readonly<Record<KafkaUser, Link>>;
  readonly listenerPorts: Readonly<Record<KafkaUser, number>>;
}

export async function startKafkaServer(folder: string, count: 1 | 3): Promise<KafkaServer> {
  mkdirSync(folder, { recursive: true });
  const jars = await fetchKafkaJars();
  const seats = await Promise.all(Array.from({ length: count }, (_, index) => takeSeat(folder, index + 1)));
  const places = seats.map(({ place }) => place);
  const controllers = places.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}:${randomKafkaId()}`);
  const clusterId = randomKafkaId();
  const quorum = count === 1 ? ['--standalone'] : ['--initial-controllers', controllers.join(',')];
  const nodes = await Promise.all(
    seats.map((seat) =>
      startBroker({
        jars,
        folder: join(folder, `broker-${seat.place.id}`),
        address: `127.0.0.1:${seat.place.port}`,
        properties: kafkaProperties(seat.place, places) + listenersOf(seat),
        format: ['-t', clusterId, ...quorum],
      }),
    ),
  );
  const direct = nodes.map(({ address }) => address);
  const admin = new Kafka({ brokers: direct, logLevel: logLevel.NOTHING, retry: { retries: 1 } }).admin();
  const linksOf = (user: KafkaUser) => seats.map(({ proxies }) => proxies[user]);
  const kafka: KafkaServer = {
    direct,
    nodes,
    bootstrap: { api: addressesOf(linksOf('api')), listener: addressesOf(linksOf('listener')) },
    links: { api: linksOf('api'), listener: linksOf('listener') },
    // The broker that is asked may be the one that was killed before, and not be back yet.
    leader: (topic) =>
      waitFor(
        async () => {
          const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
          return nodes[(topics[0]?.partitions[0]?.leader ?? 0) - 1];
        },
        { what: `the leader of ${topic}`, timeoutMs: 60_000 },
      ),
    async close() {
      await admin.disconnect();
      await Promise.all(nodes.map((node) => node.kill()));
      await Promise.all(seats.flatMap(({ proxies }) => [proxies.api.close(), proxies.listener.close()]));
    },
  };
  await waitFor(
    async () => {
      await admin.connect();
      return (await admin.describeCluster()).brokers.length === count;
    },
    { what: 'all Kafka brokers to answer', timeoutMs: 90_000 },
  );
  return kafka;
}

async function takeSeat(folder: string, id: number): Promise<Seat> {
  const [port = 0, controllerPort = 0, api = 0, listener = 0] = await freePorts(4);
  return {
    place: { id, port, controllerPort, logDir: join(folder, `broker-${id}`, 'data') },
    listenerPorts: { api, listener },
    proxies: { api: await startProxy(api), listener: await startProxy(listener) },
  };
}

/** One listener for each user, which advertises that user's proxy. Of a property named twice the last counts. */
function listenersOf({ place, listenerPorts, proxies }: Seat): string {
  const open = (name: string, port: number) => `${name}://127.0.0.1:${port}`;
  const inside = open('PLAINTEXT', place.port);
  const names = ['PLAINTEXT', 'CONTROLLER', 'API', 'LISTENER'];
  return [
    `listeners=${[inside, open('CONTROLLER', place.controllerPort), open('API', listenerPorts.api), open('LISTENER', listenerPorts.listener)]}`,
    `advertised.listeners=${[inside, open('API', proxies.api.port), open('LISTENER', proxies.listener.port)]}`,
    `listener.security.protocol.map=${names.map((name) => `${name}:PLAINTEXT`)}`,
    // Five minutes by default: what is past its retention goes at once.
    'log.retention.check.interval.ms=500',
    '',
  ].join('\n');
}

function addressesOf(proxies: readonly Link[]): string[] {
  return proxies.map(({ port }) => `127.0.0.1:${port}`);
}

/** Kafka's form of an id. One that began with '-' would be read as an option. */
function randomKafkaId(): string {
  return `A${randomBytes(16).toString('base64url').slice(1)}`;
}
