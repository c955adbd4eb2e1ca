import type { Bytes } from "./bytes";

/** Compressed data that is not sound (RFC 1951). */
export class Corrupt extends Error {
  override readonly name = "Corrupt";
}

const WINDOW = 32768;
const PIECE = 131072;
/** A dynamic block's header has at most 14 bits, 19 · 3 bits and 320 codes of at most 14 bits. */
const HEADER_BYTES = 600;
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LENGTH_BASE = new Uint16Array([3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]);
const LENGTH_EXTRA = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]);
const DISTANCE_BASE = new Uint16Array([
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
]);
const DISTANCE_EXTRA = new Uint8Array([0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]);

/** A prefix code: for each `bits` next bits of input, `symbol << 4 | length of its code`; 0 where there is no code. */
interface Code {
  readonly table: Uint16Array;
  readonly bits: number;
}

/**
 * Builds a code from its lengths. As zlib has it, a code uses up its space, but for the one code of one bit, and for none at
 * all where `mayBeEmpty`; otherwise two readers could take the same bits differently.
 */
function codeOf(lengths: Uint8Array, mayBeEmpty: boolean, mayBeOne: boolean): Code {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  let bits = 15;
  while (bits > 0 && counts[bits] === 0) bits--;
  if (bits === 0) {
    if (!mayBeEmpty) throw new Corrupt("a code without symbols");
    return { table: new Uint16Array(2), bits: 1 };
  }
  let left = 1;
  for (let length = 1; length <= 15; length++) {
    left = (left << 1) - counts[length]!;
    if (left < 0) throw new Corrupt("a code with too many symbols");
  }
  if (left > 0 && !(mayBeOne && bits === 1)) throw new Corrupt("a code with too few symbols");
  const next = new Uint16Array(16);
  for (let length = 1; length < 15; length++) next[length + 1] = (next[length]! + counts[length]!) << 1;
  const table = new Uint16Array(1 << bits);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    let code = next[length]!++, reversed = 0;
    for (let i = 0; i < length; i++, code >>= 1) reversed = (reversed << 1) | (code & 1);
    for (let at = reversed; at < table.length; at += 1 << length) table[at] = (symbol << 4) | length;
  }
  return { table, bits };
}

let fixed: { literals: Code; distances: Code } | undefined;

function fixedCodes(): { literals: Code; distances: Code } {
  if (!fixed) {
    const lengths = new Uint8Array(288).fill(8);
    lengths.fill(9, 144, 256).fill(7, 256, 280);
    fixed = { literals: codeOf(lengths, false, false), distances: codeOf(new Uint8Array(32).fill(5), false, false) };
  }
  return fixed;
}

/** Inflates raw deflate data that comes piece by piece, in bounded memory. */
export class Inflate {
  readonly #emit: (piece: Bytes) => void;
  #input: Uint8Array = new Uint8Array(0);
  #at = 0;
  #hold = 0;
  #bits = 0;
  #last = false;
  #state: "block" | "stored" | "codes" | "ended" = "block";
  #final = false;
  #stored = 0;
  #literals: Code | undefined;
  #distances: Code | undefined;
  readonly #out = new Uint8Array(WINDOW + PIECE + 512);
  #end = 0;
  #flushed = 0;

  /** @param emit Takes each piece of output; it owns it. An exception of its ends the work. */
  constructor(emit: (piece: Bytes) => void) {
    this.#emit = emit;
  }

  /** Takes input, the last piece with `last`. Throws {@link Corrupt}, also for bytes after the data and for data cut short. */
  push(piece: Uint8Array, last: boolean): void {
    const kept = this.#input.length - this.#at;
    if (kept === 0) {
      this.#input = piece;
    } else {
      const joined = new Uint8Array(kept + piece.length);
      joined.set(this.#input.subarray(this.#at));
      joined.set(piece, kept);
      this.#input = joined;
    }
    this.#at = 0;
    this.#last = last;
    while (this.#step());
    this.#flush();
    const left = this.#input.length - this.#at + (this.#bits >> 3);
    if (this.#state === "ended" && left > 0) throw new Corrupt("bytes after the end of the compressed data");
    if (last && this.#state !== "ended") throw new Corrupt("compressed data cut short");
  }

  #flush(): void {
    if (this.#end > this.#flushed) this.#emit(this.#out.slice(this.#flushed, this.#end));
    if (this.#end > WINDOW) {
      this.#out.copyWithin(0, this.#end - WINDOW, this.#end);
      this.#end = WINDOW;
    }
    this.#flushed = this.#end;
  }

  #take(count: number): number {
    while (this.#bits < count) {
      if (this.#at >= this.#input.length) throw new Corrupt("compressed data cut short");
      this.#hold |= this.#input[this.#at++]! << this.#bits;
      this.#bits += 8;
    }
    const value = this.#hold & ((1 << count) - 1);
    this.#hold >>>= count;
    this.#bits -= count;
    return value;
  }

  #symbol(code: Code): number {
    while (this.#bits < code.bits && this.#at < this.#input.length) {
      this.#hold |= this.#input[this.#at++]! << this.#bits;
      this.#bits += 8;
    }
    const entry = code.table[this.#hold & ((1 << code.bits) - 1)]!, length = entry & 15;
    if (length === 0) throw new Corrupt("bits that are no code");
    if (length > this.#bits) throw new Corrupt("compressed data cut short");
    this.#hold >>>= length;
    this.#bits -= length;
    return entry >> 4;
  }

  /** Works on while the input lasts; false when it waits for more or is done. */
  #step(): boolean {
    switch (this.#state) {
      case "ended":
        return false;
      case "block":
        if (!this.#last && this.#input.length - this.#at < HEADER_BYTES) return false;
        this.#block();
        return true;
      case "stored": {
        const count = Math.min(this.#stored, this.#input.length - this.#at, PIECE - (this.#end - this.#flushed));
        this.#out.set(this.#input.subarray(this.#at, this.#at + count), this.#end);
        this.#at += count;
        this.#end += count;
        this.#stored -= count;
        if (this.#end - this.#flushed >= PIECE) this.#flush();
        if (this.#stored === 0) this.#state = this.#final ? "ended" : "block";
        return this.#stored === 0 || this.#at < this.#input.length;
      }
      case "codes":
        return this.#codes();
    }
  }

  #block(): void {
    this.#final = this.#take(1) === 1;
    const type = this.#take(2);
    if (type === 3) throw new Corrupt("a block of unknown type");
    if (type === 0) {
      this.#take(this.#bits & 7);
      const length = this.#take(16);
      if (this.#take(16) !== (length ^ 0xffff)) throw new Corrupt("a stored block's length");
      // Whole bytes that were read ahead belong to the block.
      this.#at -= this.#bits >> 3;
      this.#hold = 0;
      this.#bits = 0;
      this.#stored = length;
      this.#state = length === 0 ? (this.#final ? "ended" : "block") : "stored";
      return;
    }
    if (type === 1) {
      ({ literals: this.#literals, distances: this.#distances } = fixedCodes());
    } else {
      this.#dynamic();
    }
    this.#state = "codes";
  }

  #dynamic(): void {
    const literals = this.#take(5) + 257, distances = this.#take(5) + 1, count = this.#take(4) + 4;
    if (literals > 286 || distances > 30) throw new Corrupt("too many codes");
    const order = new Uint8Array(19);
    for (let i = 0; i < count; i++) order[ORDER[i]!] = this.#take(3);
    const code = codeOf(order, false, false);
    const lengths = new Uint8Array(literals + distances);
    for (let i = 0; i < lengths.length; ) {
      const symbol = this.#symbol(code);
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) throw new Corrupt("a repeat of nothing");
      const value = symbol === 16 ? lengths[i - 1]! : 0;
      const repeat = symbol === 16 ? 3 + this.#take(2) : symbol === 17 ? 3 + this.#take(3) : 11 + this.#take(7);
      if (i + repeat > lengths.length) throw new Corrupt("a repeat beyond the codes");
      lengths.fill(value, i, i + repeat);
      i += repeat;
    }
    if (lengths[256] === 0) throw new Corrupt("no code for the block's end");
    this.#literals = codeOf(lengths.subarray(0, literals), false, true);
    this.#distances = codeOf(lengths.subarray(literals), true, true);
  }

  /** The hot loop: registers in locals; it stops while a symbol and what follows it may not be there yet. */
  #codes(): boolean {
    const input = this.#input, out = this.#out, literals = this.#literals!, distances = this.#distances!;
    const table = literals.table, mask = (1 << literals.bits) - 1;
    const safe = input.length - 12;
    for (;;) {
      if (this.#end - this.#flushed >= PIECE) this.#flush();
      // Fast way: twelve bytes are there, so that nothing below runs out of input.
      let at = this.#at, hold = this.#hold, bits = this.#bits, end = this.#end;
      const full = this.#flushed + PIECE;
      let symbol = -1;
      while (at <= safe && end < full) {
        while (bits < 15) {
          hold |= input[at++]! << bits;
          bits += 8;
        }
        const entry = table[hold & mask]!;
        const length = entry & 15;
        if (length === 0) throw new Corrupt("bits that are no code");
        hold >>>= length;
        bits -= length;
        symbol = entry >> 4;
        if (symbol < 256) {
          out[end++] = symbol;
          continue;
        }
        break;
      }
      const literal = symbol < 256;
      this.#at = at;
      this.#hold = hold;
      this.#bits = bits;
      this.#end = end;
      if (literal) {
        if (end >= full) continue;
        if (at <= safe) continue;
        if (!this.#last) return false;
        symbol = this.#symbol(literals);
        if (symbol < 256) {
          out[this.#end++] = symbol;
          continue;
        }
      }
      if (symbol === 256) {
        this.#state = this.#final ? "ended" : "block";
        return true;
      }
      this.#copy(symbol - 257, distances);
    }
  }

  #copy(symbol: number, distances: Code): void {
    if (symbol > 28) throw new Corrupt("an unknown length");
    const length = LENGTH_BASE[symbol]! + this.#take(LENGTH_EXTRA[symbol]!);
    const code = this.#symbol(distances);
    if (code > 29) throw new Corrupt("an unknown distance");
    const distance = DISTANCE_BASE[code]! + this.#take(DISTANCE_EXTRA[code]!);
    if (distance > this.#end) throw new Corrupt("a distance before the beginning");
    const out = this.#out;
    let to = this.#end, from = to - distance;
    for (let left = length; left > 0; left--) out[to++] = out[from++]!;
    this.#end = to;
  }
}
