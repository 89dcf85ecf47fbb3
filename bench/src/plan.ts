/** How much is measured. */
export interface Plan {
  /** Quiet between a start and the first look at what rests. */
  readonly settleMs: number;
  /** How long a process is watched at rest. */
  readonly restMs: number;
  /** How often the two sides of a comparison take turns. */
  readonly rounds: number;
  readonly latency: {
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
    readonly roundMs: number;
  };
  /** What is made larger and larger. */
  readonly growth: {
    readonly subscribers: readonly number[];
    readonly workspaces: readonly number[];
    /** Rows in a transaction. */
    readonly transactions: readonly number[];
    readonly roundMs: number;
    /** In a round that counts events. */
    readonly events: number;
  };
  /** How long each process is profiled at rest, when that is asked for. */
  readonly profileMs: number;
}

/** Some six minutes with Kafka. */
export const fullPlan: Plan = {
  settleMs: 10_000,
  restMs: 30_000,
  rounds: 5,
  latency: { warmUpSamples: 100, samples: 100, pauseMs: 50 },
  throughput: { clients: 8, warmUpMs: 3_000, roundMs: 3_000 },
  fanOut: { sockets: 1_000, roundMs: 3_000 },
  filters: { sockets: 1_000, rowsInTransaction: 100, few: 10, many: 10_000, manySockets: 100, roundMs: 3_000 },
  growth: {
    subscribers: [100, 1_000, 10_000],
    workspaces: [1, 100, 10_000],
    transactions: [1, 100, 10_000, 1_000_000],
    roundMs: 3_000,
    events: 2_000,
  },
  profileMs: 30_000,
};

/** Shows that everything still runs. Its figures mean nothing. */
export const smokePlan: Plan = {
  settleMs: 200,
  restMs: 1_500,
  rounds: 2,
  latency: { warmUpSamples: 3, samples: 5, pauseMs: 20 },
  throughput: { clients: 2, warmUpMs: 100, roundMs: 300 },
  fanOut: { sockets: 20, roundMs: 100 },
  filters: { sockets: 10, rowsInTransaction: 5, few: 2, many: 20, manySockets: 4, roundMs: 100 },
  growth: { subscribers: [5, 10], workspaces: [1, 5], transactions: [1, 20], roundMs: 100, events: 5 },
  profileMs: 1_500,
};
