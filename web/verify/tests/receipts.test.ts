import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fromHex, hex, Malformed, type Bytes } from "../src/lib/bytes";
import { isSignedBy, readCoseReceipt, readTransparentStatement, rootFromEntry, rootFromOlder, thumbprint } from "../src/lib/cose-receipt";
import { readVerifierKey, type VerifierKey } from "../src/lib/note";

/** COSE Receipts and Transparent Statements over the vectors (docs/spec/receipts.md §3 to §7), and the command that verifies them. */

const folder = join(import.meta.dirname, "../../../docs/spec/vectors");
const command = join(import.meta.dirname, "../dist/cairn-verify.mjs");
const bytesOf = (path: string): Bytes => new Uint8Array(readFileSync(join(folder, path)));
// eslint-disable-next-line @typescript-eslint/no-explicit-any
const json = (path: string): any => JSON.parse(readFileSync(join(folder, path), "utf8"));
const un = (text: string): Bytes => fromHex(text)!;
const cose = json("receipts/cose.json"), keys: { name: string; verifier: string }[] = json("checkpoints/keys.json").keys;
const textOf = (name: string): string => keys.find((key) => key.name === name)!.verifier;
const keyOf = (name: string): VerifierKey => readVerifierKey(textOf(name));

test("The_thumbprints_of_the_logs_keys_are_those_of_the_vectors", () => {
  for (const one of cose.keys) assert.equal(hex(thumbprint(keyOf(one.key))!), one.thumbprint, one.key);
});

test("Receipts_of_inclusion_prove_what_the_vectors_say", () => {
  for (const one of cose.inclusion) {
    const receipt = readCoseReceipt(bytesOf(`receipts/${one.file}`)), root = rootFromEntry(receipt, un(one.entry));
    assert.equal(root !== undefined && isSignedBy(receipt, keyOf(one.key), root), one.proves, `${one.file} ${one.key}`);
  }
});

test("Receipts_of_consistency_prove_what_the_vectors_say", () => {
  for (const one of cose.consistency) {
    const receipt = readCoseReceipt(bytesOf(`receipts/${one.file}`));
    const root = rootFromOlder(receipt, { size: receipt.proof.first, root: un(one.older_root) });
    assert.equal(root !== undefined && hex(root) === one.newer_root && isSignedBy(receipt, keyOf(one.key), root), one.proves, `${one.file} ${one.older_root}`);
  }
});

test("A_transparent_statement_gives_back_the_entry_and_its_receipts_prove_it", () => {
  const { statement, receipts } = readTransparentStatement(bytesOf(`receipts/${cose.transparent.file}`));
  assert.equal(hex(statement.bytes), cose.transparent.statement);
  assert.deepEqual(receipts.map((receipt) => receipt.algorithm), [-8n, -48n]);
  for (const [i, name] of ["log", "log_ml_dsa"].entries()) assert.ok(isSignedBy(receipts[i]!, keyOf(name), rootFromEntry(receipts[i]!, statement.bytes)!), name);
});

test("Malformed_receipts_are_refused_and_every_cut_is", () => {
  for (const one of cose.malformed) assert.throws(() => readCoseReceipt(un(one.cbor)), Malformed, one.name);
  const whole = bytesOf("receipts/inclusion-eddsa.cose"), transparent = bytesOf(`receipts/${cose.transparent.file}`);
  for (let length = 0; length < whole.length; length++) assert.throws(() => readCoseReceipt(whole.slice(0, length)), Malformed, `${length}`);
  for (let length = 0; length < transparent.length; length += 7) assert.throws(() => readTransparentStatement(transparent.slice(0, length)), Malformed, `${length}`);
});

test("No_changed_bit_of_a_receipt_proves_anything", () => {
  const { entry } = cose.inclusion[0], whole = bytesOf("receipts/inclusion-eddsa.cose"), key = keyOf("log");
  for (let bit = 0; bit < whole.length * 8; bit += 3) {
    const changed = whole.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    try {
      const receipt = readCoseReceipt(changed), root = rootFromEntry(receipt, un(entry));
      // Size and index are not under the signature: what leads to the same root by another place is the receipt's word (§6).
      const proved = root !== undefined && isSignedBy(receipt, key, root);
      assert.ok(!proved || receipt.proof.first !== 11n || receipt.proof.second !== 4n, `bit ${bit}`);
    } catch (error) {
      assert.ok(error instanceof Malformed, `bit ${bit}: ${String(error)}`);
    }
  }
});

const scratch = mkdtempSync(join(tmpdir(), "cairn-receipts-"));
after(() => rmSync(scratch, { recursive: true }));
const write = (name: string, bytes: string | Uint8Array): string => {
  writeFileSync(join(scratch, name), bytes);
  return join(scratch, name);
};
const policy = write("trust.policy", `log ${textOf("log")}\nlog ${textOf("log_ml_dsa")}\nquorum none\n`);
const one = write("one.policy", `log ${textOf("log")}\nquorum none\n`);
const vector = (name: string): string => join(folder, "receipts", name);
const statement = write("statement.cose", un(cose.transparent.statement));
const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, "receipt", ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
};

test("The_command_verifies_transparent_statements_receipts_and_says_what_is_not_proved", () => {
  const transparent = run(vector("transparent.cose"), "--trust", policy);
  assert.equal(transparent.status, 0, JSON.stringify(transparent));
  assert.match(transparent.stdout, /^VERIFIED\n/);
  assert.match(transparent.stdout, /the receipt's word: --checkpoint proves them/);
  const both = run(vector("inclusion-eddsa.cose"), vector("inclusion-ml-dsa-44.cose"), "--statement", statement, "--trust", policy, "--output", "json");
  assert.equal(both.status, 0, JSON.stringify(both));
  assert.equal(JSON.parse(both.stdout).keys.length, 2);
});

test("The_command_refuses_a_receipt_by_one_key_where_the_policy_names_two", () => {
  const half = run(vector("inclusion-eddsa.cose"), "--statement", statement, "--trust", policy);
  assert.equal(half.status, 1);
  assert.match(half.stdout, /no receipt by log key .*ML-DSA-44/);
  assert.equal(run(vector("inclusion-eddsa.cose"), "--statement", statement, "--trust", one).status, 0);
});

test("The_command_says_what_it_lacks_and_what_can_not_be_read", () => {
  const cases: [string[], RegExp][] = [
    [[vector("inclusion-eddsa.cose"), "--trust", policy], /the statement is needed/],
    [[vector("consistency-4-to-11.cose"), "--trust", policy], /the signed checkpoint of the older tree/],
    [[vector("inclusion-eddsa.cose")], /expected --trust/],
    [["--trust", policy], /expected a receipt/],
    [[write("noise", Uint8Array.of(0xd2, 1, 2, 3)), "--statement", statement, "--trust", policy], /neither a receipt/],
    [[policy, "--statement", statement, "--trust", policy], /can't be read: receipt/],
    [[join(scratch, "none"), "--trust", policy], /ENOENT/],
    [[vector("transparent.cose"), "--trust", vector("cose.json")], /trust policy/],
  ];
  for (const [args, said] of cases) {
    const refused = run(...args);
    assert.equal(refused.status, 2, JSON.stringify(refused));
    assert.match(refused.stderr, said);
  }
});
