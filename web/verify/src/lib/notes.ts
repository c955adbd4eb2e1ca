import { Malformed } from "./bytes";
import { Findings } from "./report";
import type { Failure, Subject } from "./stop";

/** Codes that are of completeness (docs/spec/verification.md §7); all others are of integrity. */
const COMPLETENESS: ReadonlySet<string> = new Set([
  "sequence-gap", "emitter-open", "emitter-missing", "records-missing", "count-mismatch", "action-open", "action-unrequested", "record-body", "trail-empty",
]);

/** Codes that are of corroboration. */
const CORROBORATION: ReadonlySet<string> = new Set(["decision-differs"]);

/** Notes a failure of what was asked about. */
export type Fail = (code: string, expected: string, found: string) => void;

/** What the checks of one bundle leave: failures, by the verdict that they count for, and warnings. */
export class Notes {
  readonly integrity = new Findings();
  readonly completeness = new Findings();
  readonly corroboration = new Findings();
  readonly warnings = new Findings();
  readonly #heard: (failure: Failure) => void;

  /** @param heard Hears of each failure. */
  constructor(heard: (failure: Failure) => void) {
    this.#heard = heard;
  }

  fail(failure: Failure): void {
    (COMPLETENESS.has(failure.code) ? this.completeness : CORROBORATION.has(failure.code) ? this.corroboration : this.integrity).add(failure);
    this.#heard(failure);
  }

  warn(warning: Failure): void {
    this.warnings.add(warning);
  }

  failOf(subject: Subject): Fail {
    return (code, expected, found) => this.fail({ code, subject, expected, found });
  }
}

/** What `read` gives; undefined, and heard by `fail`, where the bytes are refused. */
export function orFail<T>(read: () => T, fail: (found: string) => void): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    fail(error.message);
    return undefined;
  }
}
