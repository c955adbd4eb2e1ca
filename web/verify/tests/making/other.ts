import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const program = join(import.meta.dirname, "../../../tests/Cairn.Verdicts/bin/Release/net10.0/Cairn.Verdicts");

/** The C# verifier, as one process that answers for many bundles. */
export class OtherVerifier {
  readonly #child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  readonly #answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();

  static readonly isBuilt = existsSync(program);

  /** Its report on a bundle, both files by their paths; an empty policy is none. */
  async verify(bundle: string, policy: string): Promise<Record<string, unknown>> {
    this.#child.stdin!.write(`${bundle}\t${policy}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the other verifier ended at ${bundle}`);
    return JSON.parse(value) as Record<string, unknown>;
  }

  close(): void {
    this.#child.stdin!.end();
  }
}
