import type { Report } from "../lib/report";
import { byId, element } from "./dom";
import { VirtualList } from "./list";
import { Rows } from "./rows";
import { VerifySession, type Answer, type Question, type RecordDetail, type WorkerCode } from "./session";
import { delegationTree } from "./tree";
import { decisionFacts } from "./decisions";
import { banner, emitterTable, failureList, verdicts } from "./verdicts";

/** The worker's code, put here by the build. */
declare const WORKER_CODE: string;
const workerCode: string = WORKER_CODE;

/** Sends questions to a worker, or to a session on this page where browsers refuse workers to files. */
function connect(hear: (answer: Answer) => void): (question: Question) => void {
  const session = (): ((question: Question) => void) => {
    const own = new VerifySession(hear);
    return (question) => void own.ask(question);
  };
  let send: (question: Question) => void;
  let heard = false;
  try {
    const worker = new Worker(URL.createObjectURL(new Blob([workerCode], { type: "text/javascript" })));
    worker.postMessage({ kind: "code", code: workerCode } satisfies WorkerCode);
    let last: Question | undefined;
    worker.addEventListener("message", (event: MessageEvent<Answer>) => {
      heard = true;
      hear(event.data);
    });
    worker.addEventListener("error", (event) => {
      if (heard) {
        hear({ kind: "unusable", message: `This could not be verified: ${event.message}` });
        return;
      }
      send = session();
      if (last) send(last);
    });
    send = (question) => worker.postMessage((last = question));
  } catch {
    // Some browsers throw here for pages from disk; the page does the work itself, in slices.
    send = session();
  }
  return (question) => send(question);
}

let report: Report | undefined, rows: Rows | undefined, bundle: File | undefined, policy: File | undefined;
const ask = connect(hear);
const form = byId<HTMLFormElement>("files"), bundleInput = byId<HTMLInputElement>("bundle"), policyInput = byId<HTMLInputElement>("policy");
const progress = byId<HTMLProgressElement>("progress"), status = byId("status"), results = byId("results");

function choose(file: File): void {
  if (/\.zip$/i.test(file.name)) bundle = file;
  else policy = file;
  describe();
}

function describe(): void {
  byId("bundle-name").textContent = bundle ? `${bundle.name}, ${bundle.size.toLocaleString("en")} bytes` : "none chosen";
  byId("policy-name").textContent = policy ? policy.name : "none chosen: trust will not be pinned";
  byId<HTMLButtonElement>("verify").disabled = !bundle;
}

bundleInput.addEventListener("change", () => {
  bundle = bundleInput.files?.[0];
  describe();
});
policyInput.addEventListener("change", () => {
  policy = policyInput.files?.[0];
  describe();
});
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
}
document.addEventListener("dragleave", () => form.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  for (const file of event.dataTransfer?.files ?? []) choose(file);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!bundle) return;
  results.hidden = true;
  progress.hidden = false;
  progress.value = 0;
  status.textContent = "Verifying…";
  byId<HTMLButtonElement>("verify").disabled = true;
  ask({ kind: "verify", bundle, policy });
});

function hear(answer: Answer): void {
  switch (answer.kind) {
    case "progress":
      progress.max = answer.all;
      progress.value = answer.done;
      status.textContent = `Verifying: ${Math.floor((100 * answer.done) / Math.max(answer.all, 1))} %`;
      break;
    case "report":
      report = answer.report;
      rows = new Rows(answer.rows);
      status.textContent = `Done in ${(answer.milliseconds / 1000).toFixed(1)} s: ${answer.report.verified ? "verified" : "not verified"}${answer.report.trust.pinned ? "" : ", trust not pinned"}.`;
      document.documentElement.dataset.state = "done";
      show();
      break;
    case "record":
      showRecord(answer.line, answer.detail);
      break;
    case "unusable":
      status.textContent = answer.message;
      document.documentElement.dataset.state = "unusable";
      break;
  }
  if (answer.kind === "report" || answer.kind === "unusable") {
    progress.hidden = true;
    describe();
  }
}

const list = new VirtualList(
  byId("timeline"),
  (i) => [
    element("time", {}, rows!.time(i).slice(11, 23)), element("span", { class: "kind" }, rows!.kind(i)), element("span", { class: `mark ${rows!.assurance(i)}` }, rows!.assurance(i)),
    element("span", { class: "actor" }, rows!.actor(i)),
  ],
  (line) => ask({ kind: "record", line }),
);
const filter = byId<HTMLInputElement>("filter");
filter.addEventListener("input", showRows);

function show(): void {
  byId("answers").replaceChildren(banner(report!), verdicts(report!));
  byId("warnings").replaceChildren(...(report!.warnings.length > 0 ? [element("h2", {}, "Warnings"), failureList(report!.warnings, report!.warnings.length)] : []));
  byId("emitters").replaceChildren(emitterTable(report!));
  byId("tree").replaceChildren(delegationTree(rows!, report!));
  byId("record").replaceChildren(element("p", { class: "quiet" }, "Choose a record to see it with its proof."));
  filter.value = "";
  results.hidden = false;
  showRows();
}

function showRows(): void {
  const found = rows!.find(filter.value.trim().toLowerCase());
  byId("count").textContent = `${found.length.toLocaleString("en")} of ${rows!.count.toLocaleString("en")} records`;
  list.show(found);
}

function step(title: string, ...facts: (readonly [string, string])[]): HTMLElement {
  return element("li", {}, element("strong", {}, title), element("dl", {}, ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])));
}

function showRecord(line: number, detail: RecordDetail): void {
  const { statement } = detail, checkpoint = report!.checkpoint;
  const subjects = new Set([rows!.id(line), `line ${line + 1}`, statement?.index ?? ""]);
  const failures = [...report!.integrity.failures, ...report!.completeness.failures, ...report!.corroboration.failures].filter((failure) => subjects.has(failure.subject.id) && (failure.subject.kind === "record" || failure.subject.kind === "statement"));
  byId("record").replaceChildren(
    element("h3", { id: "record-title", tabindex: "-1" }, `${rows!.kind(line)} · ${rows!.time(line)}`),
    failures.length > 0 ? failureList(failures, failures.length) : element("p", { class: "quiet" }, report!.integrity.state === "passed" ? "Its proof holds, step by step:" : "No failure names this record or its statement; but the bundle is not intact."),
    element(
      "ol", { class: "proof" },
      step("Record", ["leaf hash", detail.leaf], ["position in its statement", `${detail.position}`], ["assurance", rows!.assurance(line)]),
      statement
        ? step("Statement", ["signed by", statement.issuer], ["with", `${statement.algorithm}, ${statement.key}`], ["stream and ordinal", `${statement.stream}, ${statement.seq}`], ["records under its root", `${statement.records}, of which ${detail.siblings} are not in this bundle`], ["root", statement.root], ["hash", statement.hash])
        : step("Statement", ["unreadable", "its bytes are no statement"]),
      step("Ledger's tree", ["index", statement?.index ?? "unknown"], ["leaf hash", statement?.leaf ?? "unknown"], ["inclusion path", detail.path.length === 0 ? "empty: a tree of one leaf" : detail.path.join("\n")]),
      step("Checkpoint", ["origin", checkpoint?.origin ?? "none"], ["size", `${checkpoint?.size ?? "none"}`], ["root", checkpoint?.root ?? "none"], ["signed", checkpoint?.time ?? "at no stated time"], ["by", report!.trust.log_keys.join(", ") || "no known key"]),
      step("Time", ["its own clock", rows!.time(line)], ["others", detail.brackets.length > 0 ? detail.brackets.join("\n") : "nobody else says when"]),
      ...(detail.decision ? [step("Decision", ...decisionFacts(detail.decision))] : []),
    ),
    element("h4", {}, "The record"),
    element("pre", { tabindex: "0", role: "region", "aria-label": "The record's JSON" }, detail.json),
  );
  byId("record-title").focus();
}

describe();
