import { join } from 'node:path';
import { freePorts } from '@sync-hub/dev/free-ports';
import { testJwtSecret } from '@sync-hub/dev/hub';
import { waitFor } from '@sync-hub/dev/wait-for';
import { type KafkaServer, startKafkaServer } from './kafka-server.ts';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';
import { type Part, startPart } from './product.ts';
import { type Link, startProxy } from './proxy.ts';

export type StreamKind = 'postgres' | 'kafka';

/** The whole product with a proxy between any two parts. */
export interface FaultyHub {
  readonly postgres: PostgresServer;
  readonly kafka: KafkaServer | undefined;
  readonly topic: string;
  readonly listener: Part;
  /** A second listener, which is not started until a fault does so. */
  startSecondListener(): Part;
  readonly apis: readonly Part[];
  /** Where clients reach the APIs: each through its link. */
  readonly urls: readonly string[];
  /** Links by name: `client-api`, `api-postgres`, `api-kafka`, `listener-postgres`, `listener-kafka`. */
  readonly links: ReadonlyMap<string, readonly Link[]>;
  close(): Promise<void>;
}

/** @param root  of the compiled product. @param folder  takes the servers' data. */
export async function startFaultyHub({
  root,
  folder,
  stream,
  brokers,
}: {
  root: string;
  folder: string;
  stream: StreamKind;
  brokers: 1 | 3;
}): Promise<FaultyHub> {
  const closings: (() => Promise<unknown>)[] = [];
  const opened = <T extends { close(): Promise<unknown> }>(one: T): T => {
    closings.push(() => one.close());
    return one;
  };
  const close = async () => {
    for (const closeOne of closings.splice(0).reverse()) await closeOne();
  };
  try {
    const postgres = opened(await startPostgresServer(join(folder, 'postgres')));
    const kafka = stream === 'kafka' ? opened(await startKafkaServer(join(folder, 'kafka'), brokers)) : undefined;
    const toPostgres = {
      api: opened(await startProxy(postgres.port)),
      listener: opened(await startProxy(postgres.port)),
    };
    const topic = 'faults';
    const envOf = (user: 'api' | 'listener') => ({
      PATH: process.env['PATH'] ?? '',
      NODE_ENV: 'test',
      LOG_LEVEL: 'warn',
      DATABASE_URL: throughProxy(postgres.url, toPostgres[user]),
      KAFKA_BROKERS: kafka?.bootstrap[user].join() ?? '',
      KAFKA_TOPIC: topic,
      KAFKA_REPLICATION_FACTOR: String(brokers),
      KAFKA_MIN_INSYNC_REPLICAS: String(Math.min(brokers, 2)),
      JWT_SECRET: testJwtSecret,
      ACCESS_TOKEN_TTL_SECONDS: '900',
    });
    const [listenerPort = 0, secondPort = 0, ...apiPorts] = await freePorts(4);
    const startListener = (name: string, port: number) =>
      startPart({
        name,
        workspace: 'listener',
        root,
        port,
        env: { ...envOf('listener'), LISTENER_PORT: String(port) },
      });
    const listener = opened(startListener('listener', listenerPort));
    const apis = apiPorts.map((port, index) =>
      opened(
        startPart({
          name: `api ${index + 1}`,
          workspace: 'api',
          root,
          port,
          env: { ...envOf('api'), PORT: String(port) },
        }),
      ),
    );
    const toApis: Link[] = [];
    for (const { port } of apis) toApis.push(opened(await startProxy(port)));
    await untilReady([listener, ...apis]);
    return {
      postgres,
      kafka,
      topic,
      listener,
      startSecondListener: () => opened(startListener('second listener', secondPort)),
      apis,
      urls: toApis.map(({ port }) => `http://127.0.0.1:${port}`),
      links: new Map<string, readonly Link[]>([
        ['client-api', toApis],
        ['api-postgres', [toPostgres.api]],
        ['listener-postgres', [toPostgres.listener]],
        ...(kafka === undefined
          ? []
          : ([
              ['api-kafka', kafka.links.api],
              ['listener-kafka', kafka.links.listener],
            ] as const)),
      ]),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export async function untilReady(parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    try {
      await waitFor(() => part.isReady(), { what: `the ${part.name} to be ready`, timeoutMs: 60_000 });
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}\n${part.log().slice(-4_000)}`, {
        cause: error,
      });
    }
  }
}

function throughProxy(url: string, { port }: Link): string {
  const through = new URL(url);
  through.port = String(port);
  return through.href;
}
