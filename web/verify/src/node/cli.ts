import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { hex, Malformed, type Bytes } from "../lib/bytes";
import { ENGINES } from "../lib/decisions/engines";
import { RemoteDecider, serveDecisions, type Ask, type Reply, type StartThread } from "../lib/decisions/remote";
import { describeNotRecomputed, type Report, type Verdict } from "../lib/report";
import { sha256 } from "../lib/sha256";
import { verifyBundle } from "../lib/verify";
import { FileSource, useNodeSha256 } from "./files";
import { verifyReceipts } from "./receipt";
import { safe, Unreadable, Usage } from "./usage";

const USAGE = `cairn-verify FILE --trust POLICY [--engine WASM] [--output json|table] [--allow-unpinned]

Verifies an evidence bundle offline: integrity, completeness, corroboration. POLICY is the verifier's own trust policy; without
it the bundle vouches for itself, and the exit code is 1 unless --allow-unpinned is given. Policy decisions are recomputed by the
bundle's engine.wasm, or by the one given, if its digest is one of those that this verifier knows.
Exit code: 0 verified, 1 not verified, 2 usage, or the verification could not run.

cairn-verify receipt FILE... --trust POLICY   verifies receipts: cairn-verify receipt --help`;

/** Runs the command; gives its exit code. */
async function main(args: string[]): Promise<number> {
  if (args[0] === "receipt") return verifyReceipts(args.slice(1));
  let options: { trust?: string | undefined; output?: string | undefined; engine?: string | undefined; "allow-unpinned"?: boolean | undefined; help?: boolean | undefined }, files: string[];
  try {
    ({ values: options, positionals: files } = parseArgs({
      args,
      allowPositionals: true,
      options: { trust: { type: "string" }, engine: { type: "string" }, output: { type: "string" }, "allow-unpinned": { type: "boolean" }, help: { type: "boolean", short: "h" } },
    }));
  } catch (error) {
    throw new Usage((error as Error).message, USAGE);
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const output = options.output ?? "table";
  if (output !== "json" && output !== "table") throw new Usage(`--output is json or table, not ${output}`, USAGE);
  if (files.length !== 1) throw new Usage("expected one bundle", USAGE);
  useNodeSha256();
  const policy = options.trust === undefined ? undefined : (new Uint8Array(await readFile(options.trust)) as Bytes);
  const engines = options.engine === undefined ? undefined : await readEngine(options.engine);
  const decider = new RemoteDecider(startThread);
  const source = await FileSource.open(files[0]!);
  try {
    const report = await verifyBundle(source, policy, {}, { decider, ...(engines ? { engines } : {}) });
    console.log(output === "json" ? JSON.stringify(report, undefined, 2) : table(report));
    if (!report.trust.pinned && !options["allow-unpinned"]) {
      console.error("cairn-verify: unpinned: no --trust policy was given, so the bundle vouched for itself");
      return 1;
    }
    return report.verified ? 0 : 1;
  } finally {
    decider.end();
    await source.close();
  }
}

/** Another thread of this same program. */
const startThread: StartThread = (answered, failed) => {
  const worker = new Worker(new URL(import.meta.url));
  worker.on("message", (reply: Reply) => answered(reply));
  worker.on("error", failed);
  return { post: (message) => worker.postMessage(message), end: () => void worker.terminate() };
};

/** An engine that is known, by its digest. */
async function readEngine(path: string): Promise<ReadonlyMap<string, Bytes>> {
  const bytes = new Uint8Array(await readFile(path)) as Bytes, digest = hex(sha256(bytes));
  if (!ENGINES.has(digest)) throw new Usage(`--engine ${path}: expected WebAssembly with the SHA-256 ${[...ENGINES.keys()].join(" or ")}, found ${digest}`, USAGE);
  return new Map([[digest, bytes]]);
}

function table(report: Report): string {
  const lines = [report.verified ? (report.trust.pinned ? "VERIFIED" : "VERIFIED, BUT UNPINNED: the keys came from the bundle itself") : "NOT VERIFIED"];
  lines.push(`trail ${report.trace ?? "unknown"}`);
  if (report.checkpoint) lines.push(`  checkpoint ${report.checkpoint.origin} size ${report.checkpoint.size}, signed ${report.checkpoint.time ?? "at no stated time"}`);
  lines.push(`  trust: ${report.trust.pinned ? "the given policy" : "the bundle's own policy"}`);
  lines.push(`  ${report.counts.records} records in ${report.counts.statements} statements of ${report.counts.streams} streams, ${report.counts.contents} disclosed contents`);
  const verdict = (name: string, one: Verdict, more = ""): void => {
    lines.push(`${name}: ${one.state.toUpperCase()}${more}`);
    for (const failure of one.failures) lines.push(`  x ${failure.code}: ${failure.subject.kind} ${failure.subject.id}: expected ${failure.expected}, found ${failure.found}`);
    if (one.failure_count > one.failures.length) lines.push(`  x and ${one.failure_count - one.failures.length} more`);
    for (const limit of one.limits) lines.push(`  - does not prove ${limit.does_not_prove}; what would: ${limit.what_would}`);
  };
  const { actions, decisions: decided } = report;
  verdict("integrity", report.integrity);
  verdict("completeness", report.completeness);
  verdict("corroboration", report.corroboration, ` (${actions.actions} actions: ${actions.reported} reported, ${actions.observed} observed, ${actions.confirmed} confirmed; ${actions.effects} effects)`);
  if (decided.recorded > 0) lines.push(`decisions: ${decided.recorded} recorded, ${decided.recomputed} recomputed, of which ${decided.differ} came out otherwise${decided.not_recomputed.length === 0 ? "" : `; not recomputed: ${describeNotRecomputed(decided)}`}`);
  for (const warning of report.warnings) lines.push(`warning ${warning.code}: ${warning.subject.kind} ${warning.subject.id}: expected ${warning.expected}, found ${warning.found}`);
  return lines.map(safe).join("\n");
}

if (isMainThread) {
  main(process.argv.slice(2)).then(
    (code) => (process.exitCode = code),
    (error: unknown) => {
      process.exitCode = 2;
      if (error instanceof Usage) console.error(`cairn-verify: ${error.message}\n${error.usage}`);
      else if (error instanceof Unreadable) console.error(`cairn-verify: ${safe(error.message)}`);
      else if (error instanceof Malformed) console.error(`cairn-verify: the policy can't be used: ${safe(error.message)}`);
      else if (error instanceof Error && "code" in error) console.error(`cairn-verify: ${error.message}`);
      else throw error;
    },
  );
} else {
  const serve = serveDecisions((reply) => parentPort!.postMessage(reply));
  parentPort!.on("message", (question: Ask) => void serve(question));
}
