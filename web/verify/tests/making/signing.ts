import { createECDH, createHash, createPrivateKey, createPublicKey, sign as hostSign, type KeyObject } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";
import { concat, hex, type Bytes } from "../../src/lib/bytes";

/**
 * Signatures for tests, by the host's own arithmetic where it has it: a bundle made again from its seed has the same bytes, and
 * making it costs less than verifying it.
 */

const ORDER = p256.Point.Fn.ORDER;
const number = (bytes: Uint8Array): bigint => BigInt(`0x${hex(bytes)}`);
const wide = (value: bigint): Bytes => Uint8Array.from(Buffer.from(value.toString(16).padStart(64, "0"), "hex"));
const sha512 = (bytes: Uint8Array): Uint8Array => createHash("sha512").update(bytes).digest();

function multiplyBase(scalar: bigint): Bytes {
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(wide(scalar));
  return new Uint8Array(curve.getPublicKey());
}

/** The point of a P-256 secret, uncompressed. */
export const p256Public = (secret: Uint8Array): Bytes => multiplyBase(number(secret));

function inverse(value: bigint): bigint {
  let [a, b, x, y] = [value % ORDER, ORDER, 1n, 0n];
  while (a > 1n) {
    const q = b / a;
    [a, b, x, y] = [b - q * a, a, y - q * x, x];
  }
  return x < 0n ? x + ORDER : x;
}

/** ES256 with the lower s, `r ‖ s`. The nonce comes from key and message, so that each message has one signature. */
export function signP256(secret: Uint8Array, message: Uint8Array): Bytes {
  const digest = createHash("sha256").update(message).digest();
  const nonce = (number(sha512(concat(secret, digest))) % (ORDER - 1n)) + 1n;
  const r = number(multiplyBase(nonce).subarray(1, 33)) % ORDER;
  const s = (inverse(nonce) * (number(digest) + r * number(secret))) % ORDER;
  return concat(wide(r), wide(s > ORDER / 2n ? ORDER - s : s));
}

const edKeys = new Map<string, { secret: KeyObject; point: Bytes }>();

function edKey(secret: Uint8Array): { secret: KeyObject; point: Bytes } {
  const name = hex(secret);
  let key = edKeys.get(name);
  if (!key) {
    // PKCS #8 of RFC 8410 §7, and the SubjectPublicKeyInfo's last 32 bytes.
    const held = createPrivateKey({ key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), secret]), format: "der", type: "pkcs8" });
    key = { secret: held, point: new Uint8Array(createPublicKey(held).export({ format: "der", type: "spki" }).subarray(12)) };
    edKeys.set(name, key);
  }
  return key;
}

export const ed25519Public = (secret: Uint8Array): Bytes => edKey(secret).point;
export const signEd25519 = (secret: Uint8Array, message: Uint8Array): Bytes => new Uint8Array(hostSign(null, message, edKey(secret).secret));

const mlSignatures = new Map<string, Bytes>();

/** ML-DSA-44, which the host lacks: slow, so that what was signed once is kept. */
export function signMlDsa44(secret: Uint8Array, message: Uint8Array): Bytes {
  const name = hex(sha512(concat(secret, message)));
  let signature = mlSignatures.get(name);
  if (!signature) {
    if (mlSignatures.size > 1000) mlSignatures.clear();
    mlSignatures.set(name, (signature = ml_dsa44.sign(message, secret, { extraEntropy: false }) as Bytes));
  }
  return signature;
}
