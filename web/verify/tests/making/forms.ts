import { base64, concat, hex, utf8, type Bytes } from "../../src/lib/bytes";
import { leafHash, sha256 } from "../../src/lib/sha256";
import { cbor, certificate, der, ed25519Key, oid, p256Key, seed, sign, type Cbor, type CertificateOptions, type Key } from "./encode";
import type { Random } from "./random";
import { checkpoint, flip, ORIGIN, START, TRACE, type Made } from "./story";
import { inclusion, root } from "./tree";

/**
 * One emitter's short trail, in which a statement, a certificate or a number has an unusual form that was there before signing:
 * each is signed and in the ledger, so that nothing but the form itself decides.
 */

const DAY = 86400;
const LARGE = 2n ** 63n;

export const FORMS = [
  "none",
  // statements
  "tag left out", "another tag", "longer head", "indefinite array", "three items", "five items", "unprotected member", "protected empty", "protected map indefinite", "label twice", "labels unsorted", "label as text", "unknown label", "critical label", "algorithm es384", "algorithm as text", "algorithm left out", "another content type", "content type left out", "content type in upper case",
  "claims left out", "claims empty", "further claim", "issuer with a slash", "issuer without path", "issuer of 2048 bytes", "issuer in upper case", "subject of another stream", "subject in upper case", "kid and certificate", "two names of the key", "no name of the key", "hash of another algorithm", "hash short", "chain empty", "chain of one in an array", "chain of 8", "chain of 9", "certificate empty",
  "payload null", "payload text", "payload version 2", "payload of six", "payload of eight", "payload with a byte more", "stream of 15 bytes", "seq 2^63", "seq 2^63-1", "seq 2^64-1", "seq negative", "seq not shortest", "previous short", "previous of zeros", "previous not of zeros", "records 0", "records 65536", "records 65537", "root short", "known of one", "known of three", "known size 2^63", "known of zero with a root", "known as false",
  "signature empty", "signature of 63 bytes", "signature of 65 bytes", "signature of zeros", "r of the order", "statement empty", "statement of 65535 bytes",
  // numbers in lines
  "index 2^63", "index 2^63-1", "index 2^64", "index of zeros", "index with a sign", "position 2^31", "position 2^31-1", "positions of zeros", "head size 2^63", "head size 2^63-1", "content bytes 2^63", "content bytes 2^63-1", "gap of 2^53", "duration negative",
  // certificates
  "leaf of version 1", "leaf of version 2", "leaf of 1999", "leaf until 2049", "leaf until 2050", "leaf until 9999", "leaf with two algorithms", "leaf with a byte more", "leaf cut", "leaf as PEM", "leaf without constraints", "leaf for an ed25519 key", "leaf twice in the chain", "root in the chain", "root alone in the chain", "chain backwards", "a stranger in the chain", "intermediate twice", "intermediate expired", "intermediate of path length 0", "two intermediates of path length 0", "two intermediates of path length 1", "intermediate without usage", "intermediate without the right usage", "intermediate without constraints",
  "usage of one more bit", "usage empty", "uri of the trust domain", "uri with a slash", "uri in upper case", "uri escaped", "uri of another scheme", "uri critical", "dns name beside", "extension twice", "extension not understood", "extension critical as false", "permitted host", "another host permitted", "host excluded", "dns permitted", "serial 0", "root of another key and one name", "root in the policy twice", "root of another trust domain", "root without constraints", "root under itself expired",
  "leaf bit", "intermediate bit", "root bit",
  "x5t twice", "x5t of another", "x5t in upper case", "certificates of nobody", "chain of no certificates", "chain of 8 in certificates.jsonl", "chain of 9 in certificates.jsonl", "garbage behind the leaf",
] as const;
export type Form = (typeof FORMS)[number];

/** The trail with that form in it. */
export function formed(random: Random, form: Form): Made {
  const is = (...forms: Form[]): boolean => forms.includes(form);
  const issuer = is("issuer with a slash") ? "spiffe://example.org/gateway/e/" : is("issuer without path") ? "spiffe://example.org" : is("issuer of 2048 bytes") ? `spiffe://example.org/gateway/${"e".repeat(random.pick([2019, 2020]))}` : is("issuer in upper case") ? "spiffe://Example.org/gateway/e" : "spiffe://example.org/gateway/e";
  const key = is("leaf for an ed25519 key") || random.chance(10) ? ed25519Key("form") : p256Key("form"), stream = seed("form stream").slice(0, 16);
  const { chain, roots } = certificates(random, form, issuer, key);
  const byKid = is("kid and certificate") ? false : random.chance(form === "none" ? 30 : 5);

  const entries: { bytes: Bytes; records: Bytes[] }[] = [];
  let previous: Bytes = new Uint8Array(32), statements = 0n, seq = 0;
  const record = (kind: string, own: string, body: object): Bytes => utf8(JSON.stringify({
    v: 1, id: `019b7647-b400-7000-8000-${seq.toString(16).padStart(12, "0")}`, kind, time: `2026-01-01T00:00:0${seq}.000000Z`, trace: TRACE, span: "00f067aa0ba90001", seq: seq++,
    actor: { id: "spiffe://example.org/agent/a", instance: "host", owner: "team" }, [own]: body,
  }));
  const records = [
    [record("task.started", "request", { principal: "ana" })],
    [record("context.captured", "context", { subject: "x" }), ...(is("gap of 2^53") ? [record("gap.declared", "gap", { reason: "lost", count: 9007199254740991 })] : is("duration negative") ? [record("effect.observed", "effect", { duration_us: -1 })] : [])],
    [] as Bytes[],
  ];
  records[2]!.push(record("task.ended", "outcome", { status: "done", emitters: [{ emitter: issuer, stream: hex(stream), records: seq }] }));
  const told = random.below(2) + (is("previous not of zeros") ? 0 : is("previous of zeros") ? 1 : 0);
  const aim = is("previous not of zeros") ? 0 : Math.min(told, 2);
  records.forEach((own, i) => {
    const bytes = statement(random, i === aim ? form : "none", { key, issuer, stream, chain, byKid, first: i === 0, seq: statements++, previous, records: own, before: entries.map((one) => leafHash(one.bytes)) });
    previous = sha256(bytes);
    entries.push({ bytes, records: own });
  });
  const leaves = entries.map((one) => leafHash(one.bytes));
  const { note, policy } = checkpoint(random, "none", leaves, false);
  policy.push(...roots, `emitter gateway spiffe://example.org/gateway/*`, `emitter agent spiffe://example.org`, `emitter gateway ${issuer.replace("Example", "example").replace(/\/$/, "")} ${base64(key.spki)}`);
  const numbers = (line: string): string => line
    .replace(/"index":\d+/, (found) => (is("index 2^63") ? `"index":${LARGE}` : is("index 2^63-1") ? `"index":${LARGE - 1n}` : is("index 2^64") ? `"index":${2n ** 64n}` : is("index of zeros") ? '"index":00' : is("index with a sign") ? '"index":+1' : found))
    .replace('"records":"all"', (found) => (is("position 2^31") ? '"records":[2147483648]' : is("position 2^31-1") ? '"records":[2147483647]' : is("positions of zeros") ? '"records":[00]' : found));
  const lines = (list: readonly string[]): Bytes => utf8(list.map((line) => line + "\n").join(""));
  const files: Made["files"] = new Map();
  files.set("checkpoint", note);
  files.set("trust.policy", lines(policy));
  files.set("certificates.jsonl", lines(certificateLines(form, chain)));
  const heads = [{ size: 0n, root: root([]) }, { size: 1n, root: leaves[0]! }].map(({ size, root: hash }) => ({ size, line: `{"size":${size},"root":"${base64(hash)}","consistency":${size === 0n ? "[]" : JSON.stringify([base64(leaves[1]!), base64(leaves[2]!)])}}` }));
  if (is("head size 2^63", "head size 2^63-1")) heads.push({ size: LARGE, line: `{"size":${is("head size 2^63") ? LARGE : LARGE - 1n},"root":"${base64(seed("far"))}","consistency":[]}` });
  files.set("heads.jsonl", lines(heads.map((head) => head.line)));
  files.set("statements.bin", concat(...entries.flatMap(({ bytes }) => [Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes])));
  files.set("proofs.jsonl", lines(entries.map((one, i) => {
    const line = `{"index":${i},"records":"all","siblings":[],"path":${JSON.stringify(inclusion(i, leaves).map(base64))},"hints":"${one.records.map((own) => hex(leafHash(own).subarray(0, 4))).join("")}"}`;
    return i === aim ? numbers(line) : line;
  })));
  files.set("records.jsonl", concat(...entries.flatMap((one) => one.records.flatMap((own) => [own, Uint8Array.of(10)]))));
  if (is("content bytes 2^63", "content bytes 2^63-1")) {
    files.set("content.jsonl", lines([`{"record":"019b7647-b400-7000-8000-000000000001","member":"subject","key":"${hex(seed("key"))}","bytes":${is("content bytes 2^63") ? LARGE : LARGE - 1n}}`]));
    files.set("content.bin", utf8("content"));
  }
  return { files, policy: files.get("trust.policy")!, manifest: {}, trace: TRACE, origin: ORIGIN, leaves, mlDsa: false };
}

interface Stated {
  readonly key: Key;
  readonly issuer: string;
  readonly stream: Bytes;
  readonly chain: readonly Bytes[];
  readonly byKid: boolean;
  readonly first: boolean;
  readonly seq: bigint;
  readonly previous: Bytes;
  readonly records: readonly Bytes[];
  readonly before: readonly Bytes[];
}

/** A map of CBOR with its pairs as they are given. */
const map = (pairs: readonly (readonly [Cbor, Cbor])[], indefinite = false): Bytes =>
  concat(Uint8Array.of(indefinite ? 0xbf : 0xa0 | pairs.length), ...pairs.flatMap(([label, value]) => [cbor(label), cbor(value)]), ...(indefinite ? [Uint8Array.of(0xff)] : []));

function statement(random: Random, form: Form, one: Stated): Bytes {
  const is = (...forms: Form[]): boolean => forms.includes(form);
  let pairs: [Cbor, Cbor][] = [[1, is("algorithm es384") ? -35 : is("algorithm as text") ? "ES256" : one.key.type === "p256" ? -7 : -8]];
  if (is("algorithm left out")) pairs = [];
  if (is("critical label")) pairs.push([2, [3]]);
  if (!is("content type left out")) pairs.push([3, is("another content type") ? random.pick(["application/json", "", 60]) : is("content type in upper case") ? "application/vnd.Cairn.statement+cbor" : "application/vnd.cairn.statement+cbor"]);
  const x5t: [Cbor, Cbor] = [34, [is("hash of another algorithm") ? random.pick([-44, -15, 0]) : -16, is("hash short") ? sha256(one.chain[0]!).slice(0, 31) : sha256(one.chain[0]!)]];
  const kid: [Cbor, Cbor] = [4, sha256(one.key.spki)];
  if (one.byKid || is("kid and certificate")) pairs.push(kid);
  const claims: [number, Cbor][] = [[1, one.issuer], [2, is("subject of another stream") ? hex(seed("another").slice(0, 16)) : is("subject in upper case") ? hex(one.stream).toUpperCase() : hex(one.stream)]];
  if (is("further claim")) claims.push([random.pick([3, 6, 100]), "x"]);
  if (!is("claims left out")) pairs.push([15, new Map(is("claims empty") ? [] : claims)]);
  const certificates: Cbor = is("chain empty") ? [] : is("chain of one in an array") ? [one.chain[0]!] : is("chain of 8", "chain of 9") ? Array.from({ length: is("chain of 8") ? 8 : 9 }, (_, i) => one.chain[i] ?? one.chain[0]!) : is("certificate empty") ? random.pick<Cbor>([new Uint8Array(0), [one.chain[0]!, new Uint8Array(0)]]) : one.chain.length === 1 ? one.chain[0]! : one.chain;
  const brings = one.first || is("chain empty", "chain of one in an array", "chain of 8", "chain of 9", "certificate empty", "two names of the key") || random.chance(20);
  if (!one.byKid && !is("no name of the key")) pairs.push(...(brings && !is("hash of another algorithm", "hash short") ? [[33, certificates] as [Cbor, Cbor]] : []), ...(!brings || is("hash of another algorithm", "hash short", "two names of the key") ? [x5t] : []));
  if (is("unknown label")) pairs.push([random.pick([7, 99, 5000]), "x"]);
  if (is("label twice")) pairs.splice(1, 0, pairs[0]!);
  if (is("labels unsorted")) pairs.reverse();
  if (is("label as text")) pairs.push(["alg", -7]);
  const header = is("protected empty") ? new Uint8Array(0) : map(pairs, is("protected map indefinite"));

  const seq = is("seq 2^63") ? LARGE : is("seq 2^63-1") ? LARGE - 1n : is("seq 2^64-1") ? 2n ** 64n - 1n : is("seq negative") ? -1n : one.seq;
  const count = is("records 0") ? 0 : is("records 65536") ? 65536 : is("records 65537") ? 65537 : one.records.length;
  const known: Cbor = is("known of one") ? [1] : is("known of three") ? [0, root([]), 0] : is("known size 2^63") ? [LARGE, root([])] : is("known of zero with a root") ? [0, seed("none")] : random.chance(30) && one.before.length > 0 ? [1, one.before[0]!] : random.chance(20) ? [0, root([])] : null;
  const items: Cbor[] = [
    is("payload version 2") ? 2 : 1, is("stream of 15 bytes") ? one.stream.slice(1) : one.stream, seq,
    is("previous short") ? one.previous.slice(1) : is("previous of zeros") ? new Uint8Array(32) : is("previous not of zeros") ? seed("before") : one.previous,
    count, is("root short") ? seed("root").slice(1) : root(one.records.map((own) => leafHash(own))), known,
  ];
  if (is("payload of six")) items.pop();
  if (is("payload of eight")) items.push(0);
  let payload: Bytes = cbor(items);
  if (is("known as false")) payload = concat(cbor([...items.slice(0, 6), null]).slice(0, -1), Uint8Array.of(0xf4));
  if (is("payload with a byte more")) payload = concat(payload, Uint8Array.of(0));
  if (is("seq not shortest")) payload = concat(payload.subarray(0, 19), Uint8Array.of(0x18, Number(one.seq)), payload.subarray(20));
  let signature = sign(one.key, cbor(["Signature1", header, new Uint8Array(0), payload]));
  if (is("signature empty")) signature = new Uint8Array(0);
  if (is("signature of 63 bytes")) signature = signature.slice(1);
  if (is("signature of 65 bytes")) signature = concat(signature, Uint8Array.of(0));
  if (is("signature of zeros")) signature = new Uint8Array(64);
  if (is("r of the order")) signature = concat(Uint8Array.from(Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex")), signature.subarray(32));
  const unprotected: Cbor = is("unprotected member") ? new Map<number, Cbor>([[394, [new Uint8Array(1)]]]) : new Map();
  const value: Cbor = [header, unprotected, is("payload null") ? null : is("payload text") ? "payload" : payload, signature];
  let bytes = is("tag left out") ? cbor(value) : cbor({ tag: is("another tag") ? random.pick([17, 61, 98]) : 18, value: is("three items") ? value.slice(0, 3) : is("five items") ? [...value, 0] : value });
  if (is("longer head")) bytes = concat(Uint8Array.of(0xd8, 18), bytes.subarray(1));
  if (is("indefinite array")) bytes = concat(bytes.subarray(0, 1), Uint8Array.of(0x9f), bytes.subarray(2), Uint8Array.of(0xff));
  return is("statement empty") ? new Uint8Array(0) : is("statement of 65535 bytes") ? concat(bytes, new Uint8Array(65535 - bytes.length)) : bytes;
}

/** The emitter's chain, and the policy's lines on roots. */
function certificates(random: Random, form: Form, issuer: string, key: Key): { chain: Bytes[]; roots: string[] } {
  const is = (...forms: Form[]): boolean => forms.includes(form);
  const rootKey = p256Key("form root"), between = p256Key("form between"), second = p256Key("form second");
  const make = (options: Partial<CertificateOptions> & Pick<CertificateOptions, "subject" | "issuer" | "serial" | "key" | "signer">): Bytes => certificate({ from: START - DAY, until: START + DAY, ...options });
  const rootDer = make({ subject: "root", issuer: "root", serial: 1, key: rootKey, signer: rootKey, authority: true, ...(is("root without constraints") ? { authority: false, usage: 0x06 } : {}), ...(is("root under itself expired") ? { until: START } : {}) });
  const extension = (id: string, critical: readonly number[], value: Bytes): Bytes => der(0x30, oid(id), ...(critical.length > 0 ? [der(1, Uint8Array.from(critical))] : []), der(4, value));
  const constraint = (tag: number, side: number, host: string): Bytes => extension("2.5.29.30", [255], der(0x30, der(side, der(0x30, der(tag, utf8(host))))));
  const depth = is("two intermediates of path length 0", "two intermediates of path length 1") ? 2
    : is("intermediate twice", "intermediate expired", "intermediate of path length 0", "intermediate without usage", "intermediate without the right usage", "intermediate without constraints", "permitted host", "another host permitted", "host excluded", "dns permitted", "chain backwards", "intermediate bit") || random.chance(30) ? 1 : 0;
  const middle = make({
    subject: "between", issuer: "root", serial: 2, key: between, signer: rootKey, authority: !is("intermediate without constraints"),
    ...(is("intermediate of path length 0", "two intermediates of path length 0") ? { pathLength: 0 } : is("two intermediates of path length 1") ? { pathLength: 1 } : {}),
    ...(is("intermediate expired") ? { until: START - 1 } : {}), usage: is("intermediate without usage") ? 0 : is("intermediate without the right usage") ? 0x02 : 0x06,
    ...(is("permitted host") ? { extra: constraint(0x86, 0xa0, "example.org") } : is("another host permitted") ? { extra: constraint(0x86, 0xa0, random.pick(["example.com", ".example.org", "xexample.org", ""])) } : is("host excluded") ? { extra: constraint(0x86, 0xa1, random.pick(["example.org", "EXAMPLE.org", ".org", "org"])) } : is("dns permitted") ? { extra: constraint(0x82, 0xa0, "example.org") } : {}),
  });
  const [signer, above] = depth === 2 ? [second, "second"] : depth === 1 ? [between, "between"] : [rootKey, "root"];
  const uris = is("uri of the trust domain") ? ["spiffe://example.org"] : is("uri with a slash") ? [`${issuer}/`] : is("uri in upper case") ? [issuer.toUpperCase()] : is("uri escaped") ? [issuer.replace("gateway", "%67ateway")] : is("uri of another scheme") ? [issuer.replace("spiffe", "https")] : [issuer];
  const names = der(0x30, ...uris.map((uri) => der(0x86, utf8(uri))), ...(is("dns name beside") ? [der(0x82, utf8("e.example.org"))] : []));
  const ownNames = is("uri critical", "dns name beside", "extension critical as false");
  const leafUsage = is("usage of one more bit") ? random.pick([0xc0, 0xa0, 0x90, 0x88]) : is("usage empty") ? 0x01 : 0x80;
  let leaf = make({
    subject: "e", issuer: above, serial: is("serial 0") ? 0 : 7, key, signer, usage: leafUsage,
    ...(ownNames ? { extra: extension("2.5.29.17", is("uri critical") ? [255] : is("extension critical as false") ? [0] : [], names) } : { uris }),
    ...(is("extension twice") ? { extra: extension("2.5.29.15", [255], der(3, Uint8Array.of(7, 0x80))) } : is("extension not understood") ? { extra: extension("1.3.6.1.4.1.99999.7", [], der(4, utf8("x"))) } : {}),
    ...(is("leaf of 1999") ? { from: 946684799 } : is("leaf until 2049") ? { until: 2524607999 } : is("leaf until 2050") ? { until: 2524608000 } : is("leaf until 9999") ? { until: 253402300799 } : {}),
    ...(is("leaf of version 1") ? { version: 0 } : is("leaf of version 2") ? { version: 1 } : {}), ...(is("leaf without constraints") ? { constraints: false } : {}), ...(is("leaf with two algorithms") ? { inner: der(0x30, oid("1.2.840.10045.4.3.3")) } : {}),
  });
  if (is("leaf with a byte more")) leaf = concat(leaf, Uint8Array.of(0));
  if (is("leaf cut")) leaf = leaf.slice(0, -1);
  if (is("leaf as PEM")) leaf = utf8(`-----BEGIN CERTIFICATE-----\n${base64(leaf)}\n-----END CERTIFICATE-----\n`);
  const chain = [leaf, ...(depth === 2 ? [make({ subject: "second", issuer: "between", serial: 3, key: second, signer: between, authority: true })] : []), ...(depth > 0 ? [middle] : [])];
  if (is("leaf bit")) chain[0] = flip(random, chain[0]!);
  if (is("intermediate bit")) chain[1] = flip(random, chain[1]!);
  if (is("leaf twice in the chain")) chain.push(leaf);
  if (is("root in the chain")) chain.push(rootDer);
  if (is("root alone in the chain")) chain.splice(0, chain.length, rootDer);
  if (is("chain backwards")) chain.reverse();
  if (is("a stranger in the chain")) chain.push(make({ subject: "stranger", issuer: "stranger", serial: 9, key: second, signer: second, authority: true }));
  if (is("intermediate twice")) chain.push(middle);
  if (is("garbage behind the leaf")) chain.push(utf8("garbage"));
  const another = make({ subject: "root", issuer: "root", serial: 4, key: second, signer: second, authority: true });
  const named = is("root of another trust domain") ? "example.com" : "example.org";
  const roots = is("root of another key and one name") ? random.pick([[another, rootDer], [rootDer, another], [another]]) : is("root in the policy twice") ? [rootDer, rootDer] : is("root bit") ? [flip(random, rootDer)] : [rootDer];
  return { chain, roots: roots.map((one) => `trustdomain ${named} ${base64(one)}`) };
}

function certificateLines(form: Form, chain: readonly Bytes[]): string[] {
  const line = (list: readonly Bytes[], x5t = hex(sha256(list[0] ?? new Uint8Array(0)))): string => JSON.stringify({ x5t, chain: list.map(base64) });
  const longer = (count: number): Bytes[] => Array.from({ length: count }, (_, i) => chain[i] ?? chain[0]!);
  switch (form) {
    case "x5t twice": return [line(chain), line([chain[0]!, utf8("x")])];
    case "x5t of another": return [line(chain, hex(seed("another")))];
    case "x5t in upper case": return [line(chain, hex(sha256(chain[0]!)).toUpperCase())];
    case "certificates of nobody": return [line(chain), line([utf8("x")])];
    case "chain of no certificates": return [line([])];
    case "chain of 8 in certificates.jsonl": return [line(longer(8))];
    case "chain of 9 in certificates.jsonl": return [line(longer(9))];
    default: return [line(chain)];
  }
}
