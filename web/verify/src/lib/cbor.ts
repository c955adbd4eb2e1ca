import { compare, fromUtf8, Malformed, type Bytes } from "./bytes";

/** Reads CBOR in core deterministic encoding and refuses any other (docs/spec/statements.md §1, RFC 8949 §4.2.1). */
export class CborReader {
  readonly #bytes: Bytes;
  readonly #what: string;
  #at = 0;

  /** @param what Named in errors. */
  constructor(bytes: Bytes, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  fail(expected: string): never {
    throw new Malformed(`${this.#what}: expected ${expected} at byte ${this.#at}`);
  }

  /** How many bytes are read. */
  get at(): number {
    return this.#at;
  }

  /** Refuses bytes after the item. */
  end(): void {
    if (this.#at !== this.#bytes.length) this.fail("the end");
  }

  get peekMajor(): number {
    if (this.#at >= this.#bytes.length) this.fail("an item");
    return this.#bytes[this.#at]! >> 5;
  }

  #head(major: number, name: string): number | bigint {
    const at = this.#at;
    if (at >= this.#bytes.length || this.#bytes[at]! >> 5 !== major) this.fail(name);
    const info = this.#bytes[at]! & 31;
    if (info < 24) {
      this.#at = at + 1;
      return info;
    }
    const width = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : this.fail(`${name} of definite length`);
    if (at + 1 + width > this.#bytes.length) this.fail(`a whole ${name}`);
    let value = 0n;
    for (let i = 0; i < width; i++) value = (value << 8n) | BigInt(this.#bytes[at + 1 + i]!);
    const least = width === 1 ? 24n : 1n << BigInt(4 * width);
    if (value < least) this.fail("the shortest head");
    if (value >= 1n << 63n) this.fail("an integer of at most 63 bits");
    this.#at = at + 1 + width;
    return value <= 0xffffffffn ? Number(value) : value;
  }

  #length(major: number, name: string): number {
    const length = this.#head(major, name);
    if (typeof length === "bigint" || this.#at + length > this.#bytes.length) this.fail(`a whole ${name}`);
    return length;
  }

  uint(): bigint {
    return BigInt(this.#head(0, "an unsigned integer"));
  }

  /** An integer, negative or not. */
  int(): bigint {
    return this.peekMajor === 1 ? -1n - BigInt(this.#head(1, "a negative integer")) : this.uint();
  }

  bytes(size?: number): Bytes {
    const length = this.#length(2, "a byte string");
    if (size !== undefined && length !== size) this.fail(`a byte string of ${size} bytes`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    const length = this.#length(3, "a text string");
    const text = fromUtf8(this.#bytes.subarray(this.#at, this.#at + length));
    if (text === undefined) this.fail("UTF-8");
    this.#at += length;
    return text;
  }

  array(): number {
    return this.#length(4, "an array");
  }

  tag(number: number): void {
    if (this.#head(6, "a tag") !== number) this.fail(`tag ${number}`);
  }

  /** Takes a null if one is next. */
  tryNull(): boolean {
    if (this.#bytes[this.#at] !== 0xf6) return false;
    this.#at++;
    return true;
  }

  /** As {@link CborReader.map}, but keys stand in any order, each once (receipts.md §4.2). */
  unordered(item: (key: bigint) => void): number {
    const pairs = this.#length(5, "a map"), seen = new Set<bigint>();
    for (let i = 0; i < pairs; i++) {
      const key = this.int();
      if (seen.has(key)) this.fail("map keys each once");
      seen.add(key);
      item(key);
    }
    return pairs;
  }

  /** Reads a map's pairs: `item` is called with each integer key and reads its value. Keys stand in bytewise order. */
  map(item: (key: bigint) => void): number {
    const pairs = this.#length(5, "a map");
    let last: Bytes | undefined;
    for (let i = 0; i < pairs; i++) {
      const start = this.#at;
      const key = this.int();
      const encoded = this.#bytes.subarray(start, this.#at);
      if (last && compare(last, encoded) >= 0) this.fail("map keys in bytewise order, each once");
      last = encoded;
      item(key);
    }
    return pairs;
  }
}

/** Writes CBOR heads in their shortest form, for the Sig_structure of statements.md §5. */
export function cborBytesHead(length: number): Bytes {
  if (length < 24) return Uint8Array.of(0x40 | length);
  if (length < 256) return Uint8Array.of(0x58, length);
  if (length < 65536) return Uint8Array.of(0x59, length >> 8, length & 255);
  return Uint8Array.of(0x5a, (length >>> 24) & 255, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
}
