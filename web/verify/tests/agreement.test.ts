import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { concat, Malformed, utf8, type Bytes } from "../src/lib/bytes";
import { LocalDecider } from "../src/lib/decisions/decider";
import type { Report } from "../src/lib/report";
import { verifyBundle } from "../src/lib/verify";
import type { Name } from "../src/lib/zip";
import { MemorySource } from "../src/node/files";
import { ANCHOR_LIES, anchored } from "./making/anchors";
import { CONTAINER, damageBytes, damageFile, pack } from "./making/damage";
import { change, CHANGE_LIES } from "./making/changes";
import { decided, decidedOf, small } from "./making/decided";
import { ENGINES } from "./making/engine";
import { OtherVerifier } from "./making/other";
import { Random } from "./making/random";
import { changeKeys, KEY_LIES } from "./making/key-changes";
import { KEY_WAYS, readKeyChanges, twistKeys } from "./making/successions";
import { readRotations, TRUST_WAYS, twist } from "./making/rotations";
import { FAULTS, tell } from "./making/story";

/**
 * Both verifiers over the same bundles: those of the vectors, and ones made from seeds. CAIRN_AGREEMENT_ROUNDS sets how many
 * bundles of each way are made (thousands in all from 10 on), CAIRN_AGREEMENT_SEED where the seeds begin. A bundle on which they
 * disagree is kept in .build/disagreements with its policy.
 */
const home = join(import.meta.dirname, "../../..");
const rounds = Number(process.env.CAIRN_AGREEMENT_ROUNDS ?? 1);
const first = Number(process.env.CAIRN_AGREEMENT_SEED ?? 1);
const kept = join(home, ".build/disagreements");
const vectors = join(home, "docs/spec/vectors/bundles");

type Answer = Report | { readonly policy: string };

/** How much was read of a file with damaged compressed data is not fixed: for those only the verdict must be the same. */
const isDamaged = (answer: Answer): boolean =>
  "format" in answer && answer.integrity.failures.some((failure) => failure.code === "zip-bomb" || failure.code === "zip-corrupt");

/** What both must say alike. */
function essence(report: Answer, damaged: boolean): unknown {
  if (!("format" in report)) return report;
  if (damaged) return { verified: report.verified, integrity: report.integrity.state };
  const codes = (verdict: Report["integrity"]): string[] => {
    const all = new Set(verdict.failures.map((failure) => failure.code));
    // Whether a damaged certificate still gives a key that its signature can be tried with, the specification leaves open.
    if (all.has("certificate-untrusted")) all.delete("statement-signature");
    return [...all].sort();
  };
  const side = (verdict: Report["integrity"]): unknown => ({ state: verdict.state, codes: codes(verdict), limits: verdict.limits.map((limit) => limit.code).sort() });
  return {
    verified: report.verified,
    trace: report.trace,
    checkpoint: report.checkpoint,
    trust: report.trust,
    times: report.times,
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

/** Runs both and compares; gives the disagreement, if there is one. */
async function compare(other: OtherVerifier, folder: string, name: string, bundle: Bytes, policy: Bytes | undefined): Promise<string | undefined> {
  const paths = [join(folder, "bundle.zip"), policy ? join(folder, "trust.policy") : ""] as const;
  writeFileSync(paths[0], bundle);
  if (policy) writeFileSync(paths[1], policy);
  const theirs = (await other.verify(...paths)) as unknown as Answer;
  const mine = await ours(bundle, policy);
  const damaged = isDamaged(mine) || isDamaged(theirs);
  const found = differences(essence(mine, damaged), essence(theirs, damaged));
  if (found.length === 0) return undefined;
  const at = join(kept, name.replaceAll(/[^A-Za-z0-9]+/g, "-"));
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, "bundle.zip"), bundle);
  if (policy) writeFileSync(join(at, "trust.policy"), policy);
  return `${name} (kept in ${at})\n${found.join("\n")}`;
}

/** Compares all that the generator gives, and reports every disagreement at the end. */
async function agree(make: () => Iterable<{ name: string; bundle: Bytes; policy: Bytes | undefined }>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cairn-agreement-"));
  const other = new OtherVerifier();
  const disagreements: string[] = [];
  let count = 0;
  try {
    for (const { name, bundle, policy } of make()) {
      count++;
      const found = await compare(other, folder, name, bundle, policy);
      if (found) disagreements.push(found);
    }
  } finally {
    other.close();
    rmSync(folder, { recursive: true });
  }
  assert.ok(count > 0);
  if (disagreements.length > 0) assert.fail(`${disagreements.length} of ${count} bundles:\n${disagreements.join("\n")}`);
}

const options = OtherVerifier.isBuilt ? {} : { skip: "the C# verifier is not built: run ./test, or dotnet build tests/Cairn.Verdicts -c Release" };

test("Both_verifiers_agree_on_the_vectors", options, () =>
  agree(function* () {
    const policies = readdirSync(vectors).filter((name) => name.endsWith(".policy"));
    for (const name of readdirSync(vectors).filter((one) => one.endsWith(".zip"))) {
      const bundle = new Uint8Array(readFileSync(join(vectors, name)));
      for (const policy of policies) yield { name: `${name} ${policy}`, bundle, policy: new Uint8Array(readFileSync(join(vectors, policy))) };
      yield { name: `${name} unpinned`, bundle, policy: undefined };
    }
  }));

test("Both_verifiers_agree_on_the_vectors_of_decisions", options, () =>
  agree(function* () {
    const folder = join(home, "docs/spec/vectors/decisions"), policy = new Uint8Array(readFileSync(join(folder, "trust.policy")));
    for (const name of readdirSync(folder).filter((one) => one.endsWith(".zip"))) yield { name: `decisions ${name}`, bundle: new Uint8Array(readFileSync(join(folder, name))), policy };
  }));

test("Both_verifiers_recompute_alike_decisions_of_altered_inputs_and_policies", options, () =>
  agree(function* () {
    for (let seed = first; seed < first + 4 * rounds; seed++) yield { name: `decided ${seed}`, ...decided(new Random(seed * 9001), 16) };
    const padded = (length: number): Bytes => concat(small.input, new Uint8Array(length - small.input.length).fill(0x20));
    for (const length of [1 << 20, (1 << 20) + 1]) yield { name: `input of ${length} bytes`, ...decidedOf([{ sealed: small.policy.sealed, input: padded(length) }]) };
  }));

test("Both_verifiers_agree_on_stories_with_a_lie_in_them", options, () =>
  agree(function* () {
    for (let seed = first; seed < first + rounds; seed++) {
      for (const [i, fault] of FAULTS.entries()) {
        const random = new Random(seed * 1009 + i), made = tell(random, fault);
        yield { name: `lie ${seed} ${fault}`, bundle: pack(random, made), policy: random.chance(90) && !fault.startsWith("own policy") ? made.policy : undefined };
      }
    }
  }));

test("Both_verifiers_agree_on_containers_of_another_form", options, () =>
  agree(function* () {
    for (let seed = first; seed < first + rounds; seed++) {
      for (const [i, way] of CONTAINER.entries()) {
        const random = new Random(seed * 2003 + i), made = tell(random, "none");
        yield { name: `container ${seed} ${way}`, bundle: pack(random, made, way), policy: made.policy };
      }
    }
  }));

test("Both_verifiers_agree_on_damaged_bytes_and_files", options, () =>
  agree(function* () {
    for (let seed = first; seed < first + 20 * rounds; seed++) {
      const random = new Random(seed * 3001), made = tell(random, "none"), bundle = pack(random, made, random.chance(30) ? "deflated" : undefined);
      yield { name: `good ${seed}`, bundle, policy: made.policy };
      for (let i = 0; i < 4; i++) yield { name: `bytes ${seed} ${i}`, bundle: damageBytes(random, bundle), policy: made.policy };
      for (let i = 0; i < 6; i++) yield { name: `file ${seed} ${i}`, bundle: damageFile(random, made), policy: made.policy };
    }
  }));

test("Both_verifiers_agree_on_changes_of_trust_bundles_that_were_altered", options, async () => {
  const rotations = await readRotations(vectors);
  assert.equal(rotations.length, 9);
  await agree(function* () {
    for (let seed = first; seed < first + rounds; seed++) {
      for (const [i, way] of TRUST_WAYS.entries()) {
        for (let j = 0; j < 3; j++) {
          const random = new Random(seed * 5003 + 64 * i + j), made = random.pick(rotations);
          yield { name: `trust ${seed} ${way} ${j}`, bundle: twist(random, made, way), policy: random.chance(90) ? made.policy : undefined };
        }
      }
    }
  });
});

test("Both_verifiers_agree_on_roots_that_come_and_go_with_a_lie_about_them", options, () =>
  agree(function* () {
    for (let seed = first; seed < first + rounds; seed++) {
      for (const [i, lie] of CHANGE_LIES.entries()) yield { name: `change ${seed} ${lie}`, ...change(new Random(seed * 7001 + i), lie) };
    }
  }));

test("Both_verifiers_agree_on_anchors_with_a_lie_about_them", options, () =>
  agree(function* () {
    for (let seed = first; seed < first + 2 * rounds; seed++) {
      for (const [i, lie] of ANCHOR_LIES.entries()) {
        const random = new Random(seed * 8009 + i), made = anchored(random, tell(random, "none"), lie);
        yield { name: `anchor ${seed} ${lie}`, bundle: pack(random, made), policy: random.chance(90) ? made.policy : undefined };
      }
    }
  }));

test("Anchors_bring_up_every_code_of_times", async () => {
  const codes = new Set<string>(), stamped = new Set<string>();
  for (const [i, lie] of ANCHOR_LIES.entries()) {
    const random = new Random(8009 + i), made = anchored(random, tell(random, "none"), lie);
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

/**
 * Damages the bundle, but not those bytes. Where certificates.jsonl lacks what a statement names by hash, the two do not agree
 * on what an earlier statement under other roots brought along; nothing that was exported lacks it.
 */
function damageAround(random: Random, bundle: Bytes, kept: Bytes): Bytes {
  for (;;) {
    const damaged = damageBytes(random, bundle);
    if (Buffer.from(damaged).includes(Buffer.from(kept))) return damaged;
  }
}

test("Both_verifiers_agree_on_damaged_bundles_with_changes_of_trust_bundles", options, async () => {
  const rotations = await readRotations(vectors);
  await agree(function* () {
    for (let seed = first; seed < first + 5 * rounds; seed++) {
      for (const [i, made] of rotations.entries()) {
        const random = new Random(seed * 6007 + i);
        const whole = pack(random, made), wanted = random.pick<Name>(["trust.jsonl", "trust.jsonl", "trust.jsonl", "checkpoint", "statements.bin", "proofs.jsonl", "records.jsonl", "heads.jsonl"]);
        yield { name: `trust bytes ${seed} ${i}`, bundle: damageAround(random, whole, made.files.get("certificates.jsonl")!), policy: made.policy };
        yield { name: `trust file ${seed} ${i}`, bundle: damageFile(random, made, wanted), policy: made.policy };
      }
    }
  });
});

test("Both_verifiers_agree_on_changes_of_the_log_s_keys_that_somebody_altered", options, async () => {
  const changes = await readKeyChanges(vectors);
  await agree(function* () {
    for (let seed = first; seed < first + 2 * rounds; seed++) {
      for (const [i, made] of changes.entries()) {
        for (const [j, way] of KEY_WAYS.entries()) {
          // Each way on a fifth of the bundles and policies; other ones with each seed.
          if ((i + j + seed) % 5 === 0) yield { name: `keys ${way} ${seed} ${i}`, ...twistKeys(new Random(seed * 9001 + i * 101 + j), made, way) };
        }
      }
    }
  });
});

test("Both_verifiers_agree_on_made_up_changes_of_the_log_s_keys", options, () =>
  agree(function* () {
    for (let seed = first; seed < first + 6 * rounds; seed++) {
      for (const [i, lie] of KEY_LIES.entries()) yield { name: `made keys ${lie} ${seed}`, ...changeKeys(new Random(seed * 7919 + i), lie) };
    }
  }));

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

test("Both_verifiers_agree_on_altered_policies", options, () =>
  agree(function* () {
    for (let seed = first; seed < first + 4 * rounds; seed++) {
      const random = new Random(seed * 4001), made = tell(random, "none"), bundle = pack(random, made);
      const lines = new TextDecoder().decode(made.policy).split("\n");
      for (let i = 0; i < 5; i++) {
        const at = random.below(lines.length - 1), altered = [...lines];
        switch (random.below(4)) {
          case 0: altered.splice(at, 1); break;
          case 1: altered.splice(at, 0, lines[at]!); break;
          case 2: altered[at] = lines[at]!.split(" ").filter((_, word, all) => word !== random.below(all.length)).join(" "); break;
          default: {
            const line = lines[at]!, place = random.below(line.length);
            altered[at] = line.slice(0, place) + random.pick(["x", " ", "#", "\t", "+", "/", "\u00e9", "\u00a0"]) + line.slice(place + 1);
          }
        }
        yield { name: `policy ${seed} ${i}`, bundle, policy: utf8(altered.join("\n")) };
      }
    }
  }));

test("A_disagreement_is_a_failure_with_the_bundle_kept", async () => {
  const liar = { verify: async () => Promise.resolve({ policy: "malformed" }) } as unknown as OtherVerifier;
  const folder = mkdtempSync(join(tmpdir(), "cairn-agreement-"));
  const good = join(home, "docs/spec/vectors/bundles/good.zip");
  copyFileSync(good, join(folder, "copy.zip"));
  try {
    const found = await compare(liar, folder, "a test of the test", new Uint8Array(readFileSync(good)), undefined);
    assert.match(found!, /a test of the test/);
    assert.deepEqual(readFileSync(join(kept, "a-test-of-the-test", "bundle.zip")), readFileSync(good));
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(join(kept, "a-test-of-the-test"), { recursive: true });
  }
});
