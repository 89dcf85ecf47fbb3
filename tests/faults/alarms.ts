import type { Part } from './product.ts';

/** What the stream's reader logs when records are missing where it looked: then it reads again all that is kept. */
const JUMP = '"msg":"seq has jumped';

/**
 * What the product's self-checks have said so far. To be asked while the stream has everything yet: they repair what clients
 * would else notice, and must have had nothing to repair.
 */
export function falseAlarms(parts: readonly Part[]): string[] {
  return parts.flatMap((part) =>
    part
      .log()
      .split('\n')
      .filter((line) => line.includes(JUMP))
      .map((line) => `the ${part.name} missed records that the stream has: ${line}`),
  );
}
