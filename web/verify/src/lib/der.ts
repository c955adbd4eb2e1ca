import { Malformed, type Bytes } from "./bytes";

/** One element of DER (X.690): its tag's first byte, its content, and the whole of it. */
export interface Der {
  readonly tag: number;
  readonly content: Bytes;
  readonly whole: Bytes;
}

/** Reads the elements that fill the bytes. Definite shortest lengths alone; tags below 31 alone. Throws {@link Malformed}. */
export function derAll(bytes: Bytes): Der[] {
  const found: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at]!;
    if ((tag & 0x1f) === 0x1f) throw new Malformed("DER: a tag of several bytes");
    let length = bytes[at + 1] ?? 0xff, start = at + 2;
    if (length >= 0x80) {
      const width = length & 0x7f;
      if (width === 0 || width > 4 || start + width > bytes.length) throw new Malformed("DER: length");
      length = 0;
      for (let i = 0; i < width; i++) length = length * 256 + bytes[start + i]!;
      if (length < (width === 1 ? 0x80 : 256 ** (width - 1))) throw new Malformed("DER: a length that is not the shortest");
      start += width;
    }
    if (start + length > bytes.length) throw new Malformed("DER: cut off");
    found.push({ tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) });
    at = start + length;
  }
  return found;
}

/** The one element that fills the bytes, with that tag. */
export function derOne(bytes: Bytes, tag: number): Der {
  const all = derAll(bytes);
  if (all.length !== 1 || all[0]!.tag !== tag) throw new Malformed(`DER: expected one element with tag ${tag}`);
  return all[0]!;
}

/** An object identifier in dotted form. */
export function derOid(element: Der | undefined): string {
  if (!element || element.tag !== 6 || element.content.length === 0 || element.content.at(-1)! >= 0x80) throw new Malformed("DER: object identifier");
  const arcs: bigint[] = [];
  let arc = 0n, fresh = true;
  for (const byte of element.content) {
    if (fresh && byte === 0x80) throw new Malformed("DER: object identifier");
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    fresh = byte < 0x80;
    if (fresh) {
      if (arcs.length === 0) {
        const first = arc < 40n ? 0n : arc < 80n ? 1n : 2n;
        arcs.push(first, arc - first * 40n);
      } else {
        arcs.push(arc);
      }
      arc = 0n;
    }
  }
  return arcs.join(".");
}

/** A non-negative integer. */
export function derUint(element: Der | undefined): bigint {
  if (!element || element.tag !== 2 || element.content.length === 0) throw new Malformed("DER: integer");
  const [first, second] = element.content;
  if (first! >= 0x80 || (element.content.length > 1 && first === 0 && second! < 0x80)) throw new Malformed("DER: integer");
  let value = 0n;
  for (const byte of element.content) value = (value << 8n) | BigInt(byte);
  return value;
}

/** The bytes of a bit string without unused bits. */
export function derBits(element: Der | undefined): Bytes {
  if (!element || element.tag !== 3 || element.content[0] !== 0) throw new Malformed("DER: bit string");
  return element.content.subarray(1);
}
