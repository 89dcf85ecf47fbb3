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
  profileMs: 1_500,
};
