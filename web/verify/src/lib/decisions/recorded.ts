import { bodyOf, type CairnRecord } from "../record";
import type { Decided } from "./conclusion";

/** What `policy.decided` records say of decisions, and whether recomputing gives that (docs/spec/verification.md §13). */

export interface Recorded extends Decided {
  readonly entryPoint: string;
  /** Hexadecimal digests; undefined where the record names none. */
  readonly policy: string | undefined;
  readonly engine: string | undefined;
  readonly inputRedacted: boolean;
}

/** Reads the record. A member of another form counts as absent, and so does a list with another item. */
export function readDecided(record: CairnRecord): Recorded {
  const body = bodyOf(record);
  const member = (name: string): unknown => (Object.hasOwn(body, name) ? body[name] : undefined);
  const text = (name: string): string => (typeof member(name) === "string" ? (member(name) as string) : "");
  const texts = (name: string): readonly string[] => {
    const value = member(name);
    return Array.isArray(value) && value.every((item) => typeof item === "string") ? (value as string[]) : [];
  };
  const digest = (name: string): string | undefined => /^sha256:([0-9a-f]{64})$/.exec(text(name))?.[1];
  return {
    entryPoint: text("entry_point"),
    policy: digest("bundle"),
    engine: digest("engine_digest"),
    inputRedacted: isRedacted(member("input")),
    decision: text("decision"),
    determining: texts("determining"),
    errors: texts("errors"),
    obligations: texts("obligations"),
    reason: text("reason"),
    version: text("version"),
  };
}

const isRedacted = (held: unknown): boolean => typeof held === "object" && held !== null && (held as Record<string, unknown>).content === "redacted";

const MOST_TEXTS = 32;
const LONGEST = 512;
const MARKER = /\[redacted:[A-Za-z0-9_-]*\]/;
const CUT_MARKER = /\[(?:r(?:e(?:d(?:a(?:c(?:t(?:e(?:d(?::[^\]]*)?)?)?)?)?)?)?)?)?$/;

/** Whether a record's text is what it holds of another: markers stand for anything, and a long one is cut. */
export function isRecorded(recorded: string, text: string): boolean {
  if (recorded === text) return true;
  const cut = (recorded.length === LONGEST || recorded.length === LONGEST - 1) && recorded.endsWith("…");
  const shown = cut ? recorded.slice(0, -1).replace(CUT_MARKER, "") : recorded;
  const pieces = shown.split(MARKER), last = pieces.pop()!;
  let at = 0;
  for (const [i, piece] of pieces.entries()) {
    const found = i === 0 ? (text.startsWith(piece) ? 0 : -1) : text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  if (pieces.length === 0) return cut && text.startsWith(last);
  return cut ? text.includes(last, at) : text.length - last.length >= at && text.endsWith(last);
}

/** The same for a list, of which a record has the first ones and how many more there are. */
function areRecorded(recorded: readonly string[], texts: readonly string[]): boolean {
  const more = texts.length - MOST_TEXTS;
  if (recorded.length !== (more > 0 ? MOST_TEXTS + 1 : texts.length)) return false;
  return recorded.every((one, i) => (i === MOST_TEXTS ? one === `… and ${more} more` : isRecorded(one, texts[i]!)));
}

/** What differs, in words, on both sides; undefined when nothing does. */
export function differenceOf(recorded: Decided, recomputed: Decided): { readonly expected: string; readonly found: string } | undefined {
  const expected: string[] = [], found: string[] = [];
  const note = (same: boolean, name: string, is: string, was: string): void => {
    if (same) return;
    expected.push(`${name} ${shown(is)}`);
    found.push(`${name} ${shown(was)}`);
  };
  note(recorded.decision === recomputed.decision, "decision", recomputed.decision, recorded.decision);
  for (const name of ["determining", "errors", "obligations"] as const) note(areRecorded(recorded[name], recomputed[name]), name, recomputed[name].join(", "), recorded[name].join(", "));
  note(isRecorded(recorded.reason, recomputed.reason), "reason", recomputed.reason, recorded.reason);
  note(recorded.version === recomputed.version, "version", recomputed.version, recorded.version);
  return expected.length === 0 ? undefined : { expected: expected.join("; "), found: found.join("; ") };
}

const shown = (text: string): string => (text === "" ? "(nothing)" : text.length > 400 ? `${text.slice(0, 400)}…` : text).replace(/\p{Cc}/gu, "\ufffd");
