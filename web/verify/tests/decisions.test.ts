import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Malformed, utf8, type Bytes } from "../src/lib/bytes";
import { LocalDecider } from "../src/lib/decisions/decider";
import { ENGINES as KNOWN } from "../src/lib/decisions/engines";
import { parseJson, writeJson } from "../src/lib/decisions/json-value";
import { differenceOf, isRecorded } from "../src/lib/decisions/recorded";
import { RemoteDecider, type Reply, type StartThread } from "../src/lib/decisions/remote";
import { endless, small } from "./making/decided";
import { ENGINE, ENGINE_DIGEST } from "./making/engine";

/** Decisions recomputed by policy-bundle.md, against its vectors, which another implementation made. */
const folder = join(import.meta.dirname, "../../../docs/spec/vectors/policy");

interface Vectors {
  engine_digest: string;
  bundles: { name: string; digest: string; decisions: { name: string; input: string; decision: string; determining: string[]; obligations: string[]; reason: string; failed: boolean }[] }[];
}

const vectors = JSON.parse(readFileSync(join(folder, "decisions.json"), "utf8")) as Vectors;
const sealedOf = (name: string): Bytes => new Uint8Array(readFileSync(join(folder, `${name}.cairn-policy`)));

test("Engine_of_the_vectors_is_the_one_that_is_known", () => {
  assert.equal(`sha256:${ENGINE_DIGEST}`, vectors.engine_digest);
  assert.ok(KNOWN.has(ENGINE_DIGEST));
});

for (const bundle of vectors.bundles) {
  test(`Decisions_under_${bundle.name.replaceAll("-", "_")}_are_those_of_the_vectors`, async () => {
    const decider = new LocalDecider();
    for (const one of bundle.decisions) {
      const answer = await decider.decide(ENGINE, { digest: bundle.digest.slice(7), sealed: sealedOf(bundle.name) }, utf8(one.input));
      assert.ok("decided" in answer, one.name);
      const { decision, determining, obligations, reason, errors } = answer.decided;
      assert.deepEqual(
        { name: one.name, decision, determining, obligations, reason, failed: errors.length > 0 },
        { name: one.name, decision: one.decision, determining: one.determining, obligations: one.obligations, reason: one.reason, failed: one.failed },
      );
    }
  });
}

/** Threads of the command itself, as it starts them. */
function threads(): { start: StartThread; started: () => number } {
  let count = 0;
  const start: StartThread = (answered, failed) => {
    count++;
    const worker = new Worker(join(import.meta.dirname, "../dist/cairn-verify.mjs"));
    worker.on("message", (reply: Reply) => answered(reply));
    worker.on("error", failed);
    return { post: (message) => worker.postMessage(message), end: () => void worker.terminate() };
  };
  return { start, started: () => count };
}

test("Decision_that_does_not_come_to_an_end_is_given_up_and_the_next_one_is_recomputed", async () => {
  const { start, started } = threads(), decider = new RemoteDecider(start, 4000), hang = endless(0);
  try {
    const before = performance.now();
    assert.deepEqual(await decider.decide(ENGINE, hang.policy, hang.input), { whyNot: "engine-gave-up" });
    assert.ok(performance.now() - before >= 4000);
    const again = performance.now();
    assert.deepEqual(await decider.decide(ENGINE, hang.policy, hang.input), { whyNot: "engine-gave-up" });
    assert.ok(performance.now() - again < 100, "it is not tried twice");
    const answer = await decider.decide(ENGINE, small.policy, small.input);
    assert.ok("decided" in answer);
    assert.equal(answer.decided.decision, "allow");
    assert.equal(started(), 2);
  } finally {
    decider.end();
  }
});

test("After_three_decisions_without_an_end_no_more_is_asked", async () => {
  const { start, started } = threads(), decider = new RemoteDecider(start, 1500);
  try {
    for (let i = 0; i < 3; i++) assert.deepEqual(await decider.decide(ENGINE, endless(i).policy, endless(i).input), { whyNot: "engine-gave-up" });
    assert.deepEqual(await decider.decide(ENGINE, small.policy, small.input), { whyNot: "engine-gave-up" });
    assert.equal(started(), 3);
  } finally {
    decider.end();
  }
});

test("Decision_is_recomputed_here_where_there_are_no_threads", async () => {
  const none: StartThread = () => {
    throw new Error("no threads here");
  };
  const answer = await new RemoteDecider(none).decide(ENGINE, small.policy, small.input);
  assert.ok("decided" in answer);
});

test("Json_keeps_the_digits_of_numbers_and_refuses_what_has_two_meanings", () => {
  for (const text of ['{"a":1.0,"b":[1e3,-0,12345678901234567890],"c":{"__proto__":null},"d":"\\u00e9\\ud83d\\ude00"}', "[]", '""', "0", "true"]) {
    assert.deepEqual(JSON.parse(writeJson(parseJson(utf8(text)))), JSON.parse(text));
  }
  assert.equal(writeJson(parseJson(utf8("[1.0,1e3,-0,12345678901234567890]"))), "[1.0,1e3,-0,12345678901234567890]");
  assert.equal(writeJson(parseJson(utf8("[".repeat(64) + "]".repeat(64)))).length, 128);
  for (const text of ["", " ", "{", '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', "[1,]", "{,}", "01", "1.", ".5", "+1", "1e", '"\\ud800"', '"\\x"', '"\n"', "nul", "[1] x", "\ufeff[]", "[".repeat(65) + "]".repeat(65)]) {
    assert.throws(() => parseJson(utf8(text)), Malformed, text);
  }
  assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)), Malformed);
});

test("Text_of_a_record_is_the_text_or_has_markers_or_is_cut", () => {
  const is = (recorded: string, text: string, same: boolean): void => assert.equal(isRecorded(recorded, text), same, `${recorded} of ${text}`);
  is("as it is", "as it is", true);
  is("token [redacted:value] was refused", "token abc was refused", true);
  is("[redacted:a] and [redacted:b]", "x and y and z", true);
  is("token [redacted:value] was refused", "a token abc was refused", false);
  is("a[redacted:x]a", "a", false);
  is("[redacted: no marker]", "anything", false);
  is("cut short…", "cut short and more", false);
  for (const length of [511, 512]) is(`${"a".repeat(length - 1)}…`, "a".repeat(600), true);
  is(`${"a".repeat(500)}[redacted:v…`, `${"a".repeat(500)}secret`, true);
  is(`${"b".repeat(510)}…`, "a".repeat(600), false);
  const texts = Array.from({ length: 40 }, (_, i) => `p${i}`), decided = { decision: "deny", determining: texts, errors: [], obligations: [], reason: "", version: "1" };
  assert.equal(differenceOf({ ...decided, determining: [...texts.slice(0, 32), "… and 8 more"] }, decided), undefined);
  assert.match(differenceOf({ ...decided, determining: [...texts.slice(0, 31), "… and 9 more"] }, decided)!.expected, /^determining /);
});
