/** SQLSTATEs of a server that is gone, going or not there yet, has no connection left, or takes longer than a statement may. */
const sqlStates = /^(08...|57P0[1-5]|57014|53300|25P0[34])$/;
/** Of Node's sockets, and Prisma's own words for the same: no server, no answer, no connection in time. */
const codes = /^(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|P1001|P1002|P1008|P1017|P2024|P2028)$/;
/** As Prisma's adapter sorts what the server, or its absence, says. */
const kinds = /^(DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections)$/;
/** pg gives some without a code. */
const messages =
  /^(Connection terminated|Client has encountered a connection error|Query read timeout|timeout exceeded)/;

/**
 * Whether an error of pg or Prisma says that Postgres cannot be reached now, so that trying again may help. Prisma wraps what
 * its adapter met: each layer is asked.
 */
export function isDatabaseAway(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 5) return false;
  const { code, originalCode, kind, message, cause, meta } = error as Record<string, unknown>;
  const says = (pattern: RegExp, text: unknown) => typeof text === 'string' && pattern.test(text);
  if ([code, originalCode].some((text) => says(sqlStates, text) || says(codes, text))) return true;
  if (says(kinds, kind) || says(messages, message)) return true;
  const adapterError = (meta as Record<string, unknown> | undefined)?.['driverAdapterError'];
  return isDatabaseAway(cause, depth + 1) || isDatabaseAway(adapterError, depth + 1);
}
