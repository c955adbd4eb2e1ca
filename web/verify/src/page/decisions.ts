import { REASONS, type DecisionCounts, type Result } from "../lib/decisions/check";
import { describeNotRecomputed } from "../lib/report";

/** How many decisions were recomputed, in a sentence; undefined where there is none. */
export function decisionSentence({ recorded, recomputed, differ, not_recomputed }: DecisionCounts): string | undefined {
  if (recorded === 0) return undefined;
  const rest = not_recomputed.length === 0 ? "" : ` Not recomputed: ${describeNotRecomputed({ recorded, recomputed, differ, not_recomputed })}.`;
  return `${recorded} policy decisions: ${recomputed} recomputed from their inputs, policies and engine, of which ${differ} came out otherwise.${rest}`;
}

/** What became of one decision, for its record. */
export function decisionFacts(result: Result): (readonly [string, string])[] {
  switch (result.kind) {
    case "same": return [["recomputed", "the same, from its input, policy bundle and engine"]];
    case "differs": return [["recomputed", `otherwise: ${result.expected}`], ["recorded", result.found]];
    case "not-recomputed": return [["not recomputed", `a decision ${REASONS[result.reason]} (${result.reason})`]];
  }
}
