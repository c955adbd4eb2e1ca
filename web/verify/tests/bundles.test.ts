import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Bytes } from "../src/lib/bytes";
import { verifyBundle } from "../src/lib/verify";
import { MemorySource } from "../src/node/files";

const folder = join(import.meta.dirname, "../../../docs/spec/vectors/bundles");
const bytesOf = (name: string): Bytes => new Uint8Array(readFileSync(join(folder, name)));

interface Case {
  bundle: string;
  policy: string | null;
  verified: boolean;
  integrity: string;
  completeness: string;
  corroboration: string;
  codes: string[];
  warnings: string[];
}

for (const one of (JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as { cases: Case[] }).cases) {
  test(`Bundle_${one.bundle.replaceAll(/[^a-z]/g, "_")}_under_${(one.policy ?? "its own policy").replaceAll(/[^a-z]/g, "_")}_gets_the_verdicts_of_the_vectors`, async () => {
    const report = await verifyBundle(new MemorySource(bytesOf(one.bundle)), one.policy === null ? undefined : bytesOf(one.policy));
    const codes = [report.integrity, report.completeness, report.corroboration].flatMap((verdict) => verdict.failures.map((failure) => failure.code));
    assert.deepEqual(
      {
        bundle: one.bundle,
        policy: one.policy,
        verified: report.verified,
        integrity: report.integrity.state,
        completeness: report.completeness.state,
        corroboration: report.corroboration.state,
        codes: [...new Set(codes)].sort(),
        warnings: [...new Set(report.warnings.map((warning) => warning.code))].sort(),
      },
      one,
    );
    assert.equal(report.trust.pinned, one.policy !== null);
  });
}
