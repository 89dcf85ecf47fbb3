/** How much is measured. */
export interface Plan {
  /** Quiet between a start and the first look at what rests. */
  readonly settleMs: number;
  /** How long a process is watched at rest. */
  readonly restMs: number;
  /** How often the two sides of a comparison take turns. */
  readonly rounds: number;
  readonly latency: {
    /** In a row. */
    readonly warmUpSamples: number;
    /** Of each side, a round. */
    readonly samples: number;
    /** Between two samples, on average. */
    readonly pauseMs: number;
  };
  readonly throughput: {
    /** Requests under way at any time. No more than the API has connections to Postgres. */
    readonly clients: number;
    readonly warmUpMs: number;
    /** Of each side, a round. */
    readonly roundMs: number;
  };
  readonly fanOut: {
    /** Each with one subscription. */
    readonly sockets: number;
    /** Of each side, a round. */
    readonly roundMs: number;
    /** One of them has to be installed: see `install-postgraphile.ts`. */
    readonly areOtherPeersMeasured: boolean;
  };
  readonly filters: {
    /** Each of which follows a row of its own. */
    readonly sockets: number;
    /** Rows that one transaction changes. */
    readonly rowsInTransaction: number;
    /** Different filters, on a socket each. */
    readonly few: number;
    /** Different filters, spread over `manySockets`. */
    readonly many: number;
    readonly manySockets: number;
    /** As many as these besides, where `few` is compared. */
    readonly between: readonly number[];
    readonly roundMs: number;
    /** Of a side that has a handful of events a second. */
    readonly slowRoundMs: number;
  };
  /** What is made larger and larger. */
  readonly growth: {
    readonly subscribers: readonly number[];
    readonly workspaces: readonly number[];
    /** Rows in a transaction. */
    readonly transactions: readonly number[];
    /** Rows in one that nobody may hold in memory. */
    readonly largestTransaction: number;
    readonly roundMs: number;
    /** In a round that counts events. */
    readonly events: number;
  };
  readonly writes: {
    readonly writers: readonly number[];
    /** Of which each write changes one. */
    readonly rows: number;
    readonly warmUpMs: number;
    readonly roundMs: number;
  };
  readonly memory: {
    readonly sockets: number;
    /** Opened and closed before. */
    readonly warmUpSockets: number;
    /** Before each look. */
    readonly settleMs: number;
  };
  readonly storm: {
    readonly sockets: number;
    /** On the board that is watched. */
    readonly tasks: number;
    /** Events that those who come back have missed. */
    readonly missed: number;
    /** How long the connected client is watched without a storm, a round. */
    readonly idleMs: number;
    /** No more than these: each takes long. */
    readonly rounds: number;
    /** Until PostgreSQL has counted what its backends have read. */
    readonly countedMs: number;
  };
  readonly drain: {
    /** That wait in the outbox. */
    readonly records: number;
    readonly rowsInTransaction: number;
    /** No more than these: a backlog takes longer to write than to drain. */
    readonly rounds: number;
    /** Until the listener rests again. */
    readonly settleMs: number;
  };
  /** How long a process is profiled, when that is asked for. */
  readonly profileMs: number;
}

/**
 * For figures that are claimed. Rounds are short and many, so that both sides of one see the same machine, and a disturbance
 * spoils one or two of them: all of it takes a quarter of an hour.
 */
export const fullPlan: Plan = {
  settleMs: 3_000,
  restMs: 10_000,
  rounds: 7,
  latency: { warmUpSamples: 2_000, samples: 50, pauseMs: 40 },
  throughput: { clients: 8, warmUpMs: 3_000, roundMs: 2_000 },
  fanOut: { sockets: 1_000, roundMs: 1_200, areOtherPeersMeasured: true },
  filters: {
    sockets: 1_000,
    rowsInTransaction: 100,
    few: 10,
    many: 10_000,
    manySockets: 100,
    between: [1, 100, 1_000],
    roundMs: 1_200,
    slowRoundMs: 4_000,
  },
  growth: {
    subscribers: [100, 1_000, 10_000],
    workspaces: [1, 100, 10_000],
    transactions: [1, 100, 10_000, 100_000],
    largestTransaction: 1_000_000,
    roundMs: 1_000,
    events: 1_000,
  },
  writes: { writers: [8, 32], rows: 10_000, warmUpMs: 2_000, roundMs: 4_000 },
  memory: { sockets: 10_000, warmUpSockets: 1_000, settleMs: 2_000 },
  storm: { sockets: 1_000, tasks: 100, missed: 10, idleMs: 2_000, rounds: 5, countedMs: 11_000 },
  drain: { records: 50_000, rowsInTransaction: 100, rounds: 5, settleMs: 1_000 },
  profileMs: 5_000,
};

/** Shows that everything still runs. Its figures mean nothing. */
export const smokePlan: Plan = {
  settleMs: 0,
  restMs: 500,
  rounds: 1,
  latency: { warmUpSamples: 1, samples: 3, pauseMs: 10 },
  throughput: { clients: 2, warmUpMs: 50, roundMs: 100 },
  fanOut: { sockets: 20, roundMs: 50, areOtherPeersMeasured: false },
  filters: {
    sockets: 10,
    rowsInTransaction: 5,
    few: 2,
    many: 20,
    manySockets: 4,
    between: [1],
    roundMs: 50,
    slowRoundMs: 50,
  },
  growth: {
    subscribers: [5, 10],
    workspaces: [1, 5],
    transactions: [1, 20],
    largestTransaction: 200,
    roundMs: 50,
    events: 5,
  },
  writes: { writers: [2], rows: 20, warmUpMs: 50, roundMs: 50 },
  memory: { sockets: 50, warmUpSockets: 5, settleMs: 100 },
  storm: { sockets: 20, tasks: 5, missed: 2, idleMs: 100, rounds: 1, countedMs: 0 },
  drain: { records: 200, rowsInTransaction: 20, rounds: 2, settleMs: 0 },
  profileMs: 300,
};
