import { fromDecimal, hex, latin1, type Bytes } from "../bytes";
import type { Manifest } from "../manifest";
import type { Member } from "../member";
import type { CairnRecord } from "../record";
import { sha256 } from "../sha256";
import { Stop, type Failure } from "../stop";
import type { Answer, Decider } from "./decider";
import { ENGINES } from "./engines";
import { differenceOf, readDecided, type Recorded } from "./recorded";

/** Recomputes the decisions of a bundle (docs/spec/verification.md §13). */

/** Why a decision was not recomputed: the first that applies, in this order. */
export const REASONS = {
  "not-evaluated": "where nothing was evaluated",
  "engine-failed": "on which the engine gave up then",
  "input-redacted": "whose input was kept with parts taken out",
  "no-input": "whose input the bundle does not disclose",
  "input-too-large": "whose input is larger than a verifier evaluates",
  "engine-unknown": "by an engine that this verifier does not know",
  "engine-missing": "whose engine the bundle does not bring",
  "no-policy": "whose policy bundle the bundle does not bring",
  "policy-unusable": "whose policy bundle can't be used",
  "engine-gave-up": "on which the engine gave up now",
} as const;
export type Reason = keyof typeof REASONS;

/** Bytes of the largest input that is evaluated. */
export const MOST_INPUT = 1 << 20;
const MOST_LINE = 128;
const MOST_LINES = 4096;
const LINE = /^\{"digest":"([0-9a-f]{64})","bytes":(\d+)\}$/;
const GAVE_UP = "the policy engine failed";

/** One decision's result, for who shows it. */
export type Result =
  | { readonly kind: "same" }
  | { readonly kind: "differs"; readonly expected: string; readonly found: string }
  | { readonly kind: "not-recomputed"; readonly reason: Reason };

/** How many decisions there are, and what came of them; a member of the report. */
export interface DecisionCounts {
  readonly recorded: number;
  readonly recomputed: number;
  readonly differ: number;
  readonly not_recomputed: readonly { readonly reason: Reason; readonly count: number }[];
}

export class DecisionCheck {
  readonly #fail: (failure: Failure) => void;
  readonly #decider: Decider;
  readonly #policies = new Map<string, Bytes>();
  readonly #engines = new Map<string, Bytes>();
  readonly #unclaimed = new Set<string>();
  readonly #why = new Map<Reason, number>();
  #engine: string | undefined;
  #recorded = 0;
  #recomputed = 0;
  #differ = 0;

  /** @param engines Engines that the caller brings, by digest. */
  constructor(decider: Decider, engines: ReadonlyMap<string, Bytes>, fail: (failure: Failure) => void) {
    this.#decider = decider;
    this.#engines = new Map(engines);
    this.#fail = fail;
  }

  get counts(): DecisionCounts {
    const reasons = (Object.keys(REASONS) as Reason[]).filter((reason) => this.#why.has(reason));
    return { recorded: this.#recorded, recomputed: this.#recomputed, differ: this.#differ, not_recomputed: reasons.map((reason) => ({ reason, count: this.#why.get(reason)! })) };
  }

  /** Reads the policy bundles, before the records. */
  async readPolicies(lines: Member, content: Member): Promise<void> {
    content.checkSize();
    let last = "", left = content.entry.size;
    for (let line; (line = await lines.line(MOST_LINE)); ) {
      const match = LINE.exec(latin1(line)), bytes = match ? fromDecimal(match[2]!) : undefined;
      if (!match || bytes === undefined) throw new Stop("line-malformed", "file", "policies.jsonl", "a line of its form", `another in line ${lines.lines}`);
      if (lines.lines > MOST_LINES) throw new Stop("file-too-large", "file", "policies.jsonl", `at most ${MOST_LINES} lines`, "more");
      const digest = match[1]!;
      if (digest <= last) throw new Stop("line-malformed", "file", "policies.jsonl", `a digest above ${last}`, digest);
      last = digest;
      const sealed = (await content.bytes(Math.min(left, Number(bytes)))).slice();
      left -= sealed.length;
      const found = hex(sha256(sealed));
      if (BigInt(sealed.length) !== bytes || found !== digest) {
        this.#fail({ code: "policy-mismatch", subject: { kind: "policy", id: digest }, expected: `${bytes} bytes with that SHA-256`, found: `${sealed.length} bytes with ${found}` });
        continue;
      }
      this.#policies.set(digest, sealed);
      this.#unclaimed.add(digest);
    }
    if (left > 0) this.#fail({ code: "policy-unclaimed", subject: { kind: "file", id: "policies.bin" }, expected: "the policy bundles of policies.jsonl", found: `${left} bytes more` });
  }

  /** Reads the engine, and keeps it if it is one that is known. Its digest counts as the manifest lists it, with which the file is compared. */
  async readEngine(member: Member, manifest: Manifest): Promise<void> {
    member.checkSize();
    this.#engine = manifest.files.find((file) => file.name === "engine.wasm")!.sha256;
    const bytes = (await member.all()).slice(), digest = hex(sha256(bytes));
    if (ENGINES.has(digest)) this.#engines.set(digest, bytes);
  }

  /** Takes the record of a decision, with its input as far as it is disclosed. */
  async record(record: CairnRecord, input: Bytes | "too-large" | undefined): Promise<Result> {
    const decided = readDecided(record);
    if (decided.policy !== undefined) this.#unclaimed.delete(decided.policy);
    if (decided.engine === this.#engine) this.#engine = undefined;
    this.#recorded++;
    const answer = await this.#answer(decided, input);
    if (typeof answer === "string") {
      this.#why.set(answer, (this.#why.get(answer) ?? 0) + 1);
      return { kind: "not-recomputed", reason: answer };
    }
    this.#recomputed++;
    const difference = differenceOf(decided, answer.decided);
    if (!difference) return { kind: "same" };
    this.#differ++;
    this.#fail({ code: "decision-differs", subject: { kind: "record", id: record.id }, ...difference });
    return { kind: "differs", ...difference };
  }

  async #answer(decided: Recorded, input: Bytes | "too-large" | undefined): Promise<Reason | Extract<Answer, { decided: unknown }>> {
    if (decided.entryPoint !== "authorize") return "not-evaluated";
    if (decided.errors.some((error) => error.startsWith(GAVE_UP))) return "engine-failed";
    if (decided.inputRedacted) return "input-redacted";
    if (input === undefined) return "no-input";
    if (input === "too-large") return "input-too-large";
    if (decided.engine === undefined || !ENGINES.has(decided.engine)) return "engine-unknown";
    const engine = this.#engines.get(decided.engine);
    if (!engine) return "engine-missing";
    const sealed = decided.policy === undefined ? undefined : this.#policies.get(decided.policy);
    if (!sealed) return "no-policy";
    const answer = await this.#decider.decide(engine, { digest: decided.policy!, sealed }, input);
    return "decided" in answer ? answer : answer.whyNot;
  }

  /** After the last record: what no decision named. */
  finish(): void {
    for (const digest of this.#unclaimed) this.#fail({ code: "policy-unclaimed", subject: { kind: "policy", id: digest }, expected: "a policy bundle that a decision of the bundle names", found: "one that none names" });
    if (this.#engine !== undefined) this.#fail({ code: "policy-unclaimed", subject: { kind: "file", id: "engine.wasm" }, expected: "the engine that a decision of the bundle names", found: this.#engine });
  }
}
