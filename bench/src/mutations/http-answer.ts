export interface Answer {
  readonly status: number;
  /** As it came: of a chunked one the lengths of its chunks are still between them. */
  readonly body: string;
}

const HEAD_END = '\r\n\r\n';
/** No JSON holds it: it would be escaped there. */
const LAST_CHUNK = '\r\n0\r\n\r\n';

/**
 * Walks over the answers on a connection that has one request under way at a time, and looks at status and length only.
 *
 * @param take  is given each answer when it is whole.
 * @returns takes what was read from the socket, piece by piece.
 * @throws RangeError for an answer that does not say how long it is.
 * @see RFC 9112, section 6
 */
export function createAnswerReader(take: (answer: Answer) => void): (chunk: Buffer) => void {
  let rest = '';

  return (chunk) => {
    // latin1: a character is a byte, so lengths are right; what is looked for is ASCII.
    const bytes = rest + chunk.toString('latin1');
    const answer = answerIn(bytes);
    rest = answer === null ? bytes : '';
    if (answer !== null) take(answer);
  };
}

/** Null when it has not come whole. */
function answerIn(bytes: string): Answer | null {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return null;
  const start = headEnd + HEAD_END.length;
  const length = lengthIn(bytes, headEnd);
  if (length === 'chunked' ? !bytes.endsWith(LAST_CHUNK) : bytes.length < start + length) return null;
  // "HTTP/1.1 200 OK"
  return { status: Number(bytes.slice(9, 12)), body: bytes.slice(start) };
}

function lengthIn(bytes: string, headEnd: number): number | 'chunked' {
  const head = bytes.slice(0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return Number(length);
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return 'chunked';
  throw new RangeError(`an answer without a length: ${head}`);
}
