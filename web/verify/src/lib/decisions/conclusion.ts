import type { DecisionInput } from "./input";
import type { Policy, PolicyBundle } from "./policy-bundle";

/** The decision that follows from Cedar's answer (docs/spec/policy-bundle.md §7). */

/** A decision in the texts that a record has of it. */
export interface Decided {
  readonly decision: string;
  readonly determining: readonly string[];
  readonly errors: readonly string[];
  readonly obligations: readonly string[];
  readonly reason: string;
  readonly version: string;
}

interface CedarAnswer {
  readonly type: string;
  readonly errors?: readonly { readonly message: string }[];
  readonly response?: {
    readonly decision: string;
    readonly diagnostics: { readonly reason: readonly string[]; readonly errors: readonly { readonly policyId: string; readonly error: { readonly message: string } }[] };
  };
}

/** A denial because something went wrong. */
export const failed = (bundle: PolicyBundle, errors: readonly string[], determining: readonly string[] = []): Decided => ({
  decision: "deny", determining, errors, obligations: [], reason: "policy could not be evaluated", version: bundle.manifest.version,
});

/** @param json Cedar's AuthorizationAnswer. */
export function conclude(bundle: PolicyBundle, input: DecisionInput, json: string): Decided {
  const answer = JSON.parse(json) as CedarAnswer;
  if (answer.type !== "success" || !answer.response) return failed(bundle, (answer.errors ?? []).map(({ message }) => ofRequest(input.type, message)).sort());
  const { decision, diagnostics } = answer.response;
  const ids = [...diagnostics.reason].sort(), policies = ids.map((id) => bundle.policies.get(id)!);
  if (diagnostics.errors.length > 0) return failed(bundle, diagnostics.errors.map(({ policyId, error }) => ofPolicy(policyId, error.message)).sort(), ids);
  const made = (outcome: string, obligations: readonly string[], speaking: readonly Policy[], otherwise: string): Decided => {
    const reasons = [...new Set(speaking.flatMap((policy) => policy.reason ?? []))];
    return { decision: outcome, determining: ids, errors: [], obligations, reason: reasons.length === 0 ? otherwise : reasons.join("; "), version: bundle.manifest.version };
  };
  if (decision !== "allow") return made("deny", [], policies, ids.length === 0 ? "no policy permits it" : `forbidden by ${ids.join(", ")}`);
  const asking = policies.filter((policy) => policy.approvers.length > 0);
  if (asking.length > 0 && !input.approved) {
    const approvers = asking[0]!.approvers.filter((one) => asking.every((policy) => policy.approvers.includes(one)));
    if (approvers.length === 0) return failed(bundle, [`the policies ${asking.map(({ id }) => id).join(", ")} ask for approval by different people`], ids);
    return made("needs_approval", approvers.map((one) => `approval:${one}`), asking, `needs approval by ${approvers.join(" or ")}`);
  }
  const credentials = [...new Set(policies.flatMap((policy) => policy.credential ?? []))];
  if (credentials.length > 1) return failed(bundle, [`the policies that permit it grant different credentials: ${credentials.join(", ")}`], ids);
  return made("allow", credentials.map((one) => `credential:${one}`), policies, `permitted by ${ids.join(", ")}`);
}

/** Messages of the engine quote values, which may be content; some name attributes and types alone. */
const withoutValues = (message: string): string => message.replace(/`[^`]*`|"[^"]*"/g, "`…`");

function ofPolicy(id: string, message: string): string {
  const safe = message.startsWith("record does not have the attribute") || message.startsWith("type error: expected");
  return `policy ${id}: ${safe ? message : withoutValues(message)}`;
}

function ofRequest(action: string, message: string): string {
  const safe = message.startsWith("while parsing context") || message.startsWith("type error");
  return `the request does not fit the schema of action ${action}: ${safe ? message : withoutValues(message)}`;
}
