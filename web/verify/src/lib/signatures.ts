import { ed25519 } from "@noble/curves/ed25519.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { sha384, sha512 } from "@noble/hashes/sha2.js";
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";
import { compare, concat, equal, fromHex, type Bytes } from "./bytes";
import { derAll, derBits, derOid, derUint } from "./der";
import { sha256 } from "./sha256";

/** Public keys and the signatures that a bundle can hold. */
export type PublicKey =
  | { readonly type: "ec"; readonly curve: "P-256" | "P-384" | "P-521"; readonly point: Bytes }
  | { readonly type: "ed25519"; readonly point: Bytes }
  | { readonly type: "rsa"; readonly modulus: bigint; readonly exponent: bigint };

export type HashName = "SHA-256" | "SHA-384" | "SHA-512";

const CURVES = { "1.2.840.10045.3.1.7": "P-256", "1.3.132.0.34": "P-384", "1.3.132.0.35": "P-521" } as const;
const NOBLE = { "P-256": p256, "P-384": p384, "P-521": p521 } as const;
const HALF_ORDER = fromHex("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8")!;

/** Reads a SubjectPublicKeyInfo; undefined for a key of another algorithm. Throws Malformed where it is no DER of that form. */
export function readPublicKey(spki: Bytes): PublicKey | undefined {
  const [outer, ...rest] = derAll(spki);
  if (!outer || outer.tag !== 0x30 || rest.length > 0) return undefined;
  const [algorithm, key, ...more] = derAll(outer.content);
  if (!algorithm || algorithm.tag !== 0x30 || !key || more.length > 0) return undefined;
  const [oid, parameters, ...others] = derAll(algorithm.content);
  if (others.length > 0) return undefined;
  const bits = derBits(key);
  switch (derOid(oid)) {
    case "1.2.840.10045.2.1": {
      const curve = parameters?.tag === 6 ? CURVES[derOid(parameters) as keyof typeof CURVES] : undefined;
      if (!curve || !isPoint(curve, bits)) return undefined;
      return { type: "ec", curve, point: bits };
    }
    case "1.3.101.112":
      return parameters === undefined && bits.length === 32 ? { type: "ed25519", point: bits } : undefined;
    case "1.2.840.113549.1.1.1": {
      const [sequence, ...after] = derAll(bits);
      if (!sequence || sequence.tag !== 0x30 || after.length > 0) return undefined;
      const [modulus, exponent, ...extra] = derAll(sequence.content);
      return extra.length > 0 ? undefined : { type: "rsa", modulus: derUint(modulus), exponent: derUint(exponent) };
    }
    default:
      return undefined;
  }
}

function isPoint(curve: keyof typeof NOBLE, bytes: Bytes): boolean {
  try {
    NOBLE[curve].Point.fromBytes(bytes);
    return true;
  } catch {
    // The library's one answer to bytes that are no point.
    return false;
  }
}

// WebCrypto is faster by far where the host has it. A page opened from disk may lack it; both ways accept the same signatures.
const imported = new Map<string, Promise<CryptoKey | undefined>>();

function importP256(point: Bytes): Promise<CryptoKey | undefined> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!subtle) return Promise.resolve(undefined);
  const name = point.join();
  let key = imported.get(name);
  if (!key) {
    key = subtle.importKey("raw", point, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]).catch(() => undefined);
    if (imported.size > 10000) imported.clear();
    imported.set(name, key);
  }
  return key;
}

/** Whether s of `r ‖ s` is at most half the group order of P-256 (statements.md §5). */
export const isLowS = (signature: Bytes): boolean => compare(signature.subarray(32), HALF_ORDER) <= 0;

/** ES256 with the lower s alone (statements.md §5): 64 bytes `r ‖ s`. */
export async function verifyEs256(key: PublicKey, message: Bytes, signature: Bytes): Promise<boolean> {
  if (key.type !== "ec" || key.curve !== "P-256" || signature.length !== 64) return false;
  if (!isLowS(signature)) return false;
  const native = await importP256(key.point);
  if (native) return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, native, signature, message);
  return verifyNoble("P-256", signature, sha256(message), key.point);
}

function verifyNoble(curve: keyof typeof NOBLE, signature: Bytes, digest: Bytes, point: Bytes, format: "compact" | "der" = "compact"): boolean {
  try {
    return NOBLE[curve].verify(signature, digest, point, { prehash: false, lowS: false, format });
  } catch {
    // The library throws for encodings out of range; those are signatures that do not verify.
    return false;
  }
}

const ORDER = ed25519.Point.Fn.ORDER;

const littleEndian = (bytes: Uint8Array): bigint => {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
};

/**
 * Ed25519 as RFC 8032 §5.1.7 has it with the equation of single multiplication: R and A canonical, A not of small order, s
 * below the group order, and the encoding of sB − kA equal to R. (Implementations differ in what RFC 8032 leaves open; the
 * choice is written down in checkpoints.md §2.)
 */
export function verifyEd25519(point: Bytes, message: Bytes, signature: Bytes): boolean {
  if (point.length !== 32 || signature.length !== 64) return false;
  const r = signature.subarray(0, 32), s = littleEndian(signature.subarray(32));
  if (s >= ORDER) return false;
  try {
    const a = ed25519.Point.fromBytes(point);
    if (a.isSmallOrder() || ed25519.Point.fromBytes(r).isSmallOrder()) return false;
    const k = littleEndian(sha512(concat(r, point, message))) % ORDER;
    const left = s === 0n ? ed25519.Point.ZERO : ed25519.Point.BASE.multiplyUnsafe(s);
    const right = k === 0n ? ed25519.Point.ZERO : a.multiplyUnsafe(k);
    return equal(left.subtract(right).toBytes(), r);
  } catch {
    // The library's one answer to bytes that are no point.
    return false;
  }
}

/** ML-DSA-44 of FIPS 204 without context. */
export function verifyMlDsa44(key: Bytes, message: Bytes, signature: Bytes): boolean {
  if (key.length !== 1312 || signature.length !== 2420) return false;
  return ml_dsa44.verify(signature, message, key);
}

export const digestOf = (hash: HashName, bytes: Bytes): Bytes =>
  (hash === "SHA-256" ? sha256(bytes) : hash === "SHA-384" ? sha384(bytes) : sha512(bytes)) as Bytes;

/** An ECDSA signature of a certificate: DER of r and s. */
export function verifyEcdsa(key: PublicKey, hash: HashName, message: Bytes, signature: Bytes): boolean {
  return key.type === "ec" && verifyNoble(key.curve, signature, digestOf(hash, message), key.point, "der");
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let bit = base % modulus, e = exponent; e > 0n; e >>= 1n, bit = (bit * bit) % modulus) if (e & 1n) result = (result * bit) % modulus;
  return result;
}

/** The representative of an RSA signature (RFC 8017 §5.2.2), or undefined where the key or the length is unfit. */
function rsaOpen(key: PublicKey, signature: Bytes): { em: Bytes; bits: number } | undefined {
  if (key.type !== "rsa" || key.exponent < 3n || (key.exponent & 1n) === 0n || key.exponent >= 1n << 64n) return undefined;
  const bits = key.modulus.toString(2).length;
  if (bits < 1024 || bits > 16384 || signature.length !== Math.ceil(bits / 8)) return undefined;
  const s = BigInt("0x" + Array.from(signature, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  if (s >= key.modulus) return undefined;
  return { em: fromHex(power(s, key.exponent, key.modulus).toString(16).padStart(2 * signature.length, "0"))!, bits };
}

const DIGEST_INFO: Record<HashName, string> = {
  "SHA-256": "3031300d060960864801650304020105000420",
  "SHA-384": "3041300d060960864801650304020205000430",
  "SHA-512": "3051300d060960864801650304020305000440",
};

/** RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2). */
export function verifyRsaPkcs1(key: PublicKey, hash: HashName, message: Bytes, signature: Bytes): boolean {
  const opened = rsaOpen(key, signature);
  if (!opened) return false;
  const info = concat(fromHex(DIGEST_INFO[hash])!, digestOf(hash, message));
  const fill = opened.em.length - info.length - 3;
  return fill >= 8 && equal(opened.em, concat(Uint8Array.of(0, 1), new Uint8Array(fill).fill(0xff), Uint8Array.of(0), info));
}

/** RSASSA-PSS with MGF1 of the same hash (RFC 8017 §9.1.2). */
export function verifyRsaPss(key: PublicKey, hash: HashName, salt: number, message: Bytes, signature: Bytes): boolean {
  const opened = rsaOpen(key, signature);
  if (!opened) return false;
  const emBits = opened.bits - 1, emLength = Math.ceil(emBits / 8), digest = digestOf(hash, message), h = digest.length;
  if (opened.em.length > emLength && opened.em[0] !== 0) return false;
  const em = opened.em.subarray(opened.em.length - emLength);
  if (emLength < h + salt + 2 || em.at(-1) !== 0xbc) return false;
  const db = em.slice(0, emLength - h - 1), hashed = em.subarray(emLength - h - 1, emLength - 1);
  const top = 0xff >> (8 * emLength - emBits);
  if ((db[0]! & ~top & 0xff) !== 0) return false;
  for (let at = 0, counter = 0; at < db.length; counter++) {
    const mask = digestOf(hash, concat(hashed, Uint8Array.of(0, 0, counter >> 8, counter & 255)));
    for (let i = 0; i < mask.length && at < db.length; i++, at++) db[at]! ^= mask[i]!;
  }
  db[0]! &= top;
  const separator = db.length - salt - 1;
  for (let i = 0; i < separator; i++) if (db[i] !== 0) return false;
  return db[separator] === 1 && equal(digestOf(hash, concat(new Uint8Array(8), digest, db.subarray(separator + 1))), hashed);
}
