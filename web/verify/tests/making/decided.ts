import { ed25519 } from "@noble/curves/ed25519.js";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { base64, compare, concat, fromUtf8, hex, utf8, type Bytes } from "../../src/lib/bytes";
import { commit, deriveKey } from "../../src/lib/commitment";
import { unseal } from "../../src/lib/decisions/sealed";
import { leafHash, sha256 } from "../../src/lib/sha256";
import { cbor, p256Key, seed, sign, type Cbor } from "./encode";
import { ENGINE_DIGEST } from "./engine";
import type { Random } from "./random";
import { flip, TRACE } from "./story";
import { root } from "./tree";
import { manifest, ordered, zip, type Files } from "./zip";

/**
 * Bundles of one gateway that decides, with inputs and policy bundles that were changed in some way. What the records say of the
 * decisions is nonsense on purpose: so each is a difference, and tells in full what was recomputed.
 */

const ORIGIN = "ledger.example/decided";
const ISSUER = "spiffe://example.org/gateway/decider";
const vectors = join(import.meta.dirname, "../../../docs/spec/vectors/policy");

interface Vectors {
  bundles: { name: string; decisions: { name: string; input: string }[] }[];
}

const BUNDLES = (JSON.parse(readFileSync(join(vectors, "decisions.json"), "utf8")) as Vectors).bundles.map(({ name, decisions }) => ({
  sealed: new Uint8Array(readFileSync(join(vectors, `${name}.cairn-policy`))) as Bytes,
  inputs: decisions.map(({ input }) => input),
}));

/** A policy bundle's files, sealed; in another order than their own where one is given. */
export function seal(files: ReadonlyMap<string, string>, paths: readonly string[] = [...files.keys()].sort((a, b) => compare(utf8(a), utf8(b)))): Bytes {
  return concat(utf8("cairn-policy v1\n"), ...paths.map((path) => utf8(`${path} ${utf8(files.get(path)!).length}\n${files.get(path)!}\n`)));
}

type Edit = readonly [RegExp, (random: Random, found: string) => string];

const NUMBERS = ["1", "1.0", "1e3", "-0", "-0.0", "0.00010", "1.00000", "1.00001", "9007199254740991", "9007199254740992", "-9007199254740993", "922337203685476.9999", "922337203685477", "1E400", "12345678901234567890123"];
const VALUES = [...NUMBERS, "null", "true", "[]", "{}", '"x"', '""', '"5"', '"+5"', '"5."', '".5"', '" 5"', '"5\\u0000"', '"1e2"', '"007.5000"', '["a",null]', '["a","b"]', '{"__entity":{"type":"Agent","id":"x"}}', '{"a":{"b":[1,{"c":null}]}}', '"\\ud800"', '"\\ud83d\\ude00"', '"a`b\\"c"', "[".repeat(61) + "]".repeat(61), "[".repeat(63) + "]".repeat(63)];

/** What is changed in an input document: a place, and what stands there then. */
const INPUT_EDITS: readonly Edit[] = [
  [/"arguments":\{.*?:("[^"]*"|[^,{}[\]]+)/, (random, found) => found.replace(/("[^"]*"|[^,{}[\]:]+)$/, () => random.pick(VALUES))],
  [/"approved":\w+/, (random) => `"approved":${random.pick(["true", "false", "null", "1"])}`],
  [/"depth":\d+/, (random) => `"depth":${random.pick(["0", "3", "99", "1.0", "-1", "9223372036854775807", "9223372036854775808"])}`],
  [/"time":"[^"]*"/, (random) => `"time":"${random.pick(["2026-01-01T03:00:00.000Z", "2026-13-01T00:00:00.000Z", "yesterday", ""])}"`],
  [/"writes":\w+/, (random) => random.pick(['"writes":true', '"writes":false', '"writes":null', '"x":1'])],
  [/"authenticated":"[^"]*"/, (random) => `"authenticated":"${random.pick(["configured", "x509-svid", "peercred"])}"`],
  [/"owner":"[^"]*"/, (random) => random.pick(['"owner":""', '"owner":"some body"', '"owner":null', '"owner":"a","owner":"b"'])],
  [/"delegation":\[[^\]]*\]/, (random) => `"delegation":${random.pick(["[]", '["user:bo"]', '["agent:x","user:bo"]', "null", "[1]", '["user:a","b","c","d","e"]'])}`],
  [/"scopes":\[[^\]]*\]/, (random) => `"scopes":${random.pick(["[]", '["payments:write"]', '["payments:write","*"]', "{}"])}`],
  [/"principal":\{"id":"[^"]*"/, (random) => `"principal":{"id":"${random.pick(["spiffe://example.org/agent/x", "spiffe://other.org/agent/billing", "no id", "spiffe://example.org", ""])}"`],
  [/"type":"[^"]*"/, (random) => `"type":"${random.pick(["tool.call", "http.request", "process.exec", "made.up", "__proto__", "constructor"])}"`],
  [/"server":"[^"]*"/, (random) => `"server":"${random.pick(["payments", "filesystem", "", "x", "github.com"])}"`],
  [/"name":"[^"]*"/, (random) => `"name":"${random.pick(["create_transfer", "read_text_file", "git", "*", ""])}"`],
  [/"v":1/, (random) => random.pick(['"v":1.0', '"v":2', '"v":"1"', '"w":1', '"v":1,"refused":"because"', '"v":1,"refused":null', '"v":1,"refused":7', '"v":1,"extra":"\\udfff"'])],
  [/^/, (random) => random.pick([" ", "\n\t", "\ufeff", "// x\n", "["])],
  [/$/, (random) => random.pick([" ", "\n", ",", "x", "{}"])],
];

/** What is changed in a policy bundle: a file, a place in it, and what stands there then. */
const POLICY_EDITS: readonly (readonly [string, ...Edit])[] = [
  ["bundle.json", /"version":\s*"[^"]*"/, (random) => `"version":${random.pick(['"9"', '""', "9", '"a\\nb"', '"\\ud800"'])}`],
  ["bundle.json", /"engine":\s*\{[^}]*\}/, (random) => `"engine":${random.pick(['{"name":"cedar","version":"4.13.0"}', '{"version":"4"}', '{"version":"4.1"}', '{"name":"opa"}', "{}", "null", '{"name":""}'])}`],
  ["bundle.json", /"(text|integer|decimal|flag|texts|json)"/, (random) => `"${random.pick(["text", "integer", "decimal", "flag", "texts", "json", "number", ""])}"`],
  ["bundle.json", /"server":\s*"[^"]*"/, (random) => `"server":"${random.pick(["*", "pay*", "*s", "**", "nothing", "a*a*a"])}"`],
  ["bundle.json", /"mode":\s*"[^"]*"/, (random) => `"mode":"${random.pick(["shadow", "enforce", "", "Enforce"])}"`],
  ["bundle.json", /"ttl":\s*"[^"]*"/, (random) => `"ttl":"${random.pick(["1h", "366d", "367d", "0s", "5", "5w", "99999999s", "1 h"])}"`],
  ["bundle.json", /\{/, (random) => random.pick(['{"x":1,', '{"mode":"shadow",', '{"approval_timeout":"15m",', '{"approval_timeout":"15",', '{"capture":[{"input":"none"}],', '{"capture":[{}],', '{"description":5,'])],
  ["*.cedar", /@reason\("[^"]*"\)/, (random) => random.pick(['@reason("another")', "@reason", '@reason("")', '@because("x")', '@reason("a; b")', '@description("d")'])],
  ["*.cedar", /@approval\("[^"]*"\)/, (random) => random.pick(['@approval("user:a, user:b,,user:a")', '@approval("\\u{85}user:a\\u{a0}")', '@approval(" , ")', "@approval", '@approval("x") @approval_timeout("5m")', '@approval("x") @approval_timeout("5")'])],
  ["*.cedar", /@credential\("[^"]*"\)/, (random) => random.pick(['@credential("nothing")', '@credential("payments-read")', '@approval("group:x")'])],
  ["*.cedar", /@id\("[^"]*"\)/, (random) => random.pick(['@id("other")', '@id("with space")', '@id("")', '@id("__proto__")', '@ID("x")', '@id("git")'])],
  ["*.cedar", /permit|forbid/, (random) => random.pick(["permit", "forbid", "permitt"])],
  ["*.cedar", /context\.\w+/, (random) => random.pick(["context.nothing", "context.name", "context.delegation.initiator", "context.arguments.amount", "principal.owner", "context.writes"])],
  ["*.cedar", /;/, (random) => random.pick([";;", "", "; // end", '; @id("more") permit (principal, action, resource);', '; @id("slot") permit (principal == ?principal, action, resource);', "; }"])],
  ["*.cedar", /$/, (random) => random.pick(["\n// only a comment\n", '\n@id("late") forbid (principal, action, resource) when { context.delegation.giver == "user:alice" };\n', '\n@id("overflow") permit (principal, action, resource) when { context.delegation.depth * 9223372036854775807 > 1 };\n', '\n@id("date") permit (principal, action, resource) when { datetime(context.name) > context.time };\n', "x"])],
  ["schema.cedarschema", /$/, (random) => random.pick(["\nentity Extra;\n", "\n// x\n", "\nentity", "\nnamespace A { action \"b\"; }\n", '\naction "made.up" appliesTo { principal: Agent, resource: Resource, context: {} };\n'])],
  ["entities.json", /^[^]*$/, (random, found) => random.pick([
    "[]", "{}", "null", '[{"uid":{"type":"Agent","id":"spiffe://example.org/agent/billing"},"attrs":{},"parents":[]}]', '[{"uid":{"type":"Agent","id":"x"},"attrs":{"owner":"me"},"parents":[]}]',
    '[{"uid":{"__entity":{"type":"Server","id":"payments"}},"attrs":{},"parents":[]}]', '[{"uid":{"type":"Server","id":"a"},"attrs":{}},{"uid":{"type":"Server","id":"a"}}]', '[{"uid":"Server::\\"a\\""}]',
    '[{"uid":{"type":"Tool","id":"payments/create_transfer"},"attrs":{"x":1},"parents":[{"type":"Server","id":"payments"}]}]', '[{"uid":{"type":"Server","id":"a"},"attrs":null}]', '[{"uid":{"type":"Server","id":"a"},"parents":[5]}]', `${found} `,
  ])],
];

/** Applies one of the edits, where its place is found. */
function edit(random: Random, text: string, edits: readonly Edit[]): string {
  const [place, made] = random.pick(edits);
  return text.replace(place, (found) => made(random, found));
}

function alterInput(random: Random, input: string): Bytes {
  let text = input;
  for (let i = random.below(4); i > 0; i--) text = edit(random, text, INPUT_EDITS);
  const bytes = utf8(text);
  return random.chance(8) ? flip(random, bytes) : bytes;
}

function alterPolicy(random: Random, sealed: Bytes): Bytes {
  if (random.chance(5)) return flip(random, sealed);
  const files = new Map(unseal(sealed));
  for (let i = random.below(3); i > 0; i--) {
    const [path, ...change] = random.pick(POLICY_EDITS);
    const name = path === "*.cedar" ? random.pick([...files.keys()].filter((one) => one.endsWith(".cedar"))) : path;
    if (name === "entities.json" && !files.has(name)) files.set(name, "[]");
    files.set(name, edit(random, files.get(name)!, [change]));
  }
  if (random.chance(3)) files.set(random.pick(["notes.txt", "sub/a.cedar", "a b.cedar", "x.cedar", "tests/x.json"]), random.pick(["", "\ufeff", "x"]));
  if (random.chance(3)) files.delete(random.pick([...files.keys()]));
  return random.chance(2) ? seal(files, [...files.keys()].reverse()) : seal(files);
}

/** A bundle with that many decisions, each of an input and a policy bundle of its own making. */
export function decided(random: Random, count: number): { readonly bundle: Bytes; readonly policy: Bytes } {
  return decidedOf(Array.from({ length: count }, () => {
    const from = random.pick(BUNDLES);
    return { sealed: alterPolicy(random, from.sealed), input: alterInput(random, random.pick(from.inputs)) };
  }));
}

/** A bundle with a decision of each input under its policy bundle. */
export function decidedOf(decisions: readonly { readonly sealed: Bytes; readonly input: Bytes }[]): { readonly bundle: Bytes; readonly policy: Bytes } {
  const key = p256Key("decider"), log = seed("decided log"), stream = seed("decided stream").slice(0, 16), trailKey = seed("decided trail key");
  const texts: string[] = [], contents: { line: string; content: Bytes }[] = [], policies = new Map<string, Bytes>();
  const write = (kind: string, own: string, body: Record<string, unknown>, id: string): void => {
    const n = texts.length;
    texts.push(JSON.stringify({
      v: 1, id, kind, time: `2026-01-01T00:00:00.${`${n}`.padStart(6, "0")}Z`, trace: TRACE, span: `00f067aa0ba9${(n + 1).toString(16).padStart(4, "0")}`, seq: n,
      actor: { id: "spiffe://example.org/agent/actor", instance: "host-1/42", owner: "team" }, [own]: body,
    }));
  };
  const idOf = (n: number): string => `019b7647-b400-7000-8000-${n.toString(16).padStart(12, "0")}`;
  write("task.started", "request", { principal: "ana" }, idOf(0));
  for (const [i, { sealed, input }] of decisions.entries()) {
    const digest = hex(sha256(sealed)), id = idOf(i + 1), commitmentKey = deriveKey("commitment", trailKey, id, "input");
    policies.set(digest, sealed);
    contents.push({ line: JSON.stringify({ record: id, member: "input", key: hex(commitmentKey), bytes: input.length }), content: input });
    write("policy.decided", "policy", {
      bundle: `sha256:${digest}`, version: "?", entry_point: "authorize", input: { commitment: `hmac-sha256:${hex(commit(commitmentKey, input))}`, bytes: input.length, media: "application/json", content: "full" },
      decision: "?", determining: ["?"], errors: ["?"], obligations: ["?"], reason: "?", engine: "cedar", engine_digest: `sha256:${ENGINE_DIGEST}`,
    }, id);
  }
  write("task.ended", "outcome", { status: "done", emitters: [{ emitter: ISSUER, stream: hex(stream), records: texts.length + 1 }] }, idOf(decisions.length + 1));
  const records = texts.map(utf8);
  const header = cbor(new Map<number, Cbor>([[1, -7], [3, "application/vnd.cairn.statement+cbor"], [4, sha256(key.spki)], [15, new Map<number, Cbor>([[1, ISSUER], [2, hex(stream)]])]]));
  const payload = cbor([1, stream, 0, new Uint8Array(32), records.length, root(records.map(leafHash)), null]);
  const statement = cbor({ tag: 18, value: [header, new Map(), payload, sign(key, cbor(["Signature1", header, new Uint8Array(0), payload]))] });
  const publicKey = ed25519.getPublicKey(log), keyId = sha256(concat(utf8(`${ORIGIN}\n`), Uint8Array.of(1), publicKey)).slice(0, 4);
  const note = `${ORIGIN}\n1\n${base64(root([leafHash(statement)]))}\n`;
  const policy = utf8(`log ${ORIGIN}+${hex(keyId)}+${base64(concat(Uint8Array.of(1), publicKey))}\nquorum none\nemitter gateway ${ISSUER} ${base64(key.spki)}\n`);
  const listed = [...policies].sort(([a], [b]) => (a < b ? -1 : 1)), lines = (all: readonly string[]): Bytes => utf8(all.map((one) => `${one}\n`).join(""));
  const files: Files = new Map([
    ["checkpoint", utf8(`${note}\n\u2014 ${ORIGIN} ${base64(concat(keyId, ed25519.sign(utf8(note), log)))}\n`)],
    ["trust.policy", policy],
    ["certificates.jsonl", new Uint8Array(0)],
    ["heads.jsonl", new Uint8Array(0)],
    ["statements.bin", concat(Uint8Array.of(statement.length >> 8, statement.length & 255), statement)],
    ["proofs.jsonl", lines([JSON.stringify({ index: 0, records: "all", siblings: [], path: [], hints: "" })])],
    ["records.jsonl", lines(records.map((one) => fromUtf8(one)!))],
    ["content.jsonl", lines(contents.map(({ line }) => line))],
    ["content.bin", concat(...contents.map(({ content }) => content))],
    ["policies.jsonl", lines(listed.map(([digest, sealed]) => JSON.stringify({ digest, bytes: sealed.length })))],
    ["policies.bin", concat(...listed.map(([, sealed]) => sealed))],
  ]);
  files.set("manifest.json", manifest(files, TRACE, ORIGIN));
  return { bundle: zip(ordered(files)), policy };
}

/** A policy bundle and an input as a decision names them. */
interface Asked {
  readonly policy: { readonly digest: string; readonly sealed: Bytes };
  readonly input: Bytes;
}

const asked = (sealed: Bytes, input: string): Asked => ({ policy: { digest: hex(sha256(sealed)), sealed }, input: utf8(input) });
const payments = BUNDLES[0]!;

/** A decision as any: a small transfer, which is allowed. */
export const small: Asked = asked(payments.sealed, payments.inputs[0]!);

/** One that takes hours to evaluate: a long pattern that nearly fits everywhere in a long name. */
export function endless(number: number): Asked {
  const files = new Map(unseal(payments.sealed));
  for (const path of files.keys()) if (path.endsWith(".cedar")) files.delete(path);
  files.set("hang.cedar", `@id("hang-${number}") permit (principal, action, resource) when { context.name like "*${"a".repeat(400_000)}b" };\n`);
  return asked(seal(files), payments.inputs[0]!.replace(/"name":"[^"]*"/, `"name":"${"a".repeat(900_000)}"`));
}
