import { pino } from 'pino';

export type Log = pino.Logger;

/** Field names whose values are secrets, wherever they stand in the first three levels of what is logged. */
const SECRET_FIELDS = [
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'authorization',
  'cookie',
  'secret',
  'databaseUrl',
];

/**
 * The lines of one process, as JSON on stdout. Secrets are redacted by field name: they must not be in the message.
 *
 * @param destination  takes the lines in place of stdout.
 */
export function createLog({ name, level }: { name: string; level: string }, destination?: pino.DestinationStream): Log {
  const options: pino.LoggerOptions = {
    name,
    level,
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: '[secret]' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
