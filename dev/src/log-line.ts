/** Fields that every line has, or that are written elsewhere in it. */
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'err']);

/**
 * A process's line of JSON as a person reads it: `api  warn: a frame was late {"ms":12}`.
 *
 * An error comes with its stack; what is only warned of, or ends the process for a stated reason, with its message. What
 * is not JSON stays as it is.
 */
export function readableLine(name: string, line: string): string {
  const entry = parse(line);
  const label = name.padEnd(8);
  if (entry === undefined) return `${label}  ${line}`;
  const level = entry['level'] === 'info' ? '' : `${entry['level']}: `;
  const fields = Object.entries(entry).filter(([field]) => !HIDDEN.has(field));
  const details = fields.length === 0 ? '' : ` ${JSON.stringify(Object.fromEntries(fields))}`;
  return `${label}  ${level}${entry['msg'] ?? ''}${details}${describeError(entry)}`;
}

function describeError({ level, err }: Record<string, unknown>): string {
  if (typeof err !== 'object' || err === null) return '';
  const { message, stack } = err as { message?: unknown; stack?: unknown };
  return level === 'error' ? `\n${stack ?? message}` : `: ${message}`;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined; // a plain message, as settings that are wrong give
  }
}
