import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import type { Bytes } from "../lib/bytes";
import { useSha256 } from "../lib/sha256";
import type { ByteSource } from "../lib/zip";

/** What Node.js brings: files as sources, and SHA-256 of its own. */

const PREFIX = [Uint8Array.of(0), Uint8Array.of(1)] as const;
const fresh = (buffer: Buffer): Bytes => new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.length);

export function useNodeSha256(): void {
  useSha256({
    start() {
      const running = createHash("sha256");
      return { update: (bytes) => void running.update(bytes), digest: () => fresh(running.digest()) };
    },
    join(prefix, a, b) {
      const running = createHash("sha256");
      if (prefix >= 0) running.update(PREFIX[prefix]!);
      running.update(a);
      if (b) running.update(b);
      return fresh(running.digest());
    },
  });
}

/** A file, open until {@link FileSource.close}. */
export class FileSource implements ByteSource {
  readonly #file: FileHandle;
  readonly size: number;

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  static async open(path: string): Promise<FileSource> {
    const file = await open(path);
    return new FileSource(file, (await file.stat()).size);
  }

  async read(offset: number, length: number): Promise<Bytes> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const { bytesRead } = await this.#file.read(bytes, at, length - at, offset + at);
      if (bytesRead === 0) throw new Error(`the file ended at ${offset + at}: it was changed while it was read`);
      at += bytesRead;
    }
    return bytes;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Bytes in memory. */
export class MemorySource implements ByteSource {
  readonly #bytes: Bytes;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  read(offset: number, length: number): Promise<Bytes> {
    return Promise.resolve(this.#bytes.slice(offset, offset + length));
  }
}
