import { expect } from '@jest/globals';
import type { Hub } from '@sync-hub/dev/hub';
import { ErrorCode } from '@sync-hub/sdk/generated/graphql';

/** What would tell of our insides: stacks, paths, SQL, the database's and Prisma's own words. */
const insides =
  /node_modules|file:\/\/|\bat \S+ \(|\.[jt]s:\d+|prisma|invocation|postgres|\brelation "|violates|constraint|unterminated|syntax error at/i;

interface CodedError {
  readonly message: string;
  readonly extensions?: { readonly code?: string };
}

/**
 * Checks what a caller may be told of an error: a message that says something and tells nothing of our insides, and a code of the
 * documented list, which is not INTERNAL: what a caller does is no fault of ours.
 *
 * @returns the codes.
 */
export function expectRefusal(errors: readonly CodedError[]): string[] {
  expect(errors.length).toBeGreaterThan(0);
  const known = Object.values<string>(ErrorCode).filter((code) => code !== ErrorCode.Internal);
  return errors.map(({ message, extensions }) => {
    const code = extensions?.code ?? 'no code';
    expect({ message, code: known.includes(code) ? 'a known code' : code }).toEqual({ message, code: 'a known code' });
    expect(message).toMatch(/\w{2}/);
    expect(JSON.stringify({ message, extensions })).not.toMatch(insides);
    return code;
  });
}

/** Checks that nobody's write was committed while something ran. */
export async function expectNothingWritten(hub: Hub, run: () => Promise<void>): Promise<void> {
  const count =
    'SELECT (SELECT count(*) FROM sync.outbox) AS changes, (SELECT count(*) FROM mutation_claims) AS claims';
  const before = await hub.database.query(count);
  await run();
  expect(await hub.database.query(count)).toEqual(before);
}

/**
 * @returns a check that the API answers still, and has taken nothing since the last check for a fault of its own: it logs those
 *          as errors.
 */
export function watchOver(hub: Hub): () => Promise<void> {
  const seen = new Set<string>();
  return async () => {
    const response = await fetch(`${hub.urls[0]}/health/ready`);
    expect(await response.json()).toMatchObject({ ready: true });
    const lines = hub.apis
      .flatMap((api) => api.log().split('\n'))
      .filter((line) => /"level":"(error|fatal)"/.test(line));
    const faults = lines.filter((line) => !seen.has(line));
    for (const line of faults) seen.add(line);
    expect(faults).toEqual([]);
  };
}
