/** CRC-32 of zip files (reflected 0xEDB88320), eight bytes a step. */
const TABLES = Array.from({ length: 8 }, () => new Int32Array(256));
for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  TABLES[0]![i] = crc;
}
for (let i = 0; i < 256; i++) {
  for (let t = 1; t < 8; t++) {
    const before = TABLES[t - 1]![i]!;
    TABLES[t]![i] = (before >>> 8) ^ TABLES[0]![before & 255]!;
  }
}
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];

/** The CRC of what `crc` is of, and then of the bytes. It begins with 0. */
export function crc32(crc: number, bytes: Uint8Array): number {
  let c = ~crc, at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    c ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    c =
      T7[c & 255]! ^ T6[(c >>> 8) & 255]! ^ T5[(c >>> 16) & 255]! ^ T4[c >>> 24]! ^
      T3[bytes[at + 4]!]! ^ T2[bytes[at + 5]!]! ^ T1[bytes[at + 6]!]! ^ T0[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) c = (c >>> 8) ^ T0[(c ^ bytes[at]!) & 255]!;
  return ~c >>> 0;
}
