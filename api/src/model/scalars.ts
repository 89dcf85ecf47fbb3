import { GraphQLError, Kind, type ValueNode } from 'graphql';
import { builder } from './builder.ts';
import { isUuid } from './global-id.ts';

const dateTimeText = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

/** RFC 3339 with a zone, as Postgres's timestamptz(3) keeps it: years 1 to 9999, milliseconds. */
function parseDateTime(value: unknown): Date {
  const date = typeof value === 'string' && dateTimeText.test(value) ? new Date(value) : null;
  const year = date?.getUTCFullYear() ?? Number.NaN;
  // Date accepts 30 February and makes it 1 March.
  if (date === null || !(year >= 1 && year <= 9999) || !hasItsDay(String(value)))
    throw badInput('a DateTime is an RFC 3339 text with a time zone, such as "2026-11-23T09:30:00.000Z"');
  return date;
}

function hasItsDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number);
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function parseUuid(value: unknown): string {
  if (typeof value !== 'string' || !isUuid(value))
    throw badInput('a UUID is a text such as "6b2a7c1e-2b0f-4d5a-9a57-0f4a8f1a2c3d"');
  return value.toLowerCase();
}

function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

const textOfLiteral = (node: ValueNode) => (node.kind === Kind.STRING ? node.value : undefined);

builder.scalarType('DateTime', {
  description: 'RFC 3339, UTC, milliseconds.',
  serialize: (date) => date.toISOString(),
  parseValue: parseDateTime,
  parseLiteral: (node) => parseDateTime(textOfLiteral(node)),
});
builder.scalarType('UUID', {
  description: 'RFC 9562, lower case.',
  serialize: (value) => value,
  parseValue: parseUuid,
  parseLiteral: (node) => parseUuid(textOfLiteral(node)),
});
builder.scalarType('SyncCursor', {
  description:
    'Opaque, URL-safe, authenticated position in the change log, bound to the viewer and to what was asked. Compare for equality only.',
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value !== 'string') throw badInput('a SyncCursor is the text that a frame carried');
    return value;
  },
});
