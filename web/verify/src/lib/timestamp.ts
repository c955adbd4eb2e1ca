import { sha1 } from "@noble/hashes/legacy.js";
import { compare, equal, hex, latin1, Malformed, type Bytes } from "./bytes";
import { CONTENT_COMMITMENT, DIGITAL_SIGNATURE, HASHES, readCertificate, type Certificate } from "./certificate";
import { derAll, derOid, derOne, derUint, type Der } from "./der";
import type { Timestamper } from "./policy";
import { addMicros, daysBefore, type Instant } from "./record";
import { sha256 } from "./sha256";
import { digestOf, verifyEcdsa, verifyRsaPkcs1, type HashName } from "./signatures";
import { pathsTo, type Path } from "./svid";

/** RFC 3161 time stamp tokens, in the profile of docs/spec/timestamps.md §2. */

export const MAX_TOKEN = 64 * 1024;
const TST_INFO = "1.2.840.113549.1.9.16.1.4";
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const ECDSA_WITH: Readonly<Record<HashName, string>> = { "SHA-256": "1.2.840.10045.4.3.2", "SHA-384": "1.2.840.10045.4.3.3", "SHA-512": "1.2.840.10045.4.3.4" };
const RSA_WITH: Readonly<Record<HashName, string>> = { "SHA-256": "1.2.840.113549.1.1.11", "SHA-384": "1.2.840.113549.1.1.12", "SHA-512": "1.2.840.113549.1.1.13" };
const RSA = "1.2.840.113549.1.1.1";
const LEAST_RSA = 1n << 2047n;
/** Certificates of a token that paths are looked for among. */
const MOST_CERTIFICATES = 16;

export type TokenResult =
  | { readonly fault: "malformed" | "imprint" | "unknown" | "usage" | "expired" | "signature"; readonly found: string; readonly timestamper: string }
  | { readonly fault: undefined; readonly timestamper: string; readonly time: Instant; readonly accuracy: number | undefined; readonly notAfter: Instant };

interface Token {
  readonly content: Bytes;
  readonly imprint: { readonly hash: HashName; readonly digest: Bytes };
  readonly time: Instant;
  /** Microseconds. */
  readonly accuracy: number | undefined;
  readonly certificates: readonly Bytes[];
  readonly signer: { readonly issuer: Bytes; readonly serial: Bytes };
  readonly hash: HashName;
  readonly attributes: ReadonlyMap<string, Der>;
  /** What the signature is over: the attributes as a set. */
  readonly signed: Bytes;
  readonly algorithm: string;
  readonly signature: Bytes;
}

/** Judges a token over a text (§3). */
export function judgeToken(der: Bytes, text: Bytes, timestampers: readonly Timestamper[]): TokenResult {
  const fault = (kind: Exclude<TokenResult["fault"], undefined>, found: string, timestamper = ""): TokenResult => ({ fault: kind, found, timestamper });
  let token: Token;
  try {
    token = readToken(der);
  } catch (error) {
    if (error instanceof Malformed) return fault("malformed", error.message);
    throw error;
  }
  if (!equal(token.imprint.digest, digestOf(token.imprint.hash, text))) return fault("imprint", `one over something else, ${hex(token.imprint.digest)}`);
  const certificates = readCertificates(token.certificates);
  const signer = certificates.find((one) => equal(one.issuer, token.signer.issuer) && equal(one.serial, token.signer.serial));
  if (!signer) return fault("unknown", "one without its signer's certificate");
  const others = certificates.filter((one) => !equal(one.der, signer.der));
  const { name, paths } = pathsOf(signer, others, timestampers);
  if (name === undefined) return fault("unknown", "one by an authority that leads to none of its timestampers");
  const purposes = signer.purposes;
  if (!purposes?.critical || purposes.oids.length !== 1 || purposes.oids[0] !== TIME_STAMPING) return fault("usage", "a signer's certificate that is not for time stamping alone", name);
  if (signer.usage && !(signer.usage.bits & (DIGITAL_SIGNATURE | CONTENT_COMMITMENT))) return fault("usage", "a signer's certificate whose key usage forbids signatures", name);
  if (!paths.some((path) => path.from <= token.time.seconds && token.time.seconds <= path.until)) return fault("expired", "certificates of other times", name);
  if (!isSigned(token, signer)) return fault("signature", "signed attributes or a signature that do not hold", name);
  return { fault: undefined, timestamper: name, time: token.time, accuracy: token.accuracy, notAfter: addMicros(token.time, token.accuracy ?? 0) };
}

/** The certificates that are some. What stands beside them and is none does not matter: a path leads through certificates. */
function readCertificates(ders: readonly Bytes[]): Certificate[] {
  const read: Certificate[] = [];
  for (const der of ders) {
    try {
      read.push(readCertificate(der));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
    }
  }
  return read;
}

/** The first authority to one of whose roots the signer leads. */
function pathsOf(signer: Certificate, others: readonly Certificate[], timestampers: readonly Timestamper[]): { name: string | undefined; paths: readonly Path[] } {
  for (const { name, roots } of timestampers) {
    const paths = roots.flatMap((root) =>
      equal(root.der, signer.der) ? [{ root, through: [], from: root.notBefore, until: root.notAfter }] : pathsTo(root, [signer], others.filter((one) => !equal(one.der, root.der))),
    );
    if (paths.length > 0) return { name, paths };
  }
  return { name: undefined, paths: [] };
}

const malformed = (what: string): never => {
  throw new Malformed(`time stamp: ${what}`);
};

/** The element, which has that tag. */
const need = (element: Der | undefined, tag: number): Der => (element?.tag === tag ? element : malformed(`an element with tag ${tag} expected`));

const noDigest = (): never => malformed("a digest of SHA-256, SHA-384 or SHA-512 expected");
const hashOf = (algorithm: Der | undefined): HashName => HASHES[derOid(derAll(need(algorithm, 0x30).content)[0])] ?? noDigest();

/** The identifier of an algorithm without parameters: they are NULL, or not there. Nobody signs them, so they must not be able to say anything. */
function algorithmOf(algorithm: Der | undefined): string {
  const [identifier, parameters, ...rest] = derAll(need(algorithm, 0x30).content);
  if (rest.length > 0 || (parameters && (parameters.tag !== 0x05 || parameters.content.length > 0))) malformed("an algorithm without parameters expected");
  return derOid(identifier);
}

/** DER throughout: every constructed element is read to its leaves. */
function checkForm(bytes: Bytes, depth = 0): void {
  if (depth > 32) malformed("too deep");
  for (const element of derAll(bytes)) if (element.tag & 0x20) checkForm(element.content, depth + 1);
}

function readToken(der: Bytes): Token {
  if (der.length > MAX_TOKEN) malformed(`more than ${MAX_TOKEN} bytes`);
  checkForm(der);
  const [type, wrapped, ...rest] = derAll(derOne(der, 0x30).content);
  if (derOid(type) !== "1.2.840.113549.1.7.2" || rest.length > 0) malformed("signed data expected");
  const fields = derAll(derOne(need(wrapped, 0xa0).content, 0x30).content);
  if (derUint(fields[0]) !== 3n) malformed("signed data of version 3 expected");
  const digests = derAll(need(fields[1], 0x31).content), listed = algorithmOf(digests[0]);
  if (digests.length !== 1) malformed("one digest algorithm expected");
  const [contentType, content] = derAll(need(fields[2], 0x30).content);
  if (derOid(contentType) !== TST_INFO) malformed("a TSTInfo expected");
  const info = derOne(need(content, 0xa0).content, 0x04).content;
  checkForm(info);
  const certificates: Bytes[] = [];
  let at = 3;
  for (; fields[at]?.tag === 0xa0 || fields[at]?.tag === 0xa1; at++) {
    if (fields[at]!.tag === 0xa0) certificates.push(...derAll(fields[at]!.content).map((one) => one.whole));
  }
  if (certificates.length > MOST_CERTIFICATES) malformed(`more than ${MOST_CERTIFICATES} certificates`);
  const signers = derAll(need(fields[at], 0x31).content);
  if (signers.length !== 1 || fields.length !== at + 1) malformed("one signer expected");
  return { content: info, certificates, ...readInfo(info), ...readSigner(need(signers[0], 0x30), listed) };
}

function readSigner(signer: Der, listed: string): Pick<Token, "signer" | "hash" | "attributes" | "signed" | "algorithm" | "signature"> {
  const [version, sid, digest, attributes, algorithm, signature, ...unsigned] = derAll(signer.content);
  if (derUint(version) !== 1n || unsigned.length > 1 || unsigned.some((one) => one.tag !== 0xa1)) malformed("a signer of version 1 expected");
  const [issuer, serial, ...further] = derAll(need(sid, 0x30).content);
  if (further.length > 0) malformed("issuer and serial number expected");
  const digestOid = algorithmOf(digest);
  if (digestOid !== listed) malformed("the digest algorithm that the signed data lists expected");
  const found = new Map<string, Der>();
  let last: Bytes | undefined;
  for (const one of derAll(need(attributes, 0xa0).content)) {
    if (last && compare(last, one.whole) > 0) malformed("signed attributes in another order than DER has");
    last = one.whole;
    const [name, values, ...more] = derAll(need(one, 0x30).content);
    const [value, ...others] = derAll(need(values, 0x31).content);
    const oid = derOid(name);
    if (!value || others.length > 0 || more.length > 0 || found.has(oid)) malformed("each signed attribute once and with one value expected");
    found.set(oid, value!);
  }
  const signed = attributes!.whole.slice();
  signed[0] = 0x31;
  return {
    signer: { issuer: issuer!.whole, serial: need(serial, 0x02).content },
    hash: HASHES[digestOid] ?? noDigest(),
    attributes: found,
    signed,
    algorithm: algorithmOf(algorithm),
    signature: need(signature, 0x04).content,
  };
}

/** TSTInfo of RFC 3161 §2.4.2. */
function readInfo(info: Bytes): Pick<Token, "imprint" | "time" | "accuracy"> {
  const [version, policy, imprint, serial, time, ...optional] = derAll(derOne(info, 0x30).content);
  derOid(policy);
  need(serial, 0x02);
  if (derUint(version) !== 1n) malformed("a TSTInfo of version 1 expected");
  const [algorithm, digest] = derAll(need(imprint, 0x30).content);
  const order = optional.map((one) => [0x30, 0x01, 0x02, 0xa0, 0xa1].indexOf(one.tag));
  if (order.some((place, i) => place < 0 || (i > 0 && place <= order[i - 1]!))) malformed("a TSTInfo with other members");
  const extensions = optional.find((one) => one.tag === 0xa1);
  for (const extension of extensions ? derAll(extensions.content) : []) {
    if (derAll(need(extension, 0x30).content)[1]?.tag === 1) malformed("a critical extension");
  }
  return {
    imprint: { hash: hashOf(algorithm), digest: need(digest, 0x04).content },
    time: readGeneralizedTime(need(time, 0x18)),
    accuracy: readAccuracy(optional.find((one) => one.tag === 0x30)),
  };
}

/** In UTC, with seconds, and a fraction that does not end in zero. */
function readGeneralizedTime(element: Der): Instant {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d*[1-9]))?Z$/.exec(latin1(element.content));
  if (!match) return malformed("a time in another form");
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) malformed("a time that there is not");
  return { seconds: daysBefore(year, month, day) * 86400 + hour * 3600 + minute * 60 + second, micros: Number((match[7] ?? "").padEnd(6, "0").slice(0, 6)) };
}

/** Seconds, milliseconds and microseconds, together in microseconds. */
function readAccuracy(element: Der | undefined): number | undefined {
  if (!element) return undefined;
  let sum = 0, last = 0;
  for (const part of derAll(element.content)) {
    const tag = part.tag === 0x02 ? 1 : part.tag === 0x80 ? 2 : part.tag === 0x81 ? 3 : 0;
    if (tag <= last) malformed("an accuracy in another form");
    last = tag;
    const value = derUint({ ...part, tag: 0x02 });
    if (tag > 1 && (value < 1n || value > 999n)) malformed("an accuracy out of range");
    sum += Number(value) * (tag === 1 ? 1_000_000 : tag === 2 ? 1000 : 1);
  }
  return sum;
}

function isSigned(token: Token, signer: Certificate): boolean {
  const { hash, attributes, algorithm } = token;
  const type = attributes.get("1.2.840.113549.1.9.3"), digest = attributes.get("1.2.840.113549.1.9.4");
  if (type?.tag !== 6 || derOid(type) !== TST_INFO || digest?.tag !== 4 || !equal(digest.content, digestOf(hash, token.content))) return false;
  try {
    if (!namesCertificate(attributes, signer)) return false;
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
  const { key } = signer;
  if (key?.type === "ec") return algorithm === ECDSA_WITH[hash] && verifyEcdsa(key, hash, token.signed, token.signature);
  if (key?.type === "rsa") return key.modulus >= LEAST_RSA && (algorithm === RSA || algorithm === RSA_WITH[hash]) && verifyRsaPkcs1(key, hash, token.signed, token.signature);
  return false;
}

/** Whether the attributes for the signing certificate, at least one and all that are there, name it. */
function namesCertificate(attributes: ReadonlyMap<string, Der>, certificate: Certificate): boolean {
  const older = attributes.get("1.2.840.113549.1.9.16.2.12"), newer = attributes.get("1.2.840.113549.1.9.16.2.47");
  if (!older && !newer) return false;
  return (!older || isFirst(older, certificate, true)) && (!newer || isFirst(newer, certificate, false));
}

function isFirst(value: Der, certificate: Certificate, isOlder: boolean): boolean {
  const ids = derAll(need(derAll(need(value, 0x30).content)[0], 0x30).content);
  let parts = derAll(need(ids[0], 0x30).content);
  let digest: (bytes: Bytes) => Uint8Array = isOlder ? sha1 : sha256;
  if (!isOlder && parts[0]?.tag === 0x30) {
    const hash = HASHES[derOid(derAll(parts[0].content)[0])];
    if (!hash) return false;
    digest = (bytes) => digestOf(hash, bytes);
    parts = parts.slice(1);
  }
  if (!equal(need(parts[0], 0x04).content, digest(certificate.der))) return false;
  if (!parts[1]) return true;
  const [names, serial] = derAll(need(parts[1], 0x30).content);
  const all = derAll(need(names, 0x30).content);
  return all.length === 1 && all[0]!.tag === 0xa4 && equal(all[0]!.content, certificate.issuer) && equal(need(serial, 0x02).content, certificate.serial);
}
