import { equal, latin1, Malformed, type Bytes } from "./bytes";
import { derAll, derBits, derOid, derOne, derUint, type Der } from "./der";
import { daysBefore } from "./record";
import { readPublicKey, verifyEcdsa, verifyEd25519, verifyRsaPkcs1, verifyRsaPss, type HashName, type PublicKey } from "./signatures";

/** X.509 certificates (RFC 5280), as far as paths of X.509-SVIDs need them. */
export interface Certificate {
  readonly der: Bytes;
  readonly signed: Bytes;
  readonly signature: Bytes;
  readonly algorithm: Bytes;
  readonly serial: Bytes;
  readonly issuer: Bytes;
  readonly subject: Bytes;
  /** First and last second of the validity, since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spki: Bytes;
  readonly key: PublicKey | undefined;
  readonly authority: boolean;
  readonly pathLength: number | undefined;
  /** Bits of the key usage, the first the highest of the first byte; undefined where there is no such extension. */
  readonly usage: { readonly critical: boolean; readonly bits: number } | undefined;
  /** Purposes of the extended key usage; undefined where there is no such extension. */
  readonly purposes: { readonly critical: boolean; readonly oids: readonly string[] } | undefined;
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly constraints: NameConstraints | undefined;
  /** A critical extension that this reader does not know, which forbids any use of the certificate. */
  readonly unknownCritical: string | undefined;
}

/** Subtrees of URI hosts and DNS names; other forms are only noted. */
export interface NameConstraints {
  readonly permitted: readonly { readonly tag: number; readonly value: string }[];
  readonly excluded: readonly { readonly tag: number; readonly value: string }[];
}

export const DIGITAL_SIGNATURE = 0x80;
export const KEY_CERT_SIGN = 0x04;
export const CONTENT_COMMITMENT = 0x40;
export const CRL_SIGN = 0x02;

/** Reads one DER certificate and nothing after it. Throws {@link Malformed}. */
export function readCertificate(der: Bytes): Certificate {
  const outer = derAll(derOne(der, 0x30).content);
  const [signed, algorithm, signature, ...rest] = outer;
  if (!signed || signed.tag !== 0x30 || !algorithm || algorithm.tag !== 0x30 || !signature || rest.length > 0) throw new Malformed("certificate: form");
  const fields = derAll(signed.content);
  let at = 0;
  let version = 0n;
  if (fields[0]?.tag === 0xa0) {
    version = derUint(derAll(fields[0].content)[0]);
    at = 1;
  }
  const [serial, inner, issuer, validity, subject, spki] = fields.slice(at, at + 6);
  if (!serial || serial.tag !== 2 || !inner || !equal(inner.whole, algorithm.whole)) throw new Malformed("certificate: serial number or algorithm");
  if (!issuer || issuer.tag !== 0x30 || !validity || validity.tag !== 0x30 || !subject || subject.tag !== 0x30 || !spki || spki.tag !== 0x30) {
    throw new Malformed("certificate: fields");
  }
  checkName(issuer);
  checkName(subject);
  const [from, until, ...more] = derAll(validity.content);
  if (more.length > 0) throw new Malformed("certificate: validity");
  const read = readExtensions(fields.slice(at + 6), version);
  return {
    der,
    signed: signed.whole,
    signature: derBits(signature),
    algorithm: algorithm.whole,
    serial: serial.content,
    issuer: issuer.whole,
    subject: subject.whole,
    notBefore: readTime(from),
    notAfter: readTime(until),
    spki: spki.whole,
    key: readPublicKey(spki.whole),
    ...read,
  };
}

/** A name is a sequence of sets of attributes, each with a type and a value of a universal type (RFC 5280 §4.1.2.4). */
function checkName(name: Der): void {
  for (const set of derAll(name.content)) {
    const attributes = set.tag === 0x31 ? derAll(set.content) : [];
    if (attributes.length === 0) throw new Malformed("certificate: name");
    for (const attribute of attributes) {
      const [type, value, ...more] = attribute.tag === 0x30 ? derAll(attribute.content) : [];
      derOid(type);
      if (!value || (value.tag & 0xc0) !== 0 || more.length > 0) throw new Malformed("certificate: name");
    }
  }
}

type Extensions = Pick<Certificate, "authority" | "pathLength" | "usage" | "purposes" | "uris" | "dnsNames" | "constraints" | "unknownCritical">;

function readExtensions(fields: Der[], version: bigint): Extensions {
  let authority = false, pathLength: number | undefined, usage: Certificate["usage"], purposes: Certificate["purposes"], constraints: NameConstraints | undefined;
  let unknownCritical: string | undefined;
  const uris: string[] = [], dnsNames: string[] = [], seen = new Set<string>();
  for (const field of fields) {
    if (field.tag === 0x81 || field.tag === 0x82) continue;
    if (field.tag !== 0xa3 || version !== 2n) throw new Malformed("certificate: fields");
    for (const extension of derAll(derOne(field.content, 0x30).content)) {
      if (extension.tag !== 0x30) throw new Malformed("certificate: extension");
      const parts = derAll(extension.content);
      const oid = derOid(parts[0]);
      const critical = parts[1]?.tag === 1;
      if (critical && (parts[1]!.content.length !== 1 || parts[1]!.content[0] !== 0xff)) throw new Malformed("certificate: extension");
      const value = parts[critical ? 2 : 1];
      if (!value || value.tag !== 4 || parts.length !== (critical ? 3 : 2) || seen.has(oid)) throw new Malformed("certificate: extension");
      seen.add(oid);
      switch (oid) {
        case "2.5.29.19": {
          const items = derAll(derOne(value.content, 0x30).content), flag = items[0]?.tag === 1 ? items.shift() : undefined;
          if (flag && (flag.content.length !== 1 || (flag.content[0] !== 0xff && flag.content[0] !== 0))) throw new Malformed("certificate: basic constraints");
          authority = flag?.content[0] === 0xff;
          if (items.length > 1) throw new Malformed("certificate: basic constraints");
          if (items[0]) pathLength = Number(derUint(items[0]));
          break;
        }
        case "2.5.29.15": {
          const bits = derOne(value.content, 3).content;
          if (bits.length < 1 || bits[0]! > 7 || (bits.length === 1 ? bits[0]! > 0 : (bits.at(-1)! & ((1 << bits[0]!) - 1)) !== 0)) throw new Malformed("certificate: key usage");
          usage = { critical, bits: bits[1] ?? 0 };
          break;
        }
        case "2.5.29.17":
          for (const name of derAll(derOne(value.content, 0x30).content)) {
            if (name.tag === 0xa6 || (name.tag === 0x86 && name.content.some((byte) => byte > 0x7f))) throw new Malformed("certificate: a URI name in another form");
            if (name.tag === 0x86) uris.push(latin1(name.content));
            if (name.tag === 0x82) dnsNames.push(latin1(name.content));
          }
          break;
        case "2.5.29.30":
          constraints = readConstraints(value.content);
          break;
        case "2.5.29.37":
          purposes = { critical, oids: derAll(derOne(value.content, 0x30).content).map(derOid) };
          break;
        // Policies and the key identifiers limit nothing that a verifier asks for.
        case "2.5.29.32":
        case "2.5.29.35":
        case "2.5.29.14":
        case "2.5.29.31":
          break;
        default:
          if (critical) unknownCritical = oid;
      }
    }
  }
  return { authority, pathLength, usage, purposes, uris, dnsNames, constraints, unknownCritical };
}

function readConstraints(bytes: Bytes): NameConstraints {
  const trees = { permitted: [] as { tag: number; value: string }[], excluded: [] as { tag: number; value: string }[] };
  for (const side of derAll(derOne(bytes, 0x30).content)) {
    const into = side.tag === 0xa0 ? trees.permitted : side.tag === 0xa1 ? trees.excluded : undefined;
    if (!into) throw new Malformed("certificate: name constraints");
    for (const subtree of derAll(side.content)) {
      const base = derAll(subtree.content)[0];
      if (!base) throw new Malformed("certificate: name constraints");
      into.push({ tag: base.tag, value: latin1(base.content) });
    }
  }
  return trees;
}

const daysOf = (year: number, month: number): number => new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();

/** UTCTime or GeneralizedTime of RFC 5280 §4.1.2.5: with seconds, in UTC. */
function readTime(element: Der | undefined): number {
  const text = element ? latin1(element.content) : "";
  const digits = element?.tag === 0x17 ? (Number(text.slice(0, 2)) < 50 ? "20" : "19") + text : element?.tag === 0x18 ? text : "";
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  if (!match) throw new Malformed("certificate: time");
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month) || hour > 23 || minute > 59 || second > 59) throw new Malformed("certificate: time");
  return daysBefore(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
}

export const HASHES: Readonly<Record<string, HashName>> = {
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};

/** Whether `issuer`'s key signed the certificate, with SHA-256 or better. */
export function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (!issuer.key) return false;
  const [oid, parameters] = derAll(derOne(certificate.algorithm, 0x30).content);
  const { signed, signature } = certificate;
  switch (derOid(oid)) {
    case "1.2.840.10045.4.3.2": return verifyEcdsa(issuer.key, "SHA-256", signed, signature);
    case "1.2.840.10045.4.3.3": return verifyEcdsa(issuer.key, "SHA-384", signed, signature);
    case "1.2.840.10045.4.3.4": return verifyEcdsa(issuer.key, "SHA-512", signed, signature);
    case "1.2.840.113549.1.1.11": return verifyRsaPkcs1(issuer.key, "SHA-256", signed, signature);
    case "1.2.840.113549.1.1.12": return verifyRsaPkcs1(issuer.key, "SHA-384", signed, signature);
    case "1.2.840.113549.1.1.13": return verifyRsaPkcs1(issuer.key, "SHA-512", signed, signature);
    case "1.2.840.113549.1.1.10": return verifyPss(issuer.key, parameters, signed, signature);
    case "1.3.101.112": return issuer.key.type === "ed25519" && verifyEd25519(issuer.key.point, signed, signature);
    default: return false;
  }
}

/** Parameters of RFC 4055 §3.1: hash, MGF1 with the same hash, and the salt's length. */
function verifyPss(key: PublicKey, parameters: Der | undefined, signed: Bytes, signature: Bytes): boolean {
  if (!parameters || parameters.tag !== 0x30) return false;
  let hash: HashName | undefined, mask: HashName | undefined, salt = 20;
  for (const item of derAll(parameters.content)) {
    const inner = derAll(item.content);
    if (item.tag === 0xa0) hash = HASHES[derOid(derAll(inner[0]!.content)[0])];
    if (item.tag === 0xa1) mask = HASHES[derOid(derAll(derAll(inner[0]!.content)[1]!.content)[0])];
    if (item.tag === 0xa2) salt = Number(derUint(inner[0]));
  }
  return hash !== undefined && mask === hash && salt <= 512 && verifyRsaPss(key, hash, salt, signed, signature);
}
