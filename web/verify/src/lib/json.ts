import { Malformed, type Bytes } from "./bytes";

/**
 * I-JSON as records have it (docs/spec/records.md §2), checked byte by byte without building values. What passes has one
 * meaning, so that `JSON.parse` of a checked value cannot take it differently.
 */

export const MAX_DEPTH = 64;
/** Bytes of the longest record. */
export const MAX_RECORD = 65536;
const SAFE = "9007199254740991";

/** Where the members of an object stand in the bytes: names without quotes, values with theirs. */
export interface Members {
  count: number;
  readonly nameStart: number[];
  readonly nameEnd: number[];
  readonly escaped: boolean[];
  readonly start: number[];
  readonly end: number[];
}

const newMembers = (): Members => ({ count: 0, nameStart: [], nameEnd: [], escaped: [], start: [], end: [] });

/** Checks values; one scanner serves many records, since it keeps its tables. */
export class JsonScanner {
  #bytes: Bytes = new Uint8Array(0);
  #at = 0;
  #escaped = false;
  #hash = 0;
  // Names of the objects that are open, by depth: their hash and place. Every object adds its own above its parent's.
  readonly #hashes: number[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly members = newMembers();

  /** Checks that the bytes are one object and finds its members, in {@link members}. Throws {@link Malformed}. */
  object(bytes: Bytes): Members {
    if (bytes.length > MAX_RECORD) throw new Malformed(`not I-JSON: expected at most ${MAX_RECORD} bytes, found ${bytes.length}`);
    this.#bytes = bytes;
    this.#at = 0;
    this.#hashes.length = 0;
    this.members.count = 0;
    this.#spaces();
    if (bytes[this.#at] !== 0x7b) this.#fail("an object");
    this.#object(1, this.members);
    this.#spaces();
    if (this.#at !== bytes.length) this.#fail("nothing after the object");
    return this.members;
  }

  #fail(expected: string): never {
    throw new Malformed(`not I-JSON: expected ${expected} at byte ${this.#at}`);
  }

  #spaces(): void {
    while (this.#bytes[this.#at] === 0x20) this.#at++;
  }

  #value(depth: number): void {
    const byte = this.#bytes[this.#at];
    if (byte === 0x22) this.#string();
    else if (byte === 0x7b) this.#object(depth + 1);
    else if (byte === 0x5b) this.#array(depth + 1);
    else if (byte === 0x74) this.#word("true");
    else if (byte === 0x66) this.#word("false");
    else if (byte === 0x6e) this.#word("null");
    else this.#number();
  }

  #word(word: string): void {
    for (let i = 0; i < word.length; i++) if (this.#bytes[this.#at + i] !== word.charCodeAt(i)) this.#fail("a value");
    this.#at += word.length;
  }

  #object(depth: number, found?: Members): void {
    if (depth > MAX_DEPTH) this.#fail(`at most ${MAX_DEPTH} levels`);
    const base = this.#hashes.length;
    let names: Set<string> | undefined;
    this.#at++;
    this.#spaces();
    if (this.#bytes[this.#at] === 0x7d) {
      this.#at++;
      return;
    }
    for (;;) {
      if (this.#bytes[this.#at] !== 0x22) this.#fail("a name");
      const nameStart = this.#at + 1;
      this.#string();
      const nameEnd = this.#at - 1, hash = this.#hash, escaped = this.#escaped;
      // Few plain names are compared among themselves; many or escaped ones go into a set, so that time stays linear.
      if (!names && (escaped || this.#hashes.length - base >= 24)) {
        names = new Set();
        for (let i = base; i < this.#hashes.length; i++) names.add(this.#text(this.#starts[i]!, this.#ends[i]!));
      }
      if (names) {
        const name = this.#text(nameStart, nameEnd);
        if (names.has(name)) this.#twice(nameStart);
        names.add(name);
      } else {
        for (let i = base; i < this.#hashes.length; i++) {
          if (this.#hashes[i] === hash && this.#same(this.#starts[i]!, this.#ends[i]!, nameStart, nameEnd)) this.#twice(nameStart);
        }
        this.#starts[this.#hashes.length] = nameStart;
        this.#ends[this.#hashes.length] = nameEnd;
        this.#hashes.push(hash);
      }
      this.#spaces();
      if (this.#bytes[this.#at] !== 0x3a) this.#fail("a colon");
      this.#at++;
      this.#spaces();
      const start = this.#at;
      this.#value(depth);
      if (found) {
        const i = found.count++;
        found.nameStart[i] = nameStart;
        found.nameEnd[i] = nameEnd;
        found.escaped[i] = escaped;
        found.start[i] = start;
        found.end[i] = this.#at;
      }
      this.#spaces();
      const byte = this.#bytes[this.#at++];
      if (byte === 0x7d) break;
      if (byte !== 0x2c) {
        this.#at--;
        this.#fail("a comma or the object's end");
      }
      this.#spaces();
    }
    this.#hashes.length = base;
  }

  #twice(at: number): never {
    this.#at = at;
    return this.#fail("each name once");
  }

  #array(depth: number): void {
    if (depth > MAX_DEPTH) this.#fail(`at most ${MAX_DEPTH} levels`);
    this.#at++;
    this.#spaces();
    if (this.#bytes[this.#at] === 0x5d) {
      this.#at++;
      return;
    }
    for (;;) {
      this.#value(depth);
      this.#spaces();
      const byte = this.#bytes[this.#at++];
      if (byte === 0x5d) return;
      if (byte !== 0x2c) {
        this.#at--;
        this.#fail("a comma or the array's end");
      }
      this.#spaces();
    }
  }

  #text(start: number, end: number): string {
    return JSON.parse(new TextDecoder().decode(this.#bytes.subarray(start - 1, end + 1))) as string;
  }

  #same(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    if (end - start !== otherEnd - otherStart) return false;
    for (let i = 0; i < end - start; i++) if (this.#bytes[start + i] !== this.#bytes[otherStart + i]) return false;
    return true;
  }

  #string(): void {
    const bytes = this.#bytes;
    let at = this.#at + 1, hash = 0;
    this.#escaped = false;
    for (;;) {
      const byte = bytes[at];
      if (byte === undefined) {
        this.#at = at;
        this.#fail("the text's end");
      }
      if (byte === 0x22) break;
      hash = (Math.imul(hash, 31) + byte) | 0;
      if (byte >= 0x80) {
        at = this.#multibyte(at);
      } else if (byte === 0x5c) {
        this.#escaped = true;
        at = this.#escape(at);
      } else if (byte < 0x20) {
        this.#at = at;
        this.#fail("no control byte");
      } else {
        at++;
      }
    }
    this.#at = at + 1;
    this.#hash = hash;
  }

  /** Takes one character beyond ASCII: UTF-8 in its shortest form, no surrogate, no noncharacter. */
  #multibyte(at: number): number {
    const bytes = this.#bytes, first = bytes[at]!;
    const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    let code = first & (0x7f >> length);
    for (let i = 1; i < length; i++) {
      const next = bytes[at + i] ?? 0;
      if ((next & 0xc0) !== 0x80) code = -1 << 20;
      code = (code << 6) | (next & 0x3f);
    }
    const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
    this.#at = at;
    if (first < 0xc2 || first > 0xf4 || code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) this.#fail("UTF-8");
    this.#character(code);
    return at + length;
  }

  #character(code: number): void {
    if (code === 0) this.#fail("no U+0000");
    if ((code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe) this.#fail("no noncharacter");
  }

  #escape(at: number): number {
    const kind = this.#bytes[at + 1];
    this.#at = at;
    if (kind !== 0x75) {
      // " \ / b f n r t
      if (kind === 0x22 || kind === 0x5c || kind === 0x2f || kind === 0x62 || kind === 0x66 || kind === 0x6e || kind === 0x72 || kind === 0x74) return at + 2;
      this.#fail("an escape of RFC 8259");
    }
    const unit = this.#unit(at + 2);
    if (unit >= 0xdc00 && unit <= 0xdfff) this.#fail("no unpaired surrogate");
    if (unit < 0xd800 || unit > 0xdbff) {
      this.#character(unit);
      return at + 6;
    }
    if (this.#bytes[at + 6] !== 0x5c || this.#bytes[at + 7] !== 0x75) this.#fail("no unpaired surrogate");
    const low = this.#unit(at + 8);
    if (low < 0xdc00 || low > 0xdfff) this.#fail("no unpaired surrogate");
    this.#character(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
    return at + 12;
  }

  #unit(at: number): number {
    let unit = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.#bytes[at + i] ?? 0;
      const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : byte >= 0x41 && byte <= 0x46 ? byte - 0x37 : -1;
      if (digit < 0) this.#fail("four hexadecimal digits");
      unit = (unit << 4) | digit;
    }
    return unit;
  }

  #number(): void {
    const bytes = this.#bytes, start = this.#at;
    const digits = (): number => {
      const from = this.#at;
      while (bytes[this.#at]! >= 0x30 && bytes[this.#at]! <= 0x39) this.#at++;
      return this.#at - from;
    };
    const negative = bytes[start] === 0x2d;
    if (negative) this.#at++;
    const whole = this.#at, count = digits();
    if (count === 0) this.#fail("a value");
    if (count > 1 && bytes[whole] === 0x30) this.#fail("no leading zero");
    let places = 0;
    const fraction = bytes[this.#at] === 0x2e;
    if (fraction) {
      this.#at++;
      places = digits();
      if (places === 0) this.#fail("a digit");
    }
    if (bytes[this.#at] === 0x65 || bytes[this.#at] === 0x45) this.#fail("no exponent");
    let significant = 0;
    for (let i = whole; i < this.#at; i++) if (bytes[i] !== 0x2e && (significant > 0 || bytes[i] !== 0x30)) significant++;
    if (negative && significant === 0) this.#fail("no negative zero");
    if (fraction) {
      if (significant > 17 || places > 300) this.#fail("a fraction of at most 17 significant digits and 300 places");
    } else if (count >= SAFE.length) {
      let text = "";
      for (let i = whole; i < whole + Math.min(count, 17); i++) text += String.fromCharCode(bytes[i]!);
      if (count > SAFE.length || text > SAFE) this.#fail("an integer within ±(2^53 − 1)");
    }
  }
}
