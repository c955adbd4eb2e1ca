import { sha1 } from "@noble/hashes/legacy.js";
import { base64, compare, concat, utf8, type Bytes } from "../../src/lib/bytes";
import { sha256 } from "../../src/lib/sha256";
import { algorithm, certificate, der, derSignature, name, oid, p256Key, sign, uint, type CertificateOptions } from "./encode";
import type { Random } from "./random";
import { anchorNote, flip, START, type Made } from "./story";
import { consistency } from "./tree";

/** Bundles of stories with anchors: checkpoints of smaller trees, cosigned and stamped, with a lie about one of them. */

export const ANCHOR_LIES = [
  "none", "another text", "unknown authority", "authority not in the policy", "certificate ended", "certificate began later", "last second", "purpose missing", "purpose not critical", "two purposes", "key usage without signatures", "no key usage",
  "signature bit", "token bit", "token cut", "token with a byte more", "token empty", "attribute order", "attribute twice", "older attribute", "both attributes", "older attribute wrong", "no certificate attribute", "another certificate named", "issuer and serial named", "another serial named",
  "content type wrong", "message digest wrong", "version of info", "critical extension", "other extension", "no accuracy", "accuracy in all units", "accuracy out of range", "time with a fraction", "fraction with a zero", "nonce", "no certificate inside", "many certificates", "through an intermediate", "intermediate left out", "two signers", "subject key id",
  "backdated token", "backdated log", "backdated witness", "dated by 299 seconds", "dated by 301 seconds", "fork", "unsigned", "signature bad", "another origin", "note garbled", "not ascending", "twice", "beyond", "line with spaces", "path wrong", "policy line twice", "two roots of one name",
] as const;
export type AnchorLie = (typeof ANCHOR_LIES)[number];

/** Lies that need the log's own word on when it signed, which comes with ML-DSA-44. */
export const ABOUT_THE_LOG: ReadonlySet<AnchorLie> = new Set(["backdated token", "backdated log", "backdated witness", "dated by 299 seconds", "dated by 301 seconds", "unsigned", "another origin", "fork"]);

const STAMPING = "1.3.6.1.5.5.7.3.8";
const DAY = 86400;
const sequence = (...parts: Uint8Array[]): Bytes => der(0x30, ...parts);
const set = (...parts: Uint8Array[]): Bytes => der(0x31, ...parts);
const octets = (bytes: Uint8Array): Bytes => der(4, bytes);
const SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"));

/** The story's bundle and policy, with anchors. */
export function anchored(random: Random, made: Made, lie: AnchorLie): Made {
  const is = (...lies: AnchorLie[]): boolean => lies.includes(lie);
  const rootKey = p256Key("timestamp root"), middleKey = p256Key("timestamp intermediate"), signerKey = p256Key("timestamp signer");
  const make = (options: Partial<CertificateOptions> & Pick<CertificateOptions, "subject" | "issuer" | "serial" | "key" | "signer">): Bytes => certificate({ from: START - DAY, until: START + DAY, ...options });
  const rootDer = make({ subject: "tsa root", issuer: "tsa root", serial: 1, key: rootKey, signer: rootKey, authority: true });
  const middle = make({ subject: "tsa middle", issuer: "tsa root", serial: 2, key: middleKey, signer: rootKey, authority: true });
  const purposes = is("purpose missing") ? [] : is("two purposes") ? [STAMPING, "1.3.6.1.5.5.7.3.3"] : [STAMPING];
  const extra = purposes.length === 0 ? undefined : sequence(oid("2.5.29.37"), ...(is("purpose not critical") ? [] : [der(1, Uint8Array.of(255))]), octets(sequence(...purposes.map(oid))));
  const deep = is("through an intermediate", "intermediate left out") || random.chance(20), strange = is("unknown authority");
  const stampedAt = START + 1000;
  const signer = make({
    subject: "tsa", issuer: strange ? "stranger" : deep ? "tsa middle" : "tsa root", serial: 3, key: signerKey, signer: strange ? p256Key("stranger") : deep ? middleKey : rootKey,
    usage: is("key usage without signatures") ? 0x08 : is("no key usage") ? 0 : random.pick([0x80, 0x40, 0xc0]),
    ...(extra ? { extra } : {}),
    ...(is("certificate ended") ? { until: stampedAt - 1 } : is("last second") ? { until: stampedAt } : {}),
    ...(is("certificate began later") ? { from: stampedAt + 1 } : {}),
  });
  const token = (text: string, time: number): Bytes => stamp(random, lie, { text: is("another text") ? text + "x" : text, time, signer, issuer: strange ? "stranger" : deep ? "tsa middle" : "tsa root", between: deep && !is("intermediate left out") ? [middle] : [], key: signerKey });

  const lines: string[] = [], sizes = [...new Set([1 + random.below(made.leaves.length), 1 + random.below(made.leaves.length), made.leaves.length])].sort((a, b) => a - b);
  sizes.forEach((size, i) => {
    const told = i === sizes.length - 1, first = i === 0;
    const signed = START + 100 * (i + 1) + (told && is("backdated log") ? -2000 : 0), leaves = made.leaves.slice(0, size);
    const shift = told && is("backdated token") ? -3000 : told && is("dated by 299 seconds") ? signed - 100 - 299 - stampedAt : told && is("dated by 301 seconds") ? signed - 100 - 302 - stampedAt : 0;
    const { text, note } = anchorNote(leaves, {
      signed, mlDsa: made.mlDsa, seen: random.chance(50) || is("backdated witness") ? signed + 10 + (told && is("backdated witness") ? -2000 : 0) : undefined,
      ...(told && is("another origin") ? { origin: "ledger.example/other" } : {}), fork: told && is("fork"), unsigned: told && is("unsigned"), bad: told && is("signature bad"),
    });
    const path = consistency(size, made.leaves).map(base64);
    if (told && is("path wrong")) path.push(base64(sha256(utf8("wrong"))));
    const tokens = told || random.chance(50) ? [base64(token(text, stampedAt + shift))] : [];
    if (random.chance(10)) tokens.push(...tokens);
    const line = JSON.stringify({ checkpoint: base64(told && is("note garbled") ? flip(random, note) : note), consistency: path, tokens });
    lines.push(told && is("line with spaces") ? line.replace(",", ", ") : line);
    if (first && is("twice")) lines.push(line);
  });
  if (is("not ascending")) lines.reverse();
  if (is("beyond")) {
    const { note } = anchorNote([...made.leaves, sha256(utf8("beyond"))], { signed: START + 500, mlDsa: made.mlDsa });
    lines.push(JSON.stringify({ checkpoint: base64(note), consistency: [], tokens: [] }));
  }
  const policy = new TextDecoder().decode(made.policy);
  const line = `timestamper acme ${base64(rootDer)}\n`, other = `timestamper ${is("two roots of one name") ? "acme" : "other"} ${base64(make({ subject: "other", issuer: "other", serial: 9, key: p256Key("other tsa"), signer: p256Key("other tsa"), authority: true }))}\n`;
  const named = is("authority not in the policy") ? other : is("policy line twice") ? line + line : random.chance(50) ? other + line : line + other;
  const files = new Map(made.files);
  files.set("anchors.jsonl", utf8(lines.map((one) => one + "\n").join("")));
  return { ...made, files, policy: utf8(policy + named) };
}

interface Stamp {
  readonly text: string;
  readonly time: number;
  readonly signer: Bytes;
  readonly issuer: string;
  readonly between: readonly Bytes[];
  readonly key: ReturnType<typeof p256Key>;
}

/** A TimeStampToken, as RFC 3161 and RFC 5652 have it but for the lie. */
function stamp(random: Random, lie: AnchorLie, one: Stamp): Bytes {
  const is = (...lies: AnchorLie[]): boolean => lies.includes(lie);
  const digits = new Date(one.time * 1000).toISOString().replaceAll(/[-:T]/g, "").slice(0, 14);
  const fraction = is("time with a fraction") ? random.pick([".5", ".123456", ".001", ".1234567"]) : is("fraction with a zero") ? random.pick([".50", ".0", "."]) : "";
  const accuracy = is("no accuracy") ? [] : is("accuracy in all units") ? [sequence(uint(1), der(0x80, Uint8Array.of(5)), der(0x81, Uint8Array.of(7)))] : is("accuracy out of range") ? [sequence(random.pick([der(0x80, Uint8Array.of(0)), der(0x81, Uint8Array.of(3, 0xe8)), der(2, Uint8Array.of(0xff))]))] : [sequence(uint(1))];
  const extension = is("critical extension", "other extension") ? [der(0xa1, sequence(oid("1.3.6.1.4.1.99999.1"), ...(is("critical extension") ? [der(1, Uint8Array.of(255))] : []), octets(uint(1))))] : [];
  const info = sequence(
    uint(is("version of info") ? 2 : 1), oid("1.3.6.1.4.1.13762.3"), sequence(SHA256, octets(sha256(utf8(one.text)))), uint(7), der(0x18, utf8(`${digits}${fraction}Z`)),
    ...accuracy, ...(is("nonce") || random.chance(30) ? [uint(77)] : []), ...extension,
  );
  const named = is("another certificate named") ? one.key.spki : one.signer;
  const issuerSerial = is("issuer and serial named", "another serial named") ? [sequence(sequence(der(0xa4, name(one.issuer))), uint(is("another serial named") ? 4 : 3))] : [];
  const newer = sequence(oid("1.2.840.113549.1.9.16.2.47"), set(sequence(sequence(sequence(octets(sha256(named)), ...issuerSerial)))));
  const older = sequence(oid("1.2.840.113549.1.9.16.2.12"), set(sequence(sequence(sequence(octets(sha1(is("older attribute wrong") ? one.key.spki : named)))))));
  const attributes = [
    sequence(oid("1.2.840.113549.1.9.3"), set(oid(is("content type wrong") ? "1.2.840.113549.1.7.1" : "1.2.840.113549.1.9.16.1.4"))),
    sequence(oid("1.2.840.113549.1.9.4"), set(octets(sha256(is("message digest wrong") ? utf8("x") : info)))),
    ...(is("no certificate attribute") ? [] : is("older attribute") ? [older] : is("both attributes", "older attribute wrong") ? [older, newer] : [newer]),
  ].sort(compare);
  if (is("attribute order")) attributes.reverse();
  if (is("attribute twice")) attributes.splice(0, 0, attributes[0]!);
  const signature = derSignature(sign(one.key, set(...attributes)));
  const sid = is("subject key id") ? der(0x80, sha1(one.key.spki)) : sequence(name(one.issuer), uint(3));
  const signer = sequence(uint(is("subject key id") ? 3 : 1), sid, SHA256, der(0xa0, ...attributes), algorithm(one.key), octets(is("signature bit") ? flip(random, signature) : signature));
  const certificates = is("no certificate inside") ? [] : [one.signer, ...one.between, ...(is("many certificates") ? Array.from({ length: random.pick([14, 16]) }, (_, i) => certificate({ subject: `x${i}`, issuer: `x${i}`, serial: i, key: one.key, signer: one.key, from: START, until: START + 1 })) : [])];
  const token = sequence(
    oid("1.2.840.113549.1.7.2"),
    der(0xa0, sequence(uint(3), set(SHA256), sequence(oid("1.2.840.113549.1.9.16.1.4"), der(0xa0, octets(info))), ...(certificates.length > 0 ? [der(0xa0, ...certificates)] : []), set(signer, ...(is("two signers") ? [signer] : [])))),
  );
  if (is("token bit")) return flip(random, token);
  return is("token cut") ? token.slice(0, -1) : is("token with a byte more") ? concat(token, Uint8Array.of(0)) : is("token empty") ? new Uint8Array(0) : token;
}
