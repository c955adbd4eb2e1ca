import type { Bytes } from "./bytes";

/** A SHA-256 over bytes that come piece by piece. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** The digest of everything so far; nothing may follow. */
  digest(): Bytes;
}

/** Where SHA-256 comes from: the code below, or what the host brings (Node.js has a faster one). */
export interface Sha256Provider {
  start(): Sha256;
  /** SHA-256 of `prefix ‖ a ‖ b`; a prefix of −1 is none. One call for the hashes of merkle.md §1. */
  join(prefix: number, a: Uint8Array, b?: Uint8Array): Bytes;
}

const K = new Int32Array(64);
const INITIAL = new Int32Array(8);
{
  // Fractions of cube and square roots of the first primes (FIPS 180-4 §4.2.2, §5.3.3), by integer arithmetic.
  const root = (value: bigint, power: bigint): bigint => {
    let low = 0n, high = 1n << 40n;
    while (high - low > 1n) {
      const middle = (low + high) >> 1n;
      if (middle ** power <= value) low = middle;
      else high = middle;
    }
    return low;
  };
  let found = 0;
  for (let n = 2n; found < 64; n++) {
    let prime = true;
    for (let d = 2n; d * d <= n; d++) if (n % d === 0n) prime = false;
    if (!prime) continue;
    K[found] = Number(BigInt.asIntN(32, root(n << 96n, 3n)));
    if (found < 8) INITIAL[found] = Number(BigInt.asIntN(32, root(n << 64n, 2n)));
    found++;
  }
}

const W = new Int32Array(64);

function compress(state: Int32Array, data: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++, at += 4) W[i] = (data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!;
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15]!, y = W[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[i] = (W[i - 16]! + s0 + W[i - 7]! + s1) | 0;
  }
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!, e = state[4]!, f = state[5]!, g = state[6]!, h = state[7]!;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + (g ^ (e & (f ^ g))) + K[i]! + W[i]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = (state[0]! + a) | 0;
  state[1] = (state[1]! + b) | 0;
  state[2] = (state[2]! + c) | 0;
  state[3] = (state[3]! + d) | 0;
  state[4] = (state[4]! + e) | 0;
  state[5] = (state[5]! + f) | 0;
  state[6] = (state[6]! + g) | 0;
  state[7] = (state[7]! + h) | 0;
}

class Portable implements Sha256 {
  readonly #state = INITIAL.slice();
  readonly #block = new Uint8Array(64);
  #held = 0;
  #length = 0;

  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let at = 0;
    if (this.#held > 0) {
      const taken = Math.min(64 - this.#held, bytes.length);
      this.#block.set(bytes.subarray(0, taken), this.#held);
      this.#held += taken;
      at = taken;
      if (this.#held < 64) return;
      compress(this.#state, this.#block, 0);
      this.#held = 0;
    }
    for (; at + 64 <= bytes.length; at += 64) compress(this.#state, bytes, at);
    for (; at < bytes.length; at++) this.#block[this.#held++] = bytes[at]!;
  }

  /** Begins anew. */
  reset(): this {
    this.#state.set(INITIAL);
    this.#held = 0;
    this.#length = 0;
    return this;
  }

  byte(value: number): void {
    this.#length++;
    this.#block[this.#held++] = value;
  }

  digest(): Bytes {
    const block = this.#block;
    block[this.#held++] = 0x80;
    if (this.#held > 56) {
      block.fill(0, this.#held);
      compress(this.#state, block, 0);
      this.#held = 0;
    }
    block.fill(0, this.#held, 56);
    putWord(block, 56, Math.floor(this.#length / 0x20000000));
    putWord(block, 60, this.#length << 3);
    compress(this.#state, block, 0);
    const out = new Uint8Array(32);
    for (let i = 0; i < 8; i++) putWord(out, 4 * i, this.#state[i]!);
    return out;
  }
}

function putWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

// A record costs two short hashes or more, and what they are made with would cost as much as they do: one is used for all.
const once = new Portable();

/** SHA-256 in JavaScript alone (FIPS 180-4). */
export const portableSha256: Sha256Provider = {
  start: () => new Portable(),
  join(prefix, a, b) {
    const sha = once.reset();
    if (prefix >= 0) sha.byte(prefix);
    sha.update(a);
    if (b) sha.update(b);
    return sha.digest();
  },
};

let provider = portableSha256;

/** Takes SHA-256 from the host. Called once, before anything is verified. */
export function useSha256(other: Sha256Provider): void {
  provider = other;
}

export const startSha256 = (): Sha256 => provider.start();
export const sha256 = (bytes: Uint8Array): Bytes => provider.join(-1, bytes);
/** `SHA-256(0x00 ‖ entry)` (merkle.md §1). */
export const leafHash = (entry: Uint8Array): Bytes => provider.join(0, entry);
/** `SHA-256(0x01 ‖ left ‖ right)` (merkle.md §1). */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Bytes => provider.join(1, left, right);

/** HMAC-SHA256 (RFC 2104) over content that comes piece by piece; the key has at most 64 bytes. */
export function startHmac(key: Uint8Array): Sha256 {
  const pad = (value: number): Bytes => {
    const block = new Uint8Array(64).fill(value);
    for (let i = 0; i < key.length; i++) block[i]! ^= key[i]!;
    return block;
  };
  const inner = provider.start();
  inner.update(pad(0x36));
  return {
    update: (bytes) => inner.update(bytes),
    digest: () => provider.join(-1, pad(0x5c), inner.digest()),
  };
}
