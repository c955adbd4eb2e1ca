import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Bytes } from "../../src/lib/bytes";

const program = join(import.meta.dirname, "../../../tests/Cairn.Verdicts/bin/Release/net10.0/Cairn.Verdicts");

/** The C# verifier, as one process that is given bundles over a pipe and answers in their order. */
export class OtherVerifier {
  readonly #child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  readonly #waiting: { resolve: (answer: Record<string, unknown>) => void; reject: (problem: Error) => void }[] = [];
  #ended: Error | undefined;

  static readonly isBuilt = existsSync(program);

  constructor() {
    createInterface({ input: this.#child.stdout! }).on("line", (line) => this.#waiting.shift()?.resolve(JSON.parse(line) as Record<string, unknown>));
    const end = (problem: Error): void => {
      this.#ended ??= problem;
      for (const one of this.#waiting.splice(0)) one.reject(this.#ended);
    };
    this.#child.on("error", end);
    this.#child.stdin!.on("error", end);
    this.#child.on("close", (code) => end(new Error(`the other verifier ended with ${code}`)));
  }

  /** Its report on a bundle. Others can be asked before it is there. */
  verify(bundle: Bytes, policy: Bytes | undefined): Promise<Record<string, unknown>> {
    if (this.#ended) return Promise.reject(this.#ended);
    const answer = new Promise<Record<string, unknown>>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#child.stdin!.write(length(policy));
    if (policy) this.#child.stdin!.write(policy);
    this.#child.stdin!.write(length(bundle));
    this.#child.stdin!.write(bundle);
    return answer;
  }

  close(): void {
    this.#child.stdin!.end();
  }
}

function length(bytes: Bytes | undefined): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(bytes ? bytes.length : 0xffffffff);
  return field;
}
