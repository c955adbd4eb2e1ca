import { hex } from "./bytes";
import type { LogKeys } from "./log-keys";
import { REASONS, type DecisionCounts } from "./decisions/check";
import type { Manifest } from "./manifest";
import { keyLabel, type Checkpoint } from "./note";
import type { Judgement, TrustPolicy } from "./policy";
import type { RevokedKey } from "./revocations";
import type { Failure } from "./stop";
import { latestOf, showUtc, type Claim, type Source, type Times } from "./times";
import type { Trail } from "./trail";

/** The verdicts and their report (docs/spec/verification.md §7, docs/verdicts.md). */

/** Failures of one verdict: all are counted, the first ones kept, so that a hostile bundle fills no memory. */
export class Findings {
  static readonly KEPT = 1000;
  readonly kept: Failure[] = [];
  readonly codes = new Set<string>();
  count = 0;

  add(failure: Failure): void {
    this.count++;
    this.codes.add(failure.code);
    if (this.kept.length < Findings.KEPT) this.kept.push(failure);
  }

  has(code: string, id: string): boolean {
    return this.kept.some((failure) => failure.code === code && failure.subject.id === id);
  }
}

export type State = "passed" | "unproven" | "failed";

export interface Limit {
  readonly code: string;
  readonly does_not_prove: string;
  readonly what_would: string;
}

export interface Verdict {
  readonly state: State;
  readonly failure_count: number;
  readonly failures: readonly Failure[];
  readonly limits: readonly Limit[];
}

/** A bound of a bracket, and by whose word. */
export interface Bound {
  readonly time: string;
  readonly name: string;
}

const bound = (claim: Claim | undefined): Bound | null => (claim ? { time: showUtc(latestOf(claim)), name: claim.name } : null);

/** What verifying gave; as JSON it is the report of verification.md §7. */
export interface Report {
  readonly format: "cairn-verification/1";
  readonly verified: boolean;
  readonly trace: string | null;
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string; readonly time: string | null } | null;
  readonly trust: { readonly pinned: boolean; readonly log_keys: readonly string[]; readonly witnesses: readonly string[]; readonly successions: readonly { readonly size: number; readonly old: readonly string[]; readonly new: readonly string[] }[] };
  readonly times: {
    readonly anchors: readonly { readonly size: number; readonly claims: readonly { readonly by: Source; readonly name: string; readonly time: string; readonly accuracy: number | null }[] }[];
    readonly trail: readonly { readonly by: Source; readonly not_before: Bound | null; readonly not_after: Bound | null }[];
  };
  readonly counts: { readonly statements: number; readonly records: number; readonly streams: number; readonly contents: number };
  readonly integrity: Verdict;
  readonly completeness: Verdict;
  readonly corroboration: Verdict;
  readonly actions: Trail["actions"];
  readonly decisions: DecisionCounts;
  readonly emitters: readonly { readonly issuer: string; readonly stream: string; readonly role: string; readonly records: number; readonly ended: boolean; readonly listed: boolean }[];
  readonly warnings: readonly Failure[];
  readonly revoked: readonly RevokedKey[];
}

export interface Outcome {
  readonly pinned: boolean;
  readonly manifest: Manifest | undefined;
  readonly policy: TrustPolicy | undefined;
  readonly checkpoint: Checkpoint | undefined;
  readonly judgement: Judgement | undefined;
  readonly keys: LogKeys | undefined;
  readonly times: Times | undefined;
  readonly revoked: readonly RevokedKey[];
  readonly trail: Trail | undefined;
  readonly statements: number;
  readonly contents: number;
  /** Whether the bundle was read to its end. */
  readonly whole: boolean;
  readonly integrity: Findings;
  readonly completeness: Findings;
  readonly corroboration: Findings;
  readonly decisions: DecisionCounts | undefined;
  readonly warnings: Findings;
}

export function makeReport(outcome: Outcome): Report {
  const { trail, judgement, checkpoint, policy, times } = outcome;
  const brackets = times?.trail ?? [];
  const actions = trail?.actions ?? { actions: 0, reported: 0, observed: 0, confirmed: 0, effects: 0 };
  const integrity = outcome.integrity.count > 0 ? "failed" : "passed";
  const completeness = outcome.completeness.count > 0 ? "failed" : !outcome.whole || !trail?.rooted || trail.gaps > 0 ? "unproven" : "passed";
  const decisions = outcome.decisions ?? { recorded: 0, recomputed: 0, differ: 0, not_recomputed: [] };
  const corroboration = outcome.corroboration.count > 0 ? "failed" : integrity === "failed" || actions.reported > 0 ? "unproven" : "passed";
  const verdict = (state: State, findings: Findings, limits: readonly Limit[]): Verdict => ({ state, failure_count: findings.count, failures: findings.kept, limits });
  const streams = [...(trail?.streams.values() ?? [])];
  const unlisted = trail?.rooted === true && streams.filter((stream) => !trail.isListed(stream.id)).length > 1;
  return {
    format: "cairn-verification/1",
    verified: integrity !== "failed" && completeness !== "failed" && corroboration !== "failed",
    trace: outcome.manifest?.trace ?? null,
    checkpoint: checkpoint
      ? {
          origin: checkpoint.origin,
          size: Number(checkpoint.size),
          root: hex(checkpoint.root),
          time: judgement?.time === undefined ? null : new Date(Number(judgement.time) * 1000).toISOString().slice(0, 19) + "+00:00",
        }
      : null,
    trust: {
      pinned: outcome.pinned,
      log_keys: judgement?.own.filter((key) => !judgement.absent.includes(key) && !judgement.badLogs.includes(key)).map(keyLabel) ?? [],
      witnesses: judgement?.goodWitnesses ?? [],
      successions: (outcome.keys?.successions ?? []).map(({ size, old, next }) => ({ size: Number(size), old: old.map(keyLabel), new: next.map(keyLabel) })),
    },
    times: {
      anchors: (times?.anchors ?? []).map(({ size, claims }) => ({
        size: Number(size),
        claims: claims.map((claim) => ({ by: claim.by, name: claim.name, time: showUtc(claim.time), accuracy: claim.accuracy === undefined ? null : claim.accuracy / 1_000_000 })),
      })),
      trail: brackets.map((bracket) => ({ by: bracket.by, not_before: bound(bracket.notBefore), not_after: bound(bracket.notAfter) })),
    },
    counts: { statements: outcome.statements, records: trail?.records ?? 0, streams: streams.length, contents: outcome.contents },
    integrity: verdict(integrity, outcome.integrity, [
      ...(outcome.pinned ? [] : [LIMITS.unpinned]),
      ...(policy === undefined || policy.quorum === undefined ? [LIMITS["no-witnesses"]] : []),
      brackets.some((bracket) => bracket.by !== "log" && bracket.notAfter) ? LIMITS.bracket : LIMITS.clocks,
      LIMITS.truth,
    ]),
    completeness: verdict(completeness, outcome.completeness, [
      ...(outcome.whole ? [] : [LIMITS["not-read"]]),
      ...(outcome.whole && trail && !trail.rooted ? [LIMITS["no-root"]] : []),
      ...(trail && trail.gaps > 0 ? [LIMITS["declared-gaps"]] : []),
      ...(unlisted ? [LIMITS["unlisted-emitters"]] : []),
      LIMITS["outside-capture"],
    ]),
    corroboration: verdict(corroboration, outcome.corroboration, [
      ...(outcome.whole ? [] : [LIMITS["not-read"]]),
      ...(actions.reported > 0 ? [LIMITS["self-reported"]] : []),
      ...(actions.effects === 0 && actions.confirmed === 0 ? [LIMITS["no-target-log"]] : []),
      ...(decisions.not_recomputed.length > 0 ? [notRecomputed(decisions)] : []),
    ]),
    actions,
    decisions,
    emitters: streams.map((stream) => ({ issuer: stream.issuer, stream: stream.id, role: stream.role ?? "unknown", records: stream.records, ended: stream.ended || (stream.onlyGaps && stream.records > 0), listed: trail!.isListed(stream.id) })),
    warnings: outcome.warnings.kept,
    revoked: outcome.revoked,
  };
}

const limit = (code: string, does_not_prove: string, what_would: string): Limit => ({ code, does_not_prove, what_would });

/** Which decisions were not recomputed, and why, in words. */
export const describeNotRecomputed = (decisions: DecisionCounts): string => decisions.not_recomputed.map(({ reason, count }) => `${count} ${REASONS[reason]}`).join(", ");

const notRecomputed = (decisions: DecisionCounts): Limit =>
  limit(
    "decisions-not-recomputed",
    `that ${decisions.recorded - decisions.recomputed} of ${decisions.recorded} policy decisions follow from their inputs: ${describeNotRecomputed(decisions)}`,
    "a bundle with the decisions' inputs, policy bundles and engine (cairn export --decisions)",
  );

/** docs/verdicts.md, Limits. */
const LIMITS = {
  unpinned: limit("unpinned", "who made this evidence: the keys were taken from the bundle itself, and whoever forges a bundle can put their own into it", "a trust policy from the ledger's operator, received by another way"),
  "no-witnesses": limit("no-witnesses", "that everybody was shown the same ledger: without witnesses its operator could show different trees to different people", "witnesses' cosignatures and a quorum line in the trust policy"),
  clocks: limit("clocks", "when things happened, beyond their order in the ledger: times are what the emitters' and the log's clocks said", "timestamps of an independent authority over the checkpoints"),
  bracket: limit("bracket", "when things happened within their brackets: before a witness or timestamper saw the ledger, times are what the emitters' and the log's clocks said", "witnesses and timestamps at shorter intervals"),
  truth: limit("truth", "that what was recorded is true: a signature shows who said it, and that it was not changed since", "corroboration by others than the actor"),
  "not-read": limit("not-read", "that nothing is missing: the bundle could not be read to its end", "the whole, unaltered bundle"),
  "no-root": limit("no-root", "that every emitter is there: nobody recorded the start of the trail", "an emitter at the caller that started the trace"),
  "declared-gaps": limit("declared-gaps", "that nothing is missing: emitters declare gaps themselves", "the evidence that they name, from elsewhere"),
  "unlisted-emitters": limit("unlisted-emitters", "that no further emitter is missing: none counted all that are here", "a task.ended of the root, written after all others"),
  "outside-capture": limit("outside-capture", "that the agent did nothing else: an act that passed no emitter leaves no record", "the target systems' own logs, reconciled with the trail"),
  "self-reported": limit("self-reported", "that these actions happened so: only the actor speaks for them", "a gateway on their path, or the target's own log"),
  "no-target-log": limit("no-target-log", "that what was requested took effect: no target system's own log is in the evidence", "an importer of the target's audit log"),
} as const;
