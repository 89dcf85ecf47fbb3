import { connect } from '../connect.ts';

/** The advisory lock whose holder relays: see `listener/src/election.ts`. */
const LOCK = [0x73796e63, 0x72656c] as const;

/**
 * Takes the leadership away from the listener, which goes on running and asks for it again and again: a backlog gathers,
 * and a process that is warm drains it. (A new process would be measured at compiling its JavaScript.)
 *
 * @returns gives it back.
 */
export async function takeLeadership(databaseUrl: string): Promise<() => Promise<void>> {
  const [client, other] = await Promise.all([connect(databaseUrl), connect(databaseUrl)]);
  let isOurs = false;
  const taken = client.query('SELECT pg_advisory_lock($1, $2)', [...LOCK]).then(() => {
    isOurs = true;
  });
  do await other.query(endLeaderSql, [...LOCK]);
  while (!isOurs);
  await Promise.all([taken, other.end()]);
  return () => client.end();
}

const endLeaderSql = `
  SELECT pg_terminate_backend(pid, 1000) FROM pg_locks
  WHERE locktype = 'advisory' AND (classid, objid, objsubid) = ($1, $2, 2) AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND NOT pg_backend_pid() = pid
    AND EXISTS (SELECT FROM pg_locks AS waiting WHERE NOT waiting.granted AND (waiting.classid, waiting.objid) = ($1, $2))`;
