import { latin1, type Bytes } from "./bytes";
import { Stop } from "./stop";

/** The container (docs/spec/bundle.md §2, §3): a zip of one profile, checked before anything is decompressed. */

/** Bytes that can be read from any place: a file. */
export interface ByteSource {
  readonly size: number;
  /** Reads exactly that many bytes, which are there. */
  read(offset: number, length: number): Promise<Bytes>;
}

/** Names in a bundle, in their order. */
export const NAMES = [
  "manifest.json", "checkpoint", "trust.policy", "trust.jsonl", "keys.jsonl", "certificates.jsonl", "heads.jsonl", "anchors.jsonl", "statements.bin", "proofs.jsonl", "records.jsonl",
  "content.jsonl", "content.bin", "policies.jsonl", "policies.bin", "engine.wasm",
  "report.html", "verify.html",
] as const;
export type Name = (typeof NAMES)[number];
const OPTIONAL: readonly Name[] = ["trust.jsonl", "keys.jsonl", "anchors.jsonl", "content.jsonl", "content.bin", "policies.jsonl", "policies.bin", "engine.wasm", "report.html", "verify.html"];

/** Files that come both or not at all. */
const PAIRED: Readonly<Partial<Record<Name, Name>>> = { "content.jsonl": "content.bin", "content.bin": "content.jsonl", "policies.jsonl": "policies.bin", "policies.bin": "policies.jsonl" };

export interface Entry {
  readonly name: Name;
  readonly deflated: boolean;
  readonly crc: number;
  readonly compressed: number;
  readonly size: number;
  /** Where the data begins. */
  readonly data: number;
}

const END = 22;
const SEARCH = END + 0xffff;
/** Bytes of the largest directory that is looked at. */
const DIRECTORY = 64 * (46 + 255);
const MIB = 1 << 20;

const malformed = (id: string, expected: string, found: string): never => {
  throw new Stop("zip-malformed", "zip", id, expected, found);
};

/** Reads and checks the structure (verification.md §1). Throws {@link Stop}. */
export async function readZip(source: ByteSource): Promise<ReadonlyMap<Name, Entry>> {
  const end = await readEnd(source);
  const { count, at, size } = end;
  if (count > NAMES.length || size > DIRECTORY) throw new Stop("zip-unknown-entry", "zip", "end record", `at most ${NAMES.length} files`, `${count} in a directory of ${size} bytes`);
  if (at + size !== source.size - END) {
    throw new Stop("zip-truncated", "zip", "end record", `a directory that ends where the end record begins, at ${source.size - END}`, `one of ${size} bytes at ${at}`);
  }
  const directory = await source.read(at, Math.min(size, DIRECTORY));
  const entries: { entry: Entry; offset: number; fields: Bytes }[] = [];
  let place = 0;
  for (let i = 0; i < count; i++) {
    if (place + 46 > directory.length) malformed("directory", `${count} entries`, `${i}`);
    const read = readCentral(directory, place, i, entries.map((one) => one.entry.name));
    place += 46 + read.entry.name.length;
    entries.push(read);
  }
  if (place !== size) malformed("directory", `${place} bytes`, `${size}`);
  let next = 0;
  for (let i = 0; i < entries.length; i++) {
    const { entry, offset, fields } = entries[i]!;
    if (offset !== next) malformed(entry.name, `its header at ${next}`, `at ${offset}`);
    const data = next + 30 + entry.name.length;
    if (data + entry.compressed > at) throw new Stop("zip-truncated", "zip", entry.name, `${entry.compressed} bytes from ${data} on`, `the directory at ${at}`);
    const local = await source.read(next, 30 + entry.name.length);
    const view = new DataView(local.buffer, local.byteOffset);
    if (view.getUint32(0, true) !== 0x04034b50) malformed(entry.name, "the signature of a local header", view.getUint32(0, true).toString(16));
    for (let b = 0; b < 26; b++) if (local[4 + b] !== fields[b]) malformed(entry.name, "a local header like the central one", `another byte ${4 + b}`);
    if (latin1(local.subarray(30)) !== entry.name) malformed(entry.name, "the same name in its local header", "another");
    if (!entry.deflated && entry.compressed !== entry.size) malformed(entry.name, "a stored file of one size", `${entry.compressed} and ${entry.size}`);
    if (entry.size > MIB && entry.size > 100 * entry.compressed) {
      throw new Stop("zip-bomb", "file", entry.name, "at most 100 times its compressed size", `${entry.compressed} bytes that inflate to ${entry.size}`);
    }
    entries[i] = { entry: { ...entry, data }, offset, fields };
    next = data + entry.compressed;
  }
  if (next !== at) malformed("directory", `its beginning at ${next}`, `at ${at}`);
  const found = new Map(entries.map(({ entry }) => [entry.name, entry]));
  for (const name of NAMES) {
    const other = PAIRED[name];
    if (!found.has(name) && (!OPTIONAL.includes(name) || (other && found.has(other)))) {
      throw new Stop("zip-missing-entry", "file", name, "a file that every bundle has", "none");
    }
  }
  return found;
}

async function readEnd(source: ByteSource): Promise<{ count: number; at: number; size: number }> {
  const tail = await source.read(Math.max(0, source.size - SEARCH), Math.min(source.size, SEARCH));
  const is = (at: number): boolean => at >= 0 && tail[at] === 0x50 && tail[at + 1] === 0x4b && tail[at + 2] === 5 && tail[at + 3] === 6;
  const at = tail.length - END;
  if (!is(at)) {
    for (let i = at - 1; i >= 0; i--) if (is(i)) malformed("end record", "the end record as the last 22 bytes", `${at - i} bytes after it`);
    throw new Stop("zip-truncated", "zip", "end record", "an end record in the last 22 bytes", `none in a file of ${source.size} bytes`);
  }
  const view = new DataView(tail.buffer, tail.byteOffset + at, END);
  const short = (offset: number): number => view.getUint16(offset, true), long = (offset: number): number => view.getUint32(offset, true);
  if (short(4) !== 0 || short(6) !== 0 || short(8) !== short(10) || short(20) !== 0) malformed("end record", "one disk, one number of entries, no comment", "other fields");
  return { count: short(8), size: long(12), at: long(16) };
}

function readCentral(directory: Bytes, at: number, index: number, before: readonly string[]): { entry: Entry; offset: number; fields: Bytes } {
  const view = new DataView(directory.buffer, directory.byteOffset + at);
  const short = (offset: number): number => view.getUint16(offset, true), long = (offset: number): number => view.getUint32(offset, true);
  const id = `entry ${index}`;
  if (long(0) !== 0x02014b50) malformed(id, "the signature of a central header", long(0).toString(16));
  const length = short(28);
  if (at + 46 + length > directory.length) malformed(id, "a whole name", "the directory's end");
  if (short(8) & 1) throw new Stop("zip-encrypted", "zip", id, "a file that is not encrypted", "an encrypted one");
  const method = short(10);
  if (method !== 0 && method !== 8) throw new Stop("zip-method", "zip", id, "method 0 or 8", `${method}`);
  const name = latin1(directory.subarray(at + 46, at + 46 + length));
  const shown = JSON.stringify(name.slice(0, 200));
  if (/[/\\:]|\.\.|[^\x20-\x7e]/.test(name) || name === "") throw new Stop("zip-path", "zip", id, "a plain name", shown);
  if (before.some((one) => one.toLowerCase() === name.toLowerCase())) throw new Stop("zip-duplicate-entry", "zip", id, "each name once", shown);
  const place = NAMES.indexOf(name as Name);
  if (place < 0) throw new Stop("zip-unknown-entry", "zip", id, "a file that bundles have", shown);
  if (before.length > 0 && NAMES.indexOf(before.at(-1) as Name) > place) malformed(id, "files in the order of bundles", shown);
  const compressed = long(20), size = long(24);
  const fixed = short(4) === 0x0314 && short(6) === 20 && short(8) === 0 && short(12) === 0 && short(14) === 0x21 && short(30) === 0 && short(32) === 0;
  if (!fixed || short(34) !== 0 || short(36) !== 0 || long(38) !== 0x81a40000) malformed(name, "a central header as bundles have it", "other fields");
  if (compressed === 0xffffffff || size === 0xffffffff) malformed(name, "less than 4 GiB", "the sign of Zip64");
  const entry: Entry = { name: name as Name, deflated: method === 8, crc: long(16), compressed, size, data: 0 };
  return { entry, offset: long(42), fields: directory.subarray(at + 6, at + 32) };
}
