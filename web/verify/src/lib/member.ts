import { concat, type Bytes } from "./bytes";
import { crc32 } from "./crc32";
import { Corrupt, Inflate } from "./inflate";
import { startSha256 } from "./sha256";
import { Stop } from "./stop";
import type { ByteSource, Entry } from "./zip";

/** Bytes read at once. Compressed ones are fewer, since each may become a thousand. */
const PIECE = 1 << 18;
const COMPRESSED_PIECE = 1 << 15;
const LIMIT: Readonly<Record<string, number>> = { "manifest.json": 1 << 20, checkpoint: 4 << 20, "trust.policy": 4 << 20, "trust.jsonl": 256 << 20, "keys.jsonl": 256 << 20, "certificates.jsonl": 64 << 20, "policies.bin": 64 << 20, "engine.wasm": 32 << 20 };

/** What a member's bytes were, once they were all read. */
export interface MemberDigest {
  readonly sha256: Bytes;
  readonly crc: number;
}

/** Reads one file of the bundle from beginning to end: pieces, lines or counted bytes, with its digests on the way. */
export class Member {
  readonly entry: Entry;
  readonly #source: ByteSource;
  readonly #progress: (bytes: number) => void;
  readonly #keep: ((piece: Bytes) => void) | undefined;
  readonly #sha = startSha256();
  readonly #inflate: Inflate | undefined;
  #crc = 0;
  #taken = 0;
  #produced = 0;
  #pieces: Bytes[] = [];
  #buffer: Bytes = new Uint8Array(0);
  #at = 0;
  #lines = 0;
  #stopped: Stop | undefined;

  /** @param progress Hears of each piece of the file itself. @param keep Hears of each piece of content. */
  constructor(source: ByteSource, entry: Entry, progress: (bytes: number) => void, keep?: (piece: Bytes) => void) {
    this.entry = entry;
    this.#source = source;
    this.#progress = progress;
    this.#keep = keep;
    if (entry.deflated) this.#inflate = new Inflate((piece) => this.#take(piece));
  }

  /** Lines read so far. */
  get lines(): number {
    return this.#lines;
  }

  #take(piece: Bytes): void {
    this.#produced += piece.length;
    if (this.#produced > this.entry.size) this.#stop("zip-bomb", `${this.entry.size} bytes`, "more");
    this.#sha.update(piece);
    this.#crc = crc32(this.#crc, piece);
    this.#keep?.(piece);
    this.#pieces.push(piece);
  }

  /** Ends the reading of this file for good: asked again, it stops for the same reason. */
  #stop(code: string, expected: string, found: string): never {
    const stop = new Stop(code, "file", this.entry.name, expected, found);
    if (code !== "line-malformed" && code !== "file-too-large") this.#stopped = stop;
    throw stop;
  }

  /** Stops where the file is larger than is read. */
  checkSize(): void {
    const { name, size } = this.entry;
    if (size > (LIMIT[name] ?? Infinity)) this.#stop("file-too-large", `at most ${LIMIT[name]} bytes`, `${size}`);
  }

  /** Reads on; false at the file's end. */
  async #fill(): Promise<boolean> {
    const { entry } = this;
    if (this.#stopped) throw this.#stopped;
    if (this.#produced === 0) this.checkSize();
    if (this.#taken >= entry.compressed && !(this.#taken === 0 && this.#inflate)) return false;
    const length = Math.min(this.#inflate ? COMPRESSED_PIECE : PIECE, entry.compressed - this.#taken);
    const piece = length === 0 ? new Uint8Array(0) : await this.#source.read(entry.data + this.#taken, length);
    this.#taken += length;
    this.#progress(length);
    if (this.#inflate) {
      try {
        this.#inflate.push(piece, this.#taken >= entry.compressed);
      } catch (error) {
        if (error instanceof Corrupt) this.#stop("zip-corrupt", "sound compressed data", error.message);
        throw error;
      }
      if (length === 0) this.#taken = 1;
    } else {
      this.#take(piece);
    }
    if (this.#taken >= entry.compressed && this.#produced < entry.size) this.#stop("zip-corrupt", `${entry.size} bytes`, `${this.#produced}`);
    this.#buffer = concat(this.#buffer.subarray(this.#at), ...this.#pieces);
    this.#pieces = [];
    this.#at = 0;
    return true;
  }

  /** A line without its newline that is in memory already; undefined when more must be read. */
  bufferedLine(): Bytes | undefined {
    const end = this.#buffer.indexOf(0x0a, this.#at);
    if (end < 0) return undefined;
    const line = this.#buffer.subarray(this.#at, end);
    this.#at = end + 1;
    this.#lines++;
    return line;
  }

  /** The next line without its newline; undefined at the end. A line of more than `most` bytes, or without an end, stops. */
  async line(most: number): Promise<Bytes | undefined> {
    for (;;) {
      const line = this.bufferedLine();
      if (line && line.length <= most) return line;
      if (line || this.#buffer.length - this.#at > most) this.#stop("line-malformed", `a line of at most ${most} bytes`, `more in line ${this.#lines + (line ? 0 : 1)}`);
      if (!(await this.#fill())) {
        if (this.#at < this.#buffer.length) this.#stop("line-malformed", "a newline at the end", "none");
        return undefined;
      }
    }
  }

  /** Ends the reading for the last line, which has another form than this file's lines. */
  malformed(): never {
    throw new Stop("line-malformed", "file", this.entry.name, "a line of its form", `another in line ${this.#lines}`);
  }

  /** Up to `count` bytes: fewer only at the end. */
  async bytes(count: number): Promise<Bytes> {
    while (this.#buffer.length - this.#at < count && (await this.#fill()));
    const taken = this.#buffer.subarray(this.#at, this.#at + count);
    this.#at += taken.length;
    return taken;
  }

  /** The next bytes that are there, at most `most`; none at the end. */
  async some(most: number): Promise<Bytes> {
    if (this.#at >= this.#buffer.length) await this.#fill();
    const taken = this.#buffer.subarray(this.#at, this.#at + most);
    this.#at += taken.length;
    return taken;
  }

  /** All of it. */
  all(): Promise<Bytes> {
    return this.bytes(this.entry.size);
  }

  /** Reads to the end and gives the digests. */
  async finish(): Promise<MemberDigest> {
    do this.#at = this.#buffer.length;
    while (await this.#fill());
    return { sha256: this.#sha.digest(), crc: this.#crc };
  }
}
