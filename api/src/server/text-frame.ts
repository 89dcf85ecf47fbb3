/**
 * Text as its UTF-8 bytes, one character a byte: what Node writes as `latin1` without looking at it again. Texts of bytes can be
 * put together like any others.
 */
export function bytesOf(text: string): string {
  return isAscii.test(text) ? text : Buffer.from(text).toString('latin1');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII begins with them
const isAscii = /^[\x00-\x7f]*$/;

/**
 * What comes before a WebSocket message of a server: one final, unmasked frame of text.
 *
 * @param length  of the message, in bytes.
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2
 */
export function textFrameHeader(length: number): string {
  if (length < 126) return `\x81${String.fromCharCode(length)}`;
  if (length < 2 ** 16) return `\x81\x7e${String.fromCharCode(length >>> 8, length & 0xff)}`;
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(length));
  return `\x81\x7f${size.toString('latin1')}`;
}
