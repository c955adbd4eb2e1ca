/** What a failure is about. */
export interface Subject {
  readonly kind: "zip" | "file" | "manifest" | "policy" | "checkpoint" | "anchor" | "succession" | "head" | "certificate" | "statement" | "stream" | "record" | "content" | "trail";
  readonly id: string;
}

/** A failed check: its code (docs/verdicts.md), what it is about, what was expected and what was found. */
export interface Failure {
  readonly code: string;
  readonly subject: Subject;
  readonly expected: string;
  readonly found: string;
}

/** A failure that ends the reading (■ in docs/spec/verification.md). */
export class Stop extends Error {
  override readonly name = "Stop";
  readonly failure: Failure;

  constructor(code: string, kind: Subject["kind"], id: string, expected: string, found: string) {
    super(`${code}: ${kind} ${id}: expected ${expected}, found ${found}`);
    this.failure = { code, subject: { kind, id }, expected, found };
  }
}
