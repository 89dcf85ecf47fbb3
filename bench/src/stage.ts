import { type Hub, startHub } from '@sync-hub/dev/hub';
import { type Author, signUpAuthor } from './author.ts';
import type { Bench } from './bench.ts';
import { closedOnce } from './closed-once.ts';
import { inspectableEnv } from './inspector.ts';

/** A hub of one section's own, and a user of it. */
export interface Stage {
  readonly hub: Hub;
  readonly author: Author;
  /** Of `connection_init`, with a token that is good now. */
  connectionParams(): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

interface Options {
  readonly apis?: number;
  /** Of the author. */
  readonly tasks?: number;
  readonly kafkaBrokers?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts listener and API as in production. The API has its half of the cores for itself: see `besideServer`. */
export async function startStage(
  { layout, closing, profiler }: Bench,
  { apis = 1, tasks = 0, kafkaBrokers = [], env = {} }: Options = {},
): Promise<Stage> {
  const hub = await startHub({
    apis,
    kafkaBrokers,
    // A socket closes when its token expires: no section may take that long.
    env: {
      NODE_ENV: 'production',
      ACCESS_TOKEN_TTL_SECONDS: '900',
      ...(profiler === null ? {} : inspectableEnv),
      ...env,
    },
  });
  const close = closedOnce(closing, 'hub', hub.close);
  layout.move(hub.listener.pid, 'writing');
  for (const { pid } of hub.apis) layout.move(pid, 'reading');
  const author = await signUpAuthor({ hubUrl: hub.urls[0] ?? '', taskCount: tasks });
  return {
    hub,
    author,
    connectionParams: async () => ({ authorization: `Bearer ${await author.getToken()}` }),
    close,
  };
}

/** Runs a section from the other half of the cores, so that the serving process has one half for itself. */
export async function besideServer<Result>({ layout }: Bench, run: () => Promise<Result>): Promise<Result> {
  layout.move(process.pid, 'writing');
  try {
    return await run();
  } finally {
    layout.move(process.pid, 'reading');
  }
}

export const serverCores =
  'the serving process (API or peer) has the second half of the cores; clients, PostgreSQL and listener share the first';
