/**
 * Values as few bytes, in a row without their names: whoever reads them has to ask for the same kinds in the same order.
 *
 * Ids and hashes, which are most of what is packed, take the 16 bytes that they stand for. They are read as they were written,
 * letter by letter; what is written otherwise (in capitals, say) is a text like any other.
 */
export interface Packing {
  /** @param value  a whole number from 0 to 2^53 - 1. */
  number(value: number): Packing;
  text(value: string): Packing;
  bytes(): Buffer;
}

export interface Unpacking {
  number(): number;
  text(): string;
}

/** How 16 bytes are written as text. The number of each is in what was packed: a new one comes at the end. */
const spellings: readonly { readonly pattern: RegExp; toBytes(text: string): Buffer; toText(bytes: Buffer): string }[] =
  [
    {
      pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      toBytes: (text) => Buffer.from(text.replaceAll('-', ''), 'hex'),
      toText: (bytes) => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    },
    {
      pattern: /^[0-9a-f]{32}$/,
      toBytes: (text) => Buffer.from(text, 'hex'),
      toText: (bytes) => bytes.toString('hex'),
    },
    {
      // 22 letters of 6 bits are 132: the last four have to be none, or they would be lost.
      pattern: /^[\w-]{21}[AQgw]$/,
      toBytes: (text) => Buffer.from(text, 'base64url'),
      toText: (bytes) => bytes.toString('base64url'),
    },
  ];
const spelledBytes = 16;

export function pack(): Packing {
  const parts: Buffer[] = [];
  const packing: Packing = {
    number(value) {
      const groups: number[] = [];
      let rest = value;
      for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) groups.push((rest % 0x80) | 0x80);
      parts.push(Buffer.from([...groups, rest]));
      return packing;
    },
    text(value) {
      const spelling = spellings.findIndex(({ pattern }) => pattern.test(value));
      const bytes = spellings[spelling]?.toBytes(value) ?? Buffer.from(value);
      packing.number(spelling < 0 ? spellings.length + bytes.length : spelling);
      parts.push(bytes);
      return packing;
    },
    bytes: () => Buffer.concat(parts),
  };
  return packing;
}

/** @param bytes  by {@link pack}: nothing is checked. */
export function unpack(bytes: Buffer): Unpacking {
  let at = 0;
  const unpacking: Unpacking = {
    number() {
      let value = 0;
      for (let scale = 1; ; scale *= 0x80) {
        const group = bytes[at++] ?? 0;
        value += (group & 0x7f) * scale;
        if (group <= 0x7f) return value;
      }
    },
    text() {
      const kind = unpacking.number();
      const spelling = spellings[kind];
      const length = spelling === undefined ? kind - spellings.length : spelledBytes;
      const part = bytes.subarray(at, at + length);
      at += length;
      return spelling?.toText(part) ?? part.toString();
    },
  };
  return unpacking;
}
