import type { Report, Verdict } from "../lib/report";
import { describeRevoked } from "../lib/revocations";
import type { Failure } from "../lib/stop";
import { decisionSentence } from "./decisions";
import { element } from "./dom";

const SHOWN = 200;

/** The answer in one line, and what it rests on. */
export function banner(report: Report): HTMLElement {
  const kind = !report.verified ? "failed" : report.trust.pinned ? "passed" : "unpinned";
  const title = kind === "failed" ? "Not verified" : kind === "passed" ? "Verified" : "Consistent, but trust is not pinned";
  const parts: HTMLElement[] = [element("h2", { id: "answer" }, title)];
  if (!report.trust.pinned) {
    parts.push(
      element(
        "p", { class: "warn" },
        "No trust policy was given, so this bundle vouched for itself. Whoever forges a bundle can put their own keys into it. This proves nothing about who made the evidence: get the ledger's trust policy by another way, and verify again.",
      ),
    );
  }
  const { checkpoint, counts } = report;
  parts.push(
    element(
      "p", {},
      `Trail ${report.trace ?? "unknown"}: ${counts.records} records in ${counts.statements} statements of ${counts.streams} streams, ${counts.contents} disclosed contents.`,
      checkpoint ? ` Checkpoint of ${checkpoint.origin}, size ${checkpoint.size}, ${checkpoint.time ? `signed ${checkpoint.time}` : "of no stated time"}.` : " No checkpoint was read.",
    ),
  );
  for (const { by, not_before, not_after } of report.times.trail) {
    const bounds = [...(not_before ? [`not before ${not_before.time} (${not_before.name})`] : []), ...(not_after ? [`not after ${not_after.time} (${not_after.name})`] : [])];
    parts.push(element("p", {}, `By the word of ${by === "log" ? "the log" : `a ${by}`}, all of it was made ${bounds.join(" and ")}.`));
  }
  for (const one of report.revoked) parts.push(element("p", { class: "warn" }, `Revoked ${describeRevoked(one)}.`));
  const keys = [...report.trust.log_keys, ...report.trust.witnesses.map((name) => `witness ${name}`)];
  parts.push(element("p", { class: "quiet" }, keys.length > 0 ? `Signed by ${keys.join(", ")}` : "Signed by no known key"));
  for (const { size, old, new: next } of report.trust.successions) parts.push(element("p", { class: "quiet" }, `At size ${size} the log's keys changed: ${old.join(", ")} were followed by ${next.join(", ")}.`));
  return element("section", { class: `banner ${kind}`, "aria-labelledby": "answer" }, ...parts);
}

export function verdicts(report: Report): HTMLElement {
  const { actions } = report, decisions = decisionSentence(report.decisions);
  return element(
    "div", { class: "verdicts" },
    card("Integrity", report.integrity, "Every byte that counts is the one that its emitter signed and that the checkpoint commits to."),
    card("Completeness", report.completeness, "No emitter's sequence has a hole, every part has its end, every emitter that the root counted is there."),
    card("Corroboration", report.corroboration, `${actions.actions} actions: ${actions.reported} reported by the actor alone, ${actions.observed} observed by a gateway, ${actions.confirmed} confirmed by the target; ${actions.effects} effects.${decisions === undefined ? "" : ` ${decisions}`}`),
  );
}

function card(name: string, verdict: Verdict, meaning: string): HTMLElement {
  const id = `verdict-${name.toLowerCase()}`;
  return element(
    "section", { class: `card ${verdict.state}`, "aria-labelledby": id },
    element("h3", { id }, `${name}: `, element("span", { class: "state" }, verdict.state)),
    element("p", { class: "quiet" }, meaning),
    verdict.failures.length > 0 ? failureList(verdict.failures, verdict.failure_count) : undefined,
    verdict.limits.length > 0 ? element("h4", {}, "What this does not prove") : undefined,
    verdict.limits.length > 0
      ? element("ul", { class: "limits" }, ...verdict.limits.map((limit) => element("li", {}, element("code", {}, limit.code), ` ${limit.does_not_prove}. `, element("em", {}, `What would: ${limit.what_would}.`))))
      : undefined,
  );
}

/** Failures or warnings, each with what was expected and what was found. */
export function failureList(failures: readonly Failure[], count: number): HTMLElement {
  return element(
    "ul", { class: "failures" },
    ...failures.slice(0, SHOWN).map((failure) =>
      element(
        "li", {},
        element("code", {}, failure.code), ` ${failure.subject.kind} ${failure.subject.id}`,
        element("dl", {}, element("dt", {}, "expected"), element("dd", {}, failure.expected), element("dt", {}, "found"), element("dd", {}, failure.found)),
      ),
    ),
    count > SHOWN ? element("li", {}, `and ${count - SHOWN} more`) : undefined,
  );
}

export function emitterTable(report: Report): HTMLElement {
  const head = ["Issuer", "Role by the policy", "Records", "Ended", "Counted by another", "Stream"];
  return element(
    "div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Table of emitters" },
    element(
      "table", {},
      element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))),
      element(
        "tbody", {},
        ...report.emitters.slice(0, 1000).map((one) =>
          element("tr", {}, ...[one.issuer, one.role, `${one.records}`, one.ended ? "yes" : "no", one.listed ? "yes" : "no", one.stream].map((text) => element("td", {}, text))),
        ),
      ),
    ),
  );
}
