import { deflateRawSync } from "node:zlib";
import { concat, hex, utf8, type Bytes } from "../../src/lib/bytes";
import { crc32 } from "../../src/lib/crc32";
import { sha256 } from "../../src/lib/sha256";
import { NAMES, readZip } from "../../src/lib/zip";
import { MemorySource } from "../../src/node/files";

/** Writes the container of docs/spec/bundle.md §2 for tests. */

export interface ZipFile {
  readonly name: string;
  readonly data: Bytes;
  readonly deflate?: boolean;
  /** Bytes after the compressed data, counted to it. */
  readonly tail?: Bytes;
  /** Changes fields of both headers (26 bytes from "version needed" on), or of the local one alone. */
  readonly fields?: (fields: DataView) => void;
  readonly local?: (fields: DataView) => void;
}

export function zip(files: readonly ZipFile[], change?: { end?: (view: DataView) => void; gap?: number }): Bytes {
  const parts: Bytes[] = [], central: Bytes[] = [];
  let at = 0;
  for (const file of files) {
    const data = file.deflate ? concat(new Uint8Array(deflateRawSync(file.data)), file.tail ?? new Uint8Array(0)) : file.data;
    const name = Uint8Array.from(file.name, (character) => character.charCodeAt(0));
    const fields = new DataView(new ArrayBuffer(26));
    fields.setUint16(0, 20, true);
    fields.setUint16(4, file.deflate ? 8 : 0, true);
    fields.setUint16(8, 0x21, true);
    fields.setUint32(10, crc32(0, file.data), true);
    fields.setUint32(14, data.length, true);
    fields.setUint32(18, file.data.length, true);
    fields.setUint16(22, name.length, true);
    file.fields?.(fields);
    const end = new DataView(new ArrayBuffer(14));
    end.setUint32(6, 0x81a40000, true);
    end.setUint32(10, at, true);
    central.push(concat(Uint8Array.of(0x50, 0x4b, 1, 2, 0x14, 3), new Uint8Array(fields.buffer.slice(0)), new Uint8Array(end.buffer), name));
    file.local?.(fields);
    parts.push(concat(Uint8Array.of(0x50, 0x4b, 3, 4), new Uint8Array(fields.buffer), name, data));
    at += parts.at(-1)!.length;
  }
  const directory = concat(...central);
  if (change?.gap) parts.push(new Uint8Array(change.gap));
  const record = new DataView(new ArrayBuffer(22));
  record.setUint32(0, 0x06054b50, true);
  record.setUint16(8, files.length, true);
  record.setUint16(10, files.length, true);
  record.setUint32(12, directory.length, true);
  record.setUint32(16, at + (change?.gap ?? 0), true);
  change?.end?.(record);
  return concat(...parts, directory, new Uint8Array(record.buffer));
}

export type Files = Map<string, Bytes>;

export interface ManifestChange {
  readonly trace?: string;
  readonly origin?: string;
  readonly created?: string;
  readonly counts?: Record<string, number>;
}

export function manifest(files: Files, trace: string, origin: string, change: ManifestChange = {}): Bytes {
  const lines = (name: string): number => (files.get(name) ?? new Uint8Array(0)).reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);
  const listed = NAMES.filter((name) => files.has(name) && name !== "manifest.json");
  const value = {
    format: "cairn-bundle/1",
    trace: change.trace ?? trace,
    origin: change.origin ?? origin,
    created: change.created ?? "2026-01-01T00:30:00Z",
    counts: {
      statements: lines("proofs.jsonl"), records: lines("records.jsonl"), heads: lines("heads.jsonl"), certificates: lines("certificates.jsonl"), contents: lines("content.jsonl"),
      ...change.counts,
    },
    files: listed.map((name) => ({ name, bytes: files.get(name)!.length, sha256: hex(sha256(files.get(name)!)) })),
  };
  return utf8(JSON.stringify(value, undefined, 2) + "\n");
}

/** The files in a bundle's order, stored. */
export const ordered = (files: Files): ZipFile[] => NAMES.filter((name) => files.has(name)).map((name) => ({ name, data: files.get(name)! }));

/** A bundle of stored files with a policy engine put into it, and a manifest that fits. */
export async function withEngine(bundle: Uint8Array, engine: Bytes): Promise<Bytes> {
  const bytes = new Uint8Array(bundle) as Bytes, files: Files = new Map();
  for (const [name, entry] of await readZip(new MemorySource(bytes))) files.set(name, bytes.slice(entry.data, entry.data + entry.size));
  const { trace, origin } = JSON.parse(new TextDecoder().decode(files.get("manifest.json"))) as { trace: string; origin: string };
  files.set("engine.wasm", engine);
  files.set("manifest.json", manifest(files, trace, origin));
  return zip(ordered(files).map((file) => ({ ...file, deflate: file.name === "engine.wasm" })));
}
