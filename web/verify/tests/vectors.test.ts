import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromHex, hex, Malformed, utf8, type Bytes } from "../src/lib/bytes";
import { CborReader } from "../src/lib/cbor";
import { readCertificate } from "../src/lib/certificate";
import { commit, deriveKey } from "../src/lib/commitment";
import { JsonScanner } from "../src/lib/json";
import { checkInclusion, EMPTY_ROOT, inclusionLength, isConsistent, RightEdge } from "../src/lib/merkle";
import { judgeKey, readCheckpoint, readNote, readVerifierKey, subtreeMessage, type Checkpoint } from "../src/lib/note";
import { isAccepted, judge, readPolicy, ruleFor } from "../src/lib/policy";
import { proves, readReceipt } from "../src/lib/receipt";
import { readRecord, readTime } from "../src/lib/record";
import { leafHash, portableSha256, sha256 } from "../src/lib/sha256";
import { readPublicKey, verifyEd25519, verifyMlDsa44 } from "../src/lib/signatures";
import { readStatement, verifyStatement } from "../src/lib/statement";
import { checkSvid } from "../src/lib/svid";
import { showUtc } from "../src/lib/times";
import { judgeToken } from "../src/lib/timestamp";

const folder = join(import.meta.dirname, "../../../docs/spec/vectors");
const bytesOf = (path: string): Bytes => new Uint8Array(readFileSync(join(folder, path)));
// The vectors' forms are their own; each test names the members that it reads.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
const json = (path: string): any => JSON.parse(readFileSync(join(folder, path), "utf8"));
const un = (text: string): Bytes => fromHex(text)!;
const refuses = (name: string, act: () => unknown): void => assert.throws(act, Malformed, name);

test("Merkle_trees_have_the_published_roots", () => {
  const { empty_root, entries, leaf_hashes, roots } = json("merkle/roots.json");
  assert.equal(hex(EMPTY_ROOT), empty_root);
  const edge = new RightEdge();
  assert.equal(hex(edge.root()), empty_root);
  entries.forEach((entry: string, i: number) => {
    assert.equal(hex(leafHash(un(entry))), leaf_hashes[i]);
    edge.append(leafHash(un(entry)));
    assert.equal(hex(edge.root()), roots[i]);
  });
});

test("Inclusion_paths_are_judged_as_the_vectors_say", () => {
  for (const one of json("merkle/inclusion.json").cases) {
    const fault = checkInclusion(un(one.leaf_hash), BigInt(one.index), { size: BigInt(one.size), root: un(one.root) }, one.path.map(un));
    assert.equal(fault === undefined, one.valid, one.name);
    if (one.valid) assert.equal(inclusionLength(BigInt(one.index), BigInt(one.size)), one.path.length, one.name);
  }
});

test("Consistency_paths_are_judged_as_the_vectors_say", () => {
  for (const one of json("merkle/consistency.json").cases) {
    const head = (which: string) => ({ size: BigInt(one[`${which}_size`]), root: un(one[`${which}_root`]) });
    assert.equal(isConsistent(head("older"), head("newer"), one.path.map(un)), one.valid, one.name);
  }
});

test("A_tree_of_70000_entries_has_the_root_and_proofs_of_the_vectors", () => {
  const { size, root, inclusion, consistency } = json("tiles/tree.json");
  const edge = new RightEdge();
  const roots = new Map<number, string>();
  for (let i = 0; i < size; i++) {
    edge.append(leafHash(utf8(`entry ${i}`)));
    if (consistency.some((one: { older_size: number }) => one.older_size === i + 1)) roots.set(i + 1, hex(edge.root()));
  }
  assert.equal(hex(edge.root()), root);
  const head = { size: BigInt(size), root: un(root) };
  for (const one of inclusion) assert.equal(checkInclusion(leafHash(utf8(`entry ${one.index}`)), BigInt(one.index), head, one.path.map(un)), undefined);
  for (const one of consistency) {
    assert.equal(roots.get(one.older_size), one.older_root);
    assert.ok(isConsistent({ size: BigInt(one.older_size), root: un(one.older_root) }, head, one.path.map(un)));
  }
});

test("Verifier_keys_have_the_key_ids_of_the_vectors", () => {
  for (const one of json("checkpoints/keys.json").keys) {
    const key = readVerifierKey(one.verifier);
    assert.equal(key.name, one.key_name);
    assert.equal(hex(key.keyId), one.key_id);
    assert.equal(key.type, Number(one.type));
  }
});

function tryCheckpoint(note: ReturnType<typeof readNote>): Checkpoint | undefined {
  try {
    return readCheckpoint(note);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

test("Notes_are_judged_by_each_key_as_the_vectors_say", () => {
  const keys = new Map(json("checkpoints/keys.json").keys.map((one: { name: string; verifier: string }) => [one.name, readVerifierKey(one.verifier)]));
  for (const one of json("checkpoints/verify.json").cases) {
    const note = readNote(bytesOf(`checkpoints/${one.note}`));
    const key = one.verifier ? readVerifierKey(one.verifier) : (keys.get(one.key) as ReturnType<typeof readVerifierKey>);
    const result = judgeKey(note, key, tryCheckpoint(note));
    assert.equal(result.state, one.result, `${one.note} ${one.key}`);
    const time = result.state === "good" && result.time !== undefined ? Number(result.time) : undefined;
    assert.equal(time, one.time, `${one.note} ${one.key}`);
  }
});

test("Signed_messages_are_those_of_the_vectors", () => {
  const { checkpoint, messages } = json("checkpoints/messages.json");
  const keys = new Map(json("checkpoints/keys.json").keys.map((one: { name: string; verifier: string }) => [one.name, readVerifierKey(one.verifier)]));
  const read = readCheckpoint({ text: checkpoint, signatures: [] });
  for (const one of messages) {
    const key = keys.get(one.key) as ReturnType<typeof readVerifierKey>;
    const blob = un(one.signature);
    if (key.type === 6) {
      assert.equal(hex(subtreeMessage(key.name, BigInt(one.time), read)), one.message);
      assert.ok(verifyMlDsa44(key.key, un(one.message), blob.subarray(8)));
    } else {
      assert.ok(verifyEd25519(key.key, un(one.message), key.type === 4 ? blob.subarray(8) : blob));
    }
  }
});

test("Malformed_notes_checkpoints_and_verifier_keys_are_refused", () => {
  const { notes, checkpoints, verifier_keys } = json("checkpoints/malformed.json");
  for (const one of notes) refuses(one.name, () => readNote(un(one.note_hex)));
  for (const one of checkpoints) refuses(one.name, () => readCheckpoint({ text: one.body, signatures: [] }));
  for (const one of verifier_keys) refuses(one.name, () => readVerifierKey(one.key));
});

test("Policies_accept_the_notes_of_the_vectors_and_no_others", () => {
  for (const one of json("trust-policy/verify.json").cases) {
    const judged = judge(readPolicy(bytesOf(`trust-policy/${one.policy}`)), readCheckpoint(readNote(bytesOf(`trust-policy/${one.note}`))));
    assert.equal(isAccepted(judged), one.accepted, `${one.policy} ${one.note}`);
    assert.deepEqual([...judged.goodWitnesses].sort(), [...one.witnesses].sort(), `${one.policy} ${one.note}`);
  }
});

test("Policies_give_issuers_the_roles_of_the_vectors", () => {
  const { policy, cases } = json("trust-policy/emitters.json");
  const read = readPolicy(bytesOf(`trust-policy/${policy}`));
  for (const one of cases) assert.equal(ruleFor(read, one.issuer, one.kid)?.role, one.role, JSON.stringify(one));
});

test("Malformed_policies_are_refused", () => {
  for (const one of json("trust-policy/malformed.json").cases) {
    refuses(one.name, () => readPolicy(one.policy_hex ? un(one.policy_hex) : utf8(one.policy)));
  }
});

test("Receipts_prove_what_the_vectors_say", () => {
  for (const one of json("receipts/verify.json").cases) {
    assert.equal(proves(readReceipt(bytesOf(`receipts/${one.file}`)), un(one.entry)), one.proves, `${one.file} ${one.entry}`);
  }
  for (const one of json("receipts/malformed.json").cases) refuses(one.name, () => readReceipt(utf8(one.text)));
});

test("Records_read_as_the_vectors_say", () => {
  const { merkle_root, records } = json("records/expected.json");
  const lines = bytesOf("records/records.jsonl");
  const edge = new RightEdge();
  let at = 0;
  for (const one of records) {
    const line = lines.subarray(at, lines.indexOf(0x0a, at)) as Bytes;
    at += line.length + 1;
    const record = readRecord(line);
    assert.equal(line.length, one.bytes);
    assert.equal(hex(leafHash(line)), one.leaf_hash);
    assert.deepEqual([record.id, record.kind, record.trace, record.span, record.parent ?? null, record.seq], [one.id, one.kind, one.trace, one.span, one.parent, one.seq]);
    assert.deepEqual(record.time, readTime(one.time));
    edge.append(leafHash(line));
  }
  assert.equal(at, lines.length);
  assert.equal(hex(edge.root()), merkle_root);
});

test("Bytes_are_IJson_when_the_vectors_say_so", () => {
  const scanner = new JsonScanner();
  for (const one of json("records/ijson.json").cases) {
    const bytes = one.hex !== undefined ? un(one.hex) : un(one.prefix + one.fill.repeat(one.count) + one.suffix);
    if (one.valid) scanner.object(bytes);
    else refuses(one.name, () => scanner.object(bytes));
  }
  for (const one of json("records/invalid.json").cases) {
    scanner.object(utf8(one.record));
    refuses(one.name, () => readRecord(utf8(one.record)));
  }
});

test("Statements_decode_and_verify_as_the_vectors_say", async () => {
  const { valid, malformed, unverified, sig_structure_of_first } = json("statements/statements.json");
  const keyOf = (one: { certificate?: string; spki?: string }) => (one.certificate ? readCertificate(un(one.certificate)).key! : readPublicKey(un(one.spki!))!);
  for (const one of valid) {
    const statement = readStatement(un(one.hex));
    assert.equal(hex(sha256(un(one.hex))), one.sha256);
    assert.equal(hex(leafHash(un(one.hex))), one.leaf_hash);
    assert.ok(await verifyStatement(statement, keyOf(one)), one.name);
  }
  assert.equal(hex(readStatement(un(valid[0].hex)).signed), sig_structure_of_first);
  for (const one of malformed) refuses(one.name, () => readStatement(un(one.hex)));
  for (const one of unverified) {
    const statement = readStatement(un(one.hex)), key = keyOf(one);
    const named =
      statement.key.by === "kid" ? hex(sha256(un(one.spki))) === hex(statement.key.kid)
      : statement.key.by === "x5t" ? hex(sha256(un(one.certificate))) === hex(statement.key.hash)
      : hex(statement.key.chain[0]!) === one.certificate;
    assert.ok(!named || !(await verifyStatement(statement, key)), one.name);
  }
});

test("Certificate_chains_hold_or_break_as_the_vectors_say", () => {
  const { id, cases } = json("statements/svids.json");
  for (const one of cases) {
    const result = checkSvid(one.chain.map(un), one.id ?? id, one.roots.map((root: string) => readCertificate(un(root))));
    const at = Date.parse(one.at) / 1000;
    const fault = "fault" in result ? result.fault : result.paths.some((path) => path.from <= at && at <= path.until) ? "none" : "outside-validity";
    assert.equal(fault, one.fault, one.name);
  }
});

test("Commitments_are_those_of_the_vectors", () => {
  for (const one of json("commitments/commitments.json").cases) {
    const key = deriveKey("commitment", un(one.trail_key), one.record, one.member);
    assert.equal(hex(key), one.commitment_key);
    assert.equal(hex(commit(key, un(one.content))), one.commitment);
    assert.equal(hex(deriveKey("commitment", un(one.trail_key), one.record, `${one.member}.redacted`)), one.redacted_commitment_key);
    assert.equal(hex(deriveKey("content", un(one.trail_key), one.record, one.member)), one.content_key);
  }
});

test("Submissions_hold_statements_and_records_that_decode", () => {
  for (const one of json("submissions/submissions.json").valid) {
    const reader = new CborReader(un(one.hex), "submission");
    assert.equal(reader.array(), 4);
    assert.equal(reader.uint(), 1n);
    const statement = readStatement(reader.bytes());
    const edge = new RightEdge();
    for (let left = reader.array(); left > 0; left--) {
      const record = reader.bytes();
      readRecord(record);
      edge.append(leafHash(record));
    }
    assert.equal(statement.records, edge.size);
    assert.equal(hex(statement.root), hex(edge.root()));
  }
});

test("Every_vector_file_is_read_by_a_test", () => {
  // "witnessing" is of fork proofs, which a verifier of evidence does not read.
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  assert.deepEqual(folders, ["bundles", "checkpoints", "commitments", "decisions", "merkle", "policy", "receipts", "records", "statements", "submissions", "tiles", "timestamps", "trust-policy", "witnessing"]);
});

test("Portable_sha256_has_the_digests_of_FIPS_180_4_and_of_the_host", async () => {
  assert.equal(hex(portableSha256.join(-1, utf8("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
    const expected = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
    assert.equal(hex(portableSha256.join(-1, bytes)), expected);
    const pieces = portableSha256.start();
    for (let at = 0; at < length; at += 13) pieces.update(bytes.subarray(at, at + 13));
    assert.equal(hex(pieces.digest()), expected);
  }
});

test("Time_stamp_tokens_are_judged_as_the_vectors_say", () => {
  const text = bytesOf("timestamps/text"), { timestampers } = readPolicy(bytesOf("timestamps/timestampers.policy"));
  for (const one of json("timestamps/expected.json")) {
    const result = judgeToken(bytesOf(`timestamps/${one.token}`), text, timestampers);
    assert.equal(result.fault === undefined ? "good" : `timestamp-${result.fault}`, one.result, one.token);
    assert.equal(result.timestamper, one.timestamper ?? "", one.token);
    if (result.fault === undefined) assert.equal(showUtc(result.notAfter), one.not_after, one.token);
  }
});
