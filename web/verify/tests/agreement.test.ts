import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { Malformed, type Bytes } from "../src/lib/bytes";
import { LocalDecider } from "../src/lib/decisions/decider";
import type { Report } from "../src/lib/report";
import { verifyBundle } from "../src/lib/verify";
import { MemorySource } from "../src/node/files";
import { ANCHOR_LIES, anchored } from "./making/anchors";
import { change, CHANGE_LIES } from "./making/changes";
import { pack } from "./making/damage";
import { ENGINES } from "./making/engine";
import { changeKeys, KEY_LIES } from "./making/key-changes";
import { OtherVerifier } from "./making/other";
import { Random } from "./making/random";
import { readRevocations, readRotations } from "./making/rotations";
import { tell } from "./making/story";
import { KEY_WAYS, readKeyChanges, twistKeys } from "./making/successions";
import { vectorsOf, waysOf, type Case } from "./making/ways";

/**
 * Both verifiers over the same bundles: those of the vectors, and ones made from seeds, well over a thousand a seed.
 * CAIRN_AGREEMENT_ROUNDS sets how many seeds, CAIRN_AGREEMENT_SEED the first, CAIRN_AGREEMENT_WAY a way alone. A bundle on which
 * they disagree is kept in .build/disagreements with its policy.
 */
const home = join(import.meta.dirname, "../../..");
const rounds = Number(process.env.CAIRN_AGREEMENT_ROUNDS ?? 1);
const first = Number(process.env.CAIRN_AGREEMENT_SEED ?? 1);
const kept = join(home, ".build/disagreements");
const vectors = join(home, "docs/spec/vectors/bundles");
/** Bundles that the other verifier is asked about before its answers are waited for. */
const AHEAD = 16;

type Answer = Report | { readonly policy: string };

/** How much was read of a file with damaged compressed data is not fixed: for those only the verdict must be the same. */
const isDamaged = (answer: Answer): boolean =>
  "format" in answer && answer.integrity.failures.some((failure) => failure.code === "zip-bomb" || failure.code === "zip-corrupt");

/** What both must say alike. */
function essence(report: Answer, damaged: boolean): unknown {
  if (!("format" in report)) return report;
  if (damaged) return { verified: report.verified, integrity: report.integrity.state };
  // Whether a damaged certificate still gives a key that its signature can be tried with is not fixed (verification.md §4.5).
  const untrusted = new Set(report.integrity.failures.filter((failure) => failure.code === "certificate-untrusted").map((failure) => failure.subject.id));
  const failed = (verdict: Report["integrity"]): Report["integrity"]["failures"] => verdict.failures.filter((failure) => failure.code !== "statement-signature" || !untrusted.has(failure.subject.id));
  const side = (verdict: Report["integrity"]): unknown => ({
    state: verdict.state,
    codes: [...new Set(failed(verdict).map((failure) => failure.code))].sort(),
    subjects: [...new Set(failed(verdict).filter((failure) => SUBJECTS.has(failure.code)).map((failure) => `${failure.code} ${failure.subject.id}`))].sort(),
    limits: verdict.limits.map((limit) => limit.code).sort(),
  });
  return {
    verified: report.verified,
    trace: report.trace,
    checkpoint: report.checkpoint,
    trust: report.trust,
    times: report.times,
    revoked: report.revoked,
    counts: report.counts,
    integrity: side(report.integrity),
    completeness: side(report.completeness),
    corroboration: side(report.corroboration),
    actions: report.actions,
    decisions: report.decisions,
    decided: report.corroboration.failures.map(({ code, subject, expected }) => ({ code, id: subject.id, expected })),
    emitters: report.emitters,
    warnings: [...new Set(report.warnings.map((warning) => warning.code))].sort(),
  };
}

/** Codes whose subjects both name alike: a statement by its index, a record or stream by its id, a file by its name. */
const SUBJECTS = new Set([
  "index-order", "inclusion-path", "inclusion-root", "stream-issuer", "stream-order", "stream-previous", "head-after-statement", "head-missing", "records-root", "issuer-unknown", "certificate-missing", "certificate-untrusted",
  "certificate-expired", "root-removed", "root-not-yet-trusted", "trust-change-malformed", "trust-change-untrusted", "trust-change-missing", "statement-signature", "certificate-mismatch",
  "record-trace", "record-duplicate", "sequence-gap", "sequence-repeated", "record-body", "action-unrequested", "action-open", "emitter-open", "emitter-missing", "records-missing", "count-mismatch", "file-digest",
]);

/** One for all bundles: the engine is compiled once. */
const decider = new LocalDecider();

async function ours(bundle: Bytes, policy: Bytes | undefined): Promise<Answer> {
  try {
    return await verifyBundle(new MemorySource(bundle), policy, {}, { decider, engines: ENGINES });
  } catch (error) {
    if (error instanceof Malformed) return { policy: "malformed" };
    throw error;
  }
}

/** Where two values differ, by their paths; nothing when they are the same. */
function differences(mine: unknown, theirs: unknown, path = ""): string[] {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
  if (isObject(mine) && isObject(theirs)) {
    return [...new Set([...Object.keys(mine), ...Object.keys(theirs)])].flatMap((name) => differences(mine[name], theirs[name], `${path}.${name}`));
  }
  const [left, right] = [JSON.stringify(mine), JSON.stringify(theirs)];
  return left === right ? [] : [`  ${path.slice(1)}: web/verify ${left}, cairn verify ${right}`];
}

/** Compares both answers; gives the disagreement, if there is one. */
function compare(mine: Answer, theirs: Answer, { name, bundle, policy }: Case): string | undefined {
  const damaged = isDamaged(mine) || isDamaged(theirs);
  const found = differences(essence(mine, damaged), essence(theirs, damaged));
  if (found.length === 0) return undefined;
  const at = join(kept, name.replaceAll(/[^A-Za-z0-9]+/g, "-"));
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, "bundle.zip"), bundle);
  if (policy) writeFileSync(join(at, "trust.policy"), policy);
  return `${name} (kept in ${at})\n${found.join("\n")}`;
}

const options = OtherVerifier.isBuilt ? {} : { skip: "the C# verifier is not built: run ./test, or dotnet build tests/Cairn.Verdicts -c Release" };
const other = OtherVerifier.isBuilt ? new OtherVerifier() : undefined;
after(() => other?.close());

/** Compares all bundles, and reports every disagreement at the end. */
async function agree(context: TestContext, cases: Iterable<Case>): Promise<void> {
  const disagreements: string[] = [], waiting: { readonly one: Case; readonly mine: Answer; readonly theirs: Promise<Record<string, unknown>> }[] = [];
  let count = 0;
  const settle = async (left: number): Promise<void> => {
    while (waiting.length > left) {
      const { one, mine, theirs } = waiting.shift()!;
      const found = compare(mine, (await theirs) as unknown as Answer, one);
      if (found) disagreements.push(found);
    }
  };
  for (const one of cases) {
    count++;
    const theirs = other!.verify(one.bundle, one.policy);
    waiting.push({ one, mine: await ours(one.bundle, one.policy), theirs });
    await settle(AHEAD);
  }
  await settle(0);
  context.diagnostic(`${count} bundles`);
  assert.ok(count > 0);
  if (disagreements.length > 0) assert.fail(`${disagreements.length} of ${count} bundles:\n${disagreements.join("\n")}`);
}

// Before any test is there: a test runner that finds its tests done would not wait for what comes after this.
const ways = Object.entries(waysOf(await readRotations(vectors), await readKeyChanges(vectors), await readRevocations(vectors))).filter(([name]) => (process.env.CAIRN_AGREEMENT_WAY ?? name) === name);
assert.ok(ways.length > 0, `no way is called ${process.env.CAIRN_AGREEMENT_WAY}`);

test("Both_verifiers_agree_on_the_vectors", options, (context) => agree(context, vectorsOf(vectors)));
test("Both_verifiers_agree_on_the_vectors_of_decisions", options, (context) => agree(context, vectorsOf(join(home, "docs/spec/vectors/decisions"))));

for (const [way, make] of ways) {
  test(`Both_verifiers_agree_on_${way}`, options, (context) =>
    agree(context, (function* () {
      for (let seed = first; seed < first + rounds; seed++) for (const one of make(seed)) yield { ...one, name: `${way} seed ${seed} ${one.name}` };
    })()));
}

test("Anchors_bring_up_every_code_of_times", async () => {
  const codes = new Set<string>(), stamped = new Set<string>();
  for (const [i, lie] of ANCHOR_LIES.entries()) {
    const random = new Random(8009 + i), made = anchored(random, tell(random, "none", true), lie);
    try {
      const report = await verifyBundle(new MemorySource(pack(random, made)), made.policy);
      for (const failure of [...report.integrity.failures, ...report.warnings]) codes.add(failure.code);
      if (report.times.trail.some((bracket) => bracket.by === "timestamper")) stamped.add(lie);
    } catch (error) {
      assert.ok(error instanceof Malformed && lie === "policy line twice", lie);
    }
  }
  for (const code of ["timestamp-malformed", "timestamp-imprint", "timestamp-unknown", "timestamp-usage", "timestamp-expired", "timestamp-signature", "time-contradicted", "head-inconsistent", "checkpoint-unsigned", "checkpoint-signature", "checkpoint-origin", "line-malformed"]) {
    assert.ok(codes.has(code), code);
  }
  for (const lie of ["none", "last second", "older attribute", "both attributes", "issuer and serial named", "other extension", "no accuracy", "accuracy in all units", "time with a fraction", "nonce", "through an intermediate", "no key usage", "dated by 299 seconds"]) assert.ok(stamped.has(lie), lie);
});

test("Roots_that_come_and_go_bring_up_every_code_of_changes", async () => {
  const codes = new Set<string>();
  let good = 0;
  const wanted = ["root-removed", "root-not-yet-trusted", "trust-change-malformed", "trust-change-untrusted", "trust-change-missing", "certificate-untrusted", "certificate-expired", "issuer-unknown"];
  for (const [i, lie] of CHANGE_LIES.entries()) {
    const { bundle, policy } = change(new Random(7001 + i), lie), { integrity } = await verifyBundle(new MemorySource(bundle), policy);
    for (const failure of integrity.failures) codes.add(failure.code);
    if (integrity.state === "passed") good++;
  }
  assert.deepEqual([...codes].sort(), wanted.sort());
  assert.ok(good > 5, `${good} of ${CHANGE_LIES.length} are good`);
});

test("Made_up_changes_of_keys_are_good_without_a_lie_and_bring_up_their_codes_with_one", async () => {
  const codes = new Set<string>();
  let good = 0;
  for (let seed = 1; seed <= 3; seed++) {
    for (const [i, lie] of KEY_LIES.entries()) {
      const { bundle, policy } = changeKeys(new Random(seed * 5003 + i), lie), { integrity } = await verifyBundle(new MemorySource(bundle), policy);
      for (const failure of integrity.failures) codes.add(failure.code);
      if (integrity.state === "passed") good++;
    }
  }
  for (const code of ["succession-malformed", "succession-unsigned", "succession-untrusted", "succession-downgrade", "key-retired", "algorithm-unknown", "checkpoint-unsigned", "certificate-untrusted", "inclusion-path", "index-order"]) assert.ok(codes.has(code), code);
  assert.ok(good > 10, `${good} are good`);
});

test("Altered_changes_of_keys_bring_up_every_code_of_theirs", async () => {
  const codes = new Set<string>();
  for (const [i, made] of (await readKeyChanges(vectors)).entries()) {
    for (const [j, way] of KEY_WAYS.entries()) {
      if ((i + j) % 4 !== 0) continue;
      const { bundle, policy } = twistKeys(new Random(3001 + i * 101 + j), made, way);
      for (const failure of (await verifyBundle(new MemorySource(bundle), policy)).integrity.failures) codes.add(failure.code);
    }
  }
  for (const code of ["succession-malformed", "succession-unsigned", "succession-untrusted", "succession-downgrade", "key-retired", "algorithm-unknown", "checkpoint-unsigned", "checkpoint-signature", "inclusion-path", "inclusion-root", "records-count", "records-root", "head-inconsistent", "line-malformed"]) {
    assert.ok(codes.has(code), code);
  }
});

test("A_disagreement_is_a_failure_with_the_bundle_kept", async () => {
  const bundle = new Uint8Array(readFileSync(join(vectors, "good.zip"))), name = "a test of the test";
  const found = compare(await ours(bundle, undefined), { policy: "malformed" }, { name, bundle, policy: undefined });
  try {
    assert.match(found!, /a test of the test/);
    assert.deepEqual(new Uint8Array(readFileSync(join(kept, "a-test-of-the-test", "bundle.zip"))), bundle);
  } finally {
    rmSync(join(kept, "a-test-of-the-test"), { recursive: true, force: true });
  }
});
