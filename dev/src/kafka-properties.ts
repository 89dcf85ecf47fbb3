/** One broker of a cluster: its number from 1 on, its ports, and the folder of its data. */
export interface BrokerPlace {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly logDir: string;
}

/** `server.properties` of one broker that is its own controller (KRaft), quick to start and to notice a death. */
export function kafkaProperties(broker: BrokerPlace, all: readonly BrokerPlace[]): string {
  const copies = all.length;
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': broker.id,
    'controller.quorum.bootstrap.servers': all.map(({ controllerPort }) => `127.0.0.1:${controllerPort}`).join(','),
    listeners: `PLAINTEXT://127.0.0.1:${broker.port},CONTROLLER://127.0.0.1:${broker.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${broker.port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': broker.logDir,
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': Math.min(copies, 2),
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': Math.min(copies, 2),
    'min.insync.replicas': Math.min(copies, 2),
    'auto.create.topics.enable': false,
    // The default waits three seconds for more members before a group's first assignment; each of our groups has one.
    'group.initial.rebalance.delay.ms': 0,
    // After kill -9 and restart, sends go on after 5 s; with the defaults after 25 s.
    'broker.session.timeout.ms': 2000,
    'broker.heartbeat.interval.ms': 500,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
