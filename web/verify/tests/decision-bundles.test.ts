import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { concat, type Bytes } from "../src/lib/bytes";
import { LocalDecider } from "../src/lib/decisions/decider";
import { verifyBundle } from "../src/lib/verify";
import { MemorySource } from "../src/node/files";
import { decidedOf, small } from "./making/decided";
import { ENGINES } from "./making/engine";

/** Bundles with policy decisions: what recomputing them gives (docs/spec/vectors/decisions). */
const folder = join(import.meta.dirname, "../../../docs/spec/vectors/decisions");
const bytesOf = (name: string): Bytes => new Uint8Array(readFileSync(join(folder, name)));

const decider = new LocalDecider();

interface Case {
  bundle: string;
}

for (const one of (JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as { cases: Case[] }).cases) {
  test(`Decisions_of_${one.bundle.replaceAll(/[^a-z]/g, "_")}_come_out_as_the_vectors_say`, async () => {
    const report = await verifyBundle(new MemorySource(bytesOf(one.bundle)), bytesOf("trust.policy"), {}, { decider, engines: ENGINES });
    const codes = [report.integrity, report.completeness, report.corroboration].flatMap((verdict) => verdict.failures.map((failure) => failure.code));
    assert.deepEqual(
      {
        bundle: one.bundle,
        verified: report.verified,
        integrity: report.integrity.state,
        completeness: report.completeness.state,
        corroboration: report.corroboration.state,
        codes: [...new Set(codes)].sort(),
        decisions: report.decisions,
      },
      one,
    );
  });
}

test("Input_of_more_than_a_mebibyte_is_not_evaluated", async () => {
  for (const [length, reasons] of [[1 << 20, []], [(1 << 20) + 1, ["input-too-large"]]] as const) {
    const input = concat(small.input, new Uint8Array(length - small.input.length).fill(0x20)), { bundle, policy } = decidedOf([{ sealed: small.policy.sealed, input }]);
    const { decisions, integrity } = await verifyBundle(new MemorySource(bundle), policy, {}, { decider, engines: ENGINES });
    assert.equal(integrity.state, "passed");
    assert.deepEqual(decisions.not_recomputed.map(({ reason }) => reason), reasons);
  }
});

test("Verifier_without_an_engine_counts_the_decisions_that_it_cannot_recompute", async () => {
  const report = await verifyBundle(new MemorySource(bytesOf("good.zip")), bytesOf("trust.policy"));
  assert.deepEqual(report.decisions, { recorded: 8, recomputed: 0, differ: 0, not_recomputed: [{ reason: "engine-missing", count: 8 }] });
  assert.ok(report.verified);
  assert.match(report.corroboration.limits.find(({ code }) => code === "decisions-not-recomputed")!.does_not_prove, /^that 8 of 8 policy decisions .* whose engine the bundle does not bring$/);
});
