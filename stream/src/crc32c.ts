/** The polynomial of CRC-32C (Castagnoli, RFC 3720 appendix B.4), its bits in reverse. */
const POLYNOMIAL = 0x82f63b78;
/** Bytes that are taken at a time ("slicing by 16"): kafkajs takes one, which costs three times as long. */
const SLICE = 16;

/** At `256 * k + b`: what byte `b` does to the sum when `k` more bytes follow it. */
const SUMS = sums();

function sums(): Int32Array {
  const table = new Int32Array(SLICE * 256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1;
    table[byte] = sum;
  }
  for (let at = 256; at < table.length; at++) {
    const before = of(table, at - 256);
    table[at] = (before >>> 8) ^ of(table, before & 255);
  }
  return table;
}

/** The CRC-32C of `bytes` from `start` on, as an unsigned number. */
export function crc32c(bytes: Uint8Array, start: number): number {
  const end = bytes.length;
  let sum = -1;
  let at = start;
  // Written out, and from typed arrays: a loop, or a DataView, takes twice as long.
  for (; at <= end - SLICE; at += SLICE)
    sum =
      of(SUMS, 3840 + ((sum & 255) ^ of(bytes, at))) ^
      of(SUMS, 3584 + (((sum >>> 8) & 255) ^ of(bytes, at + 1))) ^
      of(SUMS, 3328 + (((sum >>> 16) & 255) ^ of(bytes, at + 2))) ^
      of(SUMS, 3072 + ((sum >>> 24) ^ of(bytes, at + 3))) ^
      of(SUMS, 2816 + of(bytes, at + 4)) ^
      of(SUMS, 2560 + of(bytes, at + 5)) ^
      of(SUMS, 2304 + of(bytes, at + 6)) ^
      of(SUMS, 2048 + of(bytes, at + 7)) ^
      of(SUMS, 1792 + of(bytes, at + 8)) ^
      of(SUMS, 1536 + of(bytes, at + 9)) ^
      of(SUMS, 1280 + of(bytes, at + 10)) ^
      of(SUMS, 1024 + of(bytes, at + 11)) ^
      of(SUMS, 768 + of(bytes, at + 12)) ^
      of(SUMS, 512 + of(bytes, at + 13)) ^
      of(SUMS, 256 + of(bytes, at + 14)) ^
      of(SUMS, of(bytes, at + 15));
  for (; at < end; at++) sum = of(SUMS, (sum ^ of(bytes, at)) & 255) ^ (sum >>> 8);
  return (sum ^ -1) >>> 0;
}

/** Which is there. */
function of(array: Int32Array | Uint8Array, at: number): number {
  return array[at] as number;
}
