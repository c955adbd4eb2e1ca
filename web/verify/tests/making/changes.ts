import { base64, concat, hex, utf8, type Bytes } from "../../src/lib/bytes";
import { leafHash, sha256 } from "../../src/lib/sha256";
import { cbor, certificate, p256Key, seed, sign, type Key } from "./encode";
import type { Random } from "./random";
import { checkpoint, ORIGIN, START, TRACE } from "./story";
import { inclusion, root } from "./tree";
import { manifest, ordered, zip, type Files } from "./zip";

/**
 * Ledgers whose trust domain gets and loses roots while emitters go on under any of them, made from a seed. Lies are told before
 * signing, so that nothing but the change itself is wrong with them.
 */

const OTHER = "0af7651916cd43dd8448eb211c80319c";
const DAY = 86400;

export const CHANGE_LIES = [
  "none", "old wrong", "old left out", "old null", "old in upper case", "old without algorithm", "new wrong", "new left out", "new in upper case", "bundle no base64", "bundle null", "bundle left out", "not json", "json after json", "no object", "keys missing", "keys no array", "key no object",
  "x5c missing", "x5c empty", "x5c no array", "x5c of numbers", "root garbage", "root with a byte more", "no roots", "another use", "use of no text", "two certificates in x5c", "64 roots", "65 roots", "name twice", "escaped name twice", "name twice in different objects", "depth 16", "depth 17", "white space",
  "domain other", "domain in upper case", "domain left out", "domain no text", "record of another kind", "record of another member", "two changes", "two changes, one malformed", "two changes, one of them unchained", "issuer of another domain",
  "operator is a gateway", "no operator line", "pinned operator", "operator under another root", "operator expired", "change left out", "changes left out", "late record", "early record", "policy of all roots", "policy of another root", "policy without roots",
] as const;

type Lie = (typeof CHANGE_LIES)[number];
type Json = Record<string, unknown>;

interface Speaker {
  readonly issuer: string;
  readonly key: Key;
  readonly leaf: Bytes;
  readonly stream: Bytes;
  readonly pinned: boolean;
  statements: number;
  previous: Bytes;
  seq: number;
}

interface Entry {
  readonly bytes: Bytes;
  readonly records: readonly Bytes[];
  readonly change: boolean;
}

/** A bundle, packed, and the policy to verify it under. */
export function change(random: Random, lie: Lie): { bundle: Bytes; policy: Bytes } {
  const is = (...lies: Lie[]): boolean => lies.includes(lie);
  const keys = [0, 1, 2].map((i) => p256Key(`changing root ${i}`));
  const roots = keys.map((key, i) => certificate({ subject: "root", issuer: "root", serial: i + 1, key, signer: key, authority: true, uris: ["spiffe://example.org"], from: START - DAY, until: START + DAY }));
  const speaker = (role: string, name: string, under: number, more: { until?: number; pinned?: boolean; domain?: string } = {}): Speaker => {
    const issuer = `spiffe://${more.domain ?? "example.org"}/${role}/${name}`, key = p256Key(`${role} ${name} ${under}`);
    const leaf = certificate({ subject: name, issuer: "root", serial: 20 + under, key, signer: keys[under]!, uris: [issuer], from: START - DAY, until: more.until ?? START + DAY });
    return { issuer, key, leaf, stream: seed(`${role} ${name} ${under} stream`).slice(0, 16), pinned: more.pinned ?? false, statements: 0, previous: new Uint8Array(32), seq: 0 };
  };
  const pinned = is("pinned operator", "issuer of another domain") || random.chance(20);
  const operator = speaker("operator", "ledger", is("operator under another root") ? 1 : 0, { pinned, ...(is("operator expired") ? { until: START - 10 } : {}), ...(is("issuer of another domain") ? { domain: "example.com" } : {}) });
  const emitters = [0, 1, 2].map((under) => speaker("gateway", `e${under}`, under));

  let micros = 0, ids = 0;
  const record = (by: Speaker, kind: string, own: string, body: Json, trace: string, time?: string): Bytes => utf8(JSON.stringify({
    v: 1, id: `019b7647-b400-7000-8000-${(ids++).toString(16).padStart(12, "0")}`, kind, time: time ?? `${new Date(START * 1000).toISOString().slice(0, 14)}00:01.${String(++micros).padStart(6, "0")}Z`,
    trace, span: "00f067aa0ba90001", seq: by.seq++, actor: { id: by.issuer, instance: "host", owner: "team" }, [own]: body,
  }));
  const entries: Entry[] = [];
  const say = (by: Speaker, records: readonly Bytes[], isChange: boolean): void => {
    const named = new Map<number, Parameters<typeof cbor>[0]>([[1, -7], [3, "application/vnd.cairn.statement+cbor"], [15, new Map([[1, by.issuer], [2, hex(by.stream)]])]]);
    if (by.pinned) named.set(4, sha256(by.key.spki));
    else named.set(34, [-16, sha256(by.leaf)]);
    const header = cbor(named), payload = cbor([1, by.stream, by.statements, by.previous, records.length, root(records.map((one) => leafHash(one))), null]);
    const bytes = cbor({ tag: 18, value: [header, new Map(), payload, sign(by.key, cbor(["Signature1", header, new Uint8Array(0), payload]))] });
    by.statements++;
    by.previous = sha256(bytes);
    entries.push({ bytes, records, change: isChange });
  };

  // Honest emitters speak only under roots that the last change named, and no change takes out the operator's; others under any, at any time.
  const honest = random.chance(60);
  let old: string | undefined, inForce = [0];
  const body = (told: boolean): Json => {
    const lying = (...lies: Lie[]): boolean => told && is(...lies);
    inForce = [0, 1, 2].filter((i) => random.chance(i === 0 ? (honest ? 100 : 70) : 50));
    const chosen = inForce.map((i) => roots[i]!);
    const document = lying("bundle no base64", "bundle null") ? new Uint8Array(0) : utf8(documentOf(random, told ? lie : "none", chosen));
    const digest = `sha256:${hex(sha256(document))}`;
    const made: Json = { by: "ops", trust_domain: "example.org", ...(old === undefined ? {} : { old }), new: digest, reason: "rotation", bundle: base64(document) };
    if (lying("old wrong")) made.old = `sha256:${hex(seed("another"))}`;
    if (lying("old left out")) delete made.old;
    if (lying("old null")) made.old = null;
    if (lying("old in upper case")) made.old = `sha256:${hex(seed("another")).toUpperCase()}`;
    if (lying("old without algorithm")) made.old = hex(seed("another"));
    if (lying("new wrong")) made.new = `sha256:${hex(seed("another"))}`;
    if (lying("new left out")) delete made.new;
    if (lying("new in upper case")) made.new = `sha256:${digest.slice(7).toUpperCase()}`;
    if (lying("bundle no base64")) made.bundle = random.pick<unknown>(["!!!!", "AAA", 7, {}]);
    if (lying("bundle null")) made.bundle = null;
    if (lying("bundle left out")) delete made.bundle;
    if (lying("domain other")) made.trust_domain = "example.com";
    if (lying("domain in upper case")) made.trust_domain = "Example.org";
    if (lying("domain left out")) delete made.trust_domain;
    if (lying("domain no text")) made.trust_domain = random.pick<unknown>([7, null, "", "example.org/x", "example.org:1"]);
    old = digest;
    return made;
  };

  const steps = 8 + random.below(5), told = 1 + random.below(2);
  let changes = 0;
  for (let step = 0; step < steps; step++) {
    if (random.chance(step === 0 ? 100 : 60) && !(step === 1 && changes === 0)) {
      const emitter = random.pick(emitters.filter((_, i) => !honest || inForce.includes(i)));
      if (emitter) say(emitter, [record(emitter, emitter.seq === 0 ? "task.started" : "context.captured", emitter.seq === 0 ? "request" : "context", { subject: "x" }, TRACE)], false);
      continue;
    }
    const now = ++changes === told;
    const time = now && is("late record") ? "2026-01-01T00:20:00.000001Z" : now && is("early record") ? "2025-12-01T00:00:00.000000Z" : undefined;
    const kind = now && is("record of another kind") ? random.pick(["ledger.enrolled", "made.up"]) : "ledger.trust_changed";
    const records = [record(operator, "task.started", "request", { principal: "ops" }, OTHER), record(operator, kind, now && is("record of another member") ? "other" : "ledger", body(now && !is("two changes, one of them unchained")), OTHER, time)];
    if (now && is("two changes", "two changes, one malformed", "two changes, one of them unchained")) {
      const second = body(false);
      if (is("two changes, one malformed")) second.new = "x";
      if (is("two changes, one of them unchained")) second.old = `sha256:${hex(seed("another"))}`;
      records.push(record(operator, "ledger.trust_changed", "ledger", second, OTHER));
    }
    say(operator, records, true);
  }
  return bundle(random, lie, { entries, speakers: [operator, ...emitters], roots });
}

/** A SPIFFE bundle document of those roots, or what is none. */
function documentOf(random: Random, lie: Lie, roots: readonly Bytes[]): string {
  const key = (der: Bytes): Json => ({ use: "x509-svid", kty: "EC", x5c: [base64(der)] });
  const keys: unknown[] = roots.map(key), first = roots[0] ?? new Uint8Array(0), deep = (levels: number): string => `{"keys":[],"more":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
  switch (lie) {
    case "not json": return random.pick(["", "x", "{", '{"keys":[]', "\ufeff{\"keys\":[]}", "{'keys':[]}", '{"keys":[],}', '{"keys":[]/**/}']);
    case "json after json": return '{"keys":[]}{}';
    case "no object": return random.pick(["[]", "7", "null", '"keys"']);
    case "keys missing": return random.pick(["{}", '{"Keys":[]}']);
    case "keys no array": return random.pick(['{"keys":{}}', '{"keys":null}', '{"keys":7}']);
    case "key no object": keys.push(random.pick<unknown>([7, null, "x", []])); break;
    case "x5c missing": keys.push({ use: "x509-svid" }); break;
    case "x5c empty": keys.push({ use: "x509-svid", x5c: [] }); break;
    case "x5c no array": keys.push({ use: "x509-svid", x5c: random.pick<unknown>([base64(first), {}, null]) }); break;
    case "x5c of numbers": keys.push({ use: "x509-svid", x5c: [7] }); break;
    case "root garbage": keys.push({ use: "x509-svid", x5c: [random.pick(["", "AAAA", "!", "x"])] }); break;
    case "root with a byte more": keys.push(key(concat(first, Uint8Array.of(0)))); break;
    case "no roots": return '{"keys":[]}';
    case "another use": keys.push({ use: random.pick(["jwt-svid", "X509-SVID", ""]), x5c: ["!"] }); break;
    case "use of no text": keys.push({ use: random.pick<unknown>([null, 7, ["x509-svid"]]), x5c: ["!"] }, {}); break;
    case "two certificates in x5c": keys.push({ use: "x509-svid", x5c: [base64(p256Root()), "!"] }); break;
    case "64 roots": return JSON.stringify({ keys: Array.from({ length: 64 }, () => key(p256Root())) });
    case "65 roots": return JSON.stringify({ keys: Array.from({ length: 65 }, () => key(p256Root())) });
    case "name twice": return JSON.stringify({ keys }).replace("{", random.pick(['{"keys":[],', '{"a":1,"a":1,', '{"a":{"b":1,"b":2},']));
    case "escaped name twice": return JSON.stringify({ keys }).replace("{", random.pick(['{"\\u006beys":[],', '{"a":1,"\\u0061" :1,']));
    case "name twice in different objects": return JSON.stringify({ keys }).replace("{", '{"a":{"a":"a","keys":["a","a",":"]},');
    case "depth 16": return deep(16);
    case "depth 17": return deep(17);
    case "white space": return JSON.stringify({ spiffe_sequence: 1, keys }, undefined, random.pick(["  ", "\t"])).replaceAll("\n", random.pick(["\n", "\r\n"]));
    default:
  }
  return JSON.stringify({ keys });
}

const p256Root = (): Bytes => certificate({ subject: "further", issuer: "further", serial: 5, key: p256Key("further"), signer: p256Key("further"), authority: true, from: START - DAY, until: START + DAY });

function bundle(random: Random, lie: Lie, made: { entries: Entry[]; speakers: Speaker[]; roots: Bytes[] }): { bundle: Bytes; policy: Bytes } {
  const is = (...lies: Lie[]): boolean => lies.includes(lie);
  const { entries, speakers, roots } = made, leaves = entries.map((entry) => leafHash(entry.bytes));
  const { note, policy } = checkpoint(random, "none", leaves, random.chance(10));
  const operator = speakers[0]!;
  const trusted = is("policy of all roots") ? roots : is("policy of another root") ? [roots[1]!] : is("policy without roots") ? [] : [roots[0]!];
  policy.push(...trusted.map((der) => `trustdomain example.org ${base64(der)}`), "emitter gateway spiffe://example.org/gateway/*");
  if (!is("no operator line")) policy.push(`emitter ${is("operator is a gateway") ? "gateway" : "operator"} ${operator.issuer}${operator.pinned ? ` ${base64(operator.key.spki)}` : ""}`);
  const at = entries.map((_, i) => i), changes = at.filter((i) => entries[i]!.change), trail = at.filter((i) => !entries[i]!.change);
  if (is("change left out")) changes.splice(random.below(changes.length), 1);
  if (is("changes left out")) changes.length = 0;
  const text = (lines: readonly string[]): Bytes => utf8(lines.map((line) => line + "\n").join(""));
  const path = (i: number): string[] => inclusion(i, leaves).map(base64);
  const whole = random.chance(30);
  const files: Files = new Map([["checkpoint", note], ["trust.policy", text(policy)]]);
  files.set("trust.jsonl", text(changes.map((i) => {
    const { bytes, records } = entries[i]!, from = whole ? 0 : 1;
    return JSON.stringify({ index: i, statement: base64(bytes), records: whole ? "all" : records.map((_, n) => n).slice(from), bodies: records.slice(from).map(base64), siblings: records.slice(0, from).map((one) => base64(leafHash(one))), path: path(i) });
  })));
  files.set("certificates.jsonl", text(speakers.map((one) => JSON.stringify({ x5t: hex(sha256(one.leaf)), chain: [base64(one.leaf)] }))));
  files.set("heads.jsonl", new Uint8Array(0));
  files.set("statements.bin", concat(...trail.flatMap((i) => [Uint8Array.of(entries[i]!.bytes.length >> 8, entries[i]!.bytes.length & 255), entries[i]!.bytes])));
  files.set("proofs.jsonl", text(trail.map((i) => JSON.stringify({ index: i, records: "all", siblings: [], path: path(i), hints: "" }))));
  files.set("records.jsonl", concat(...trail.flatMap((i) => entries[i]!.records.flatMap((one) => [one, Uint8Array.of(10)]))));
  files.set("manifest.json", manifest(files, TRACE, ORIGIN));
  return { bundle: zip(ordered(files)), policy: files.get("trust.policy")! };
}
