import type { FaultyHub } from './hub.ts';
import type { Part } from './product.ts';
import type { Link } from './proxy.ts';
import type { Random } from './random.ts';
import { twoListeners } from './two-listeners.ts';
import type { Watcher } from './watcher.ts';

/** Something that goes wrong for a while. */
export interface Fault {
  readonly kind: string;
  /** What it breaks: two faults at once break different things. */
  readonly target: string;
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
}

/** One of each kind that this hub can have. */
export function allFaults({
  hub,
  watchers,
  random,
}: {
  hub: FaultyHub;
  watchers: () => readonly Watcher[];
  random: Random;
}): Fault[] {
  const { postgres, kafka, links, listener, apis } = hub;
  return [
    kill(listener, 'listener'),
    freeze(listener, 'listener'),
    ...apis.flatMap((api) => [kill(api, 'api'), freeze(api, 'api')]),
    { kind: 'kill postgres', target: 'postgres', begin: postgres.kill, end: postgres.start },
    { kind: 'stop postgres', target: 'postgres', begin: postgres.pause, end: postgres.resume },
    slowStandby(hub, watchers, random),
    ...(kafka === undefined ? [] : kafkaFaults(hub, random)),
    ...[...links].flatMap(([name, proxies]) => [
      breakLink('cut', name, proxies, random),
      breakLink('black hole', name, proxies, random),
    ]),
    twoListeners(hub, random),
    {
      kind: 'drop client sockets',
      target: 'sockets',
      begin: () => {
        for (const proxy of links.get('client-api') ?? []) if (random.chance(0.7)) proxy.dropConnections();
      },
      end: () => {},
    },
    {
      kind: 'clients offline',
      target: 'clients',
      begin: () => {
        for (const watcher of watchers()) if (random.chance(0.3)) watcher.goOffline(random.between(100, 8_000));
      },
      end: () => {},
    },
    {
      kind: 'clients start anew',
      target: 'clients',
      begin: () => {
        for (const watcher of watchers()) if (random.chance(0.3)) watcher.startAnew();
      },
      end: () => {},
    },
  ];
}

function kill(part: Part, name: string): Fault {
  return { kind: `kill ${name}`, target: part.name, begin: part.kill, end: part.start };
}

function freeze(part: Part, name: string): Fault {
  return { kind: `stop ${name}`, target: part.name, begin: part.pause, end: part.resume };
}

function kafkaFaults({ kafka, topic }: FaultyHub, random: Random): Fault[] {
  if (kafka === undefined) return [];
  let hit = kafka.nodes[0];
  const choose = () => {
    hit = random.pick(kafka.nodes);
  };
  const signal = (name: NodeJS.Signals) => {
    const pid = hit?.pid();
    if (pid !== undefined) process.kill(pid, name);
  };
  const killed: Fault = {
    kind: 'kill kafka broker',
    target: 'kafka',
    async begin() {
      choose();
      await hit?.kill();
    },
    end: () => hit?.start(),
  };
  const stopped: Fault = {
    kind: 'stop kafka broker',
    target: 'kafka',
    begin() {
      choose();
      signal('SIGSTOP');
    },
    end: () => signal('SIGCONT'),
  };
  if (kafka.nodes.length === 1) return [killed, stopped];
  const leader: Fault = {
    kind: 'kill kafka leader',
    target: 'kafka',
    async begin() {
      hit = await kafka.leader(topic);
      await hit.kill();
    },
    end: () => hit?.start(),
  };
  return [killed, stopped, leader];
}

function breakLink(mode: 'cut' | 'black hole', name: string, proxies: readonly Link[], random: Random): Fault {
  let broken: readonly Link[] = [];
  return {
    kind: `${mode} ${name}`,
    target: name,
    begin() {
      broken = name === 'client-api' ? [random.pick(proxies)] : proxies;
      for (const proxy of broken) proxy.setMode(mode);
    },
    end() {
      for (const proxy of broken) proxy.setMode('pass');
    },
  };
}

/**
 * A standby answers slowly, for which the relay's commits wait: between its look at what has committed and the moment when others
 * see its batch. Other commits do not wait, and clients that begin meanwhile see what it will only tell in the batch after.
 */
function slowStandby({ postgres }: FaultyHub, watchers: () => readonly Watcher[], random: Random): Fault {
  return {
    kind: 'slow standby',
    target: 'postgres',
    async begin() {
      for (let times = 0; times < 3; times++) {
        await postgres.holdCommits();
        for (const watcher of watchers()) if (random.chance(0.2)) watcher.startAnew();
        await pause(700);
        await postgres.releaseCommits();
      }
      await postgres.holdCommits();
    },
    end: postgres.releaseCommits,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
