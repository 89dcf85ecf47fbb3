import { codedError } from '../errors.ts';

/** A Relay id: standard base64 with padding of `<Type>:<uuid>`, so that a client can make one from a UUID of its own. */
export function writeGlobalId(typeName: string, id: string): string {
  return Buffer.from(`${typeName}:${id}`).toString('base64');
}

/**
 * Reads any Relay id of this schema.
 *
 * @throws BAD_USER_INPUT with what is wrong.
 */
export function readGlobalId(globalId: string): { typeName: string; id: string } {
  const match = globalIdText.exec(Buffer.from(globalId, 'base64').toString());
  if (match === null || writeGlobalId(match[1] ?? '', match[2] ?? '') !== globalId)
    throw codedError('BAD_USER_INPUT', `${quote(globalId)} is no id. Ids are base64 of "<Type>:<uuid>".`);
  return { typeName: match[1] ?? '', id: match[2] ?? '' };
}

/**
 * The uuid of an id that has to name a row of `typeName`.
 *
 * @throws BAD_USER_INPUT with what is wrong.
 */
export function readIdOf(typeName: string, globalId: string): string {
  const read = readGlobalId(globalId);
  if (read.typeName !== typeName)
    throw codedError(
      'BAD_USER_INPUT',
      `${quote(globalId)} is the id of a ${read.typeName}; a ${typeName} is needed here.`,
    );
  return read.id;
}

const uuidPattern = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const globalIdText = new RegExp(`^([A-Z][A-Za-z]*):(${uuidPattern})$`);
const uuidText = new RegExp(`^${uuidPattern}$`, 'i');

/** Whether the text is a UUID, in either case. */
export function isUuid(text: string): boolean {
  return uuidText.test(text);
}

/** What a caller sent, short enough to say back. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
