import { compare, concat, utf8, type Bytes } from "../../src/lib/bytes";
import { sha256 } from "../../src/lib/sha256";
import { ed25519Public, p256Public, signEd25519, signP256 } from "./signing";

/** CBOR and DER writers, keys and certificates for tests. Keys come from published labels: for tests only. */

export const seed = (label: string): Bytes => sha256(utf8(`cairn web tests, never for use: ${label}`));

export type Cbor = number | bigint | string | Uint8Array | null | readonly Cbor[] | Map<number, Cbor> | { readonly tag: number; readonly value: Cbor };

function head(major: number, value: bigint): Bytes {
  if (value < 24n) return Uint8Array.of((major << 5) | Number(value));
  for (const [info, width] of [[24, 1], [25, 2], [26, 4], [27, 8]] as const) {
    if (value < 1n << BigInt(8 * width)) return concat(Uint8Array.of((major << 5) | info), Uint8Array.from({ length: width }, (_, i) => Number((value >> BigInt(8 * (width - 1 - i))) & 255n)));
  }
  throw new RangeError("a number beyond 64 bits");
}

export function cbor(value: Cbor): Bytes {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === "number" || typeof value === "bigint") return value < 0 ? head(1, -1n - BigInt(value)) : head(0, BigInt(value));
  if (typeof value === "string") return concat(head(3, BigInt(utf8(value).length)), utf8(value));
  if (value instanceof Uint8Array) return concat(head(2, BigInt(value.length)), value);
  if (value instanceof Map) {
    const pairs = [...value].map(([key, item]) => [cbor(key), cbor(item)] as const).sort((a, b) => compare(a[0], b[0]));
    return concat(head(5, BigInt(pairs.length)), ...pairs.flat());
  }
  if ("tag" in value) return concat(head(6, BigInt(value.tag)), cbor(value.value));
  return concat(head(4, BigInt(value.length)), ...value.map(cbor));
}

export function der(tag: number, ...parts: Uint8Array[]): Bytes {
  const content = concat(...parts), n = content.length;
  const length = n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 255];
  return concat(Uint8Array.of(tag, ...length), content);
}

export function oid(text: string): Bytes {
  const [first, second, ...rest] = text.split(".").map(Number) as [number, number, ...number[]];
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const septets = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) septets.unshift(128 + (left % 128));
    bytes.push(...septets);
  }
  return der(6, Uint8Array.from(bytes));
}

export interface Key {
  readonly type: "p256" | "ed25519";
  readonly secret: Bytes;
  readonly spki: Bytes;
}

export function p256Key(label: string): Key {
  const secret = seed(label), point = p256Public(secret);
  return { type: "p256", secret, spki: der(0x30, der(0x30, oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), der(3, Uint8Array.of(0), point)) };
}

export function ed25519Key(label: string): Key {
  const secret = seed(label), point = ed25519Public(secret);
  return { type: "ed25519", secret, spki: der(0x30, der(0x30, oid("1.3.101.112")), der(3, Uint8Array.of(0), point)) };
}

export const sign = (key: Key, message: Bytes): Bytes => (key.type === "p256" ? signP256(key.secret, message) : signEd25519(key.secret, message));

export interface CertificateOptions {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: number;
  readonly key: Key;
  readonly signer: Key;
  readonly authority?: boolean;
  readonly pathLength?: number;
  readonly uris?: readonly string[];
  /** First byte of the key usage's bits. */
  readonly usage?: number;
  readonly usageCritical?: boolean;
  /** Seconds since 1970. */
  readonly from: number;
  readonly until: number;
  readonly extra?: Bytes;
  /** 2 for version 3, and 0 for version 1, which has neither the field nor extensions. */
  readonly version?: number;
  /** Whether the extension of basic constraints is there. */
  readonly constraints?: boolean;
  /** The algorithm that the signed part names, where it is another. */
  readonly inner?: Bytes;
}

export const name = (text: string): Bytes => der(0x30, der(0x31, der(0x30, oid("2.5.4.3"), der(0x0c, utf8(text)))));
/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280 §4.1.2.5). */
function time(seconds: number): Bytes {
  const digits = new Date(seconds * 1000).toISOString().replaceAll(/[-:T]/g, "").slice(0, 14);
  return digits < "2050" ? der(0x17, utf8(`${digits.slice(2)}Z`)) : der(0x18, utf8(`${digits}Z`));
}

export const algorithm = (key: Key): Bytes => (key.type === "p256" ? der(0x30, oid("1.2.840.10045.4.3.2")) : der(0x30, oid("1.3.101.112")));
export const uint = (value: number): Bytes => der(2, Uint8Array.of(...(value > 127 ? [value >> 8, value & 255] : [value])));

export function certificate(options: CertificateOptions): Bytes {
  const usage = options.usage ?? (options.authority ? 0x06 : 0x80);
  const unused = 31 - Math.clz32(usage & -usage || 1);
  const extension = (id: string, critical: boolean, value: Bytes): Bytes => der(0x30, oid(id), ...(critical ? [der(1, Uint8Array.of(255))] : []), der(4, value));
  const extensions = [
    ...(options.constraints === false ? [] : [extension("2.5.29.19", true, der(0x30, ...(options.authority ? [der(1, Uint8Array.of(255)), ...(options.pathLength === undefined ? [] : [uint(options.pathLength)])] : [])))]),
    ...(usage === 0 ? [] : [extension("2.5.29.15", options.usageCritical ?? true, der(3, Uint8Array.of(unused, usage)))]),
    ...(options.uris ? [extension("2.5.29.17", false, der(0x30, ...options.uris.map((uri) => der(0x86, utf8(uri)))))] : []),
    ...(options.extra ? [options.extra] : []),
  ];
  const signed = der(
    0x30,
    ...(options.version === 0 ? [] : [der(0xa0, uint(options.version ?? 2))]), uint(options.serial), options.inner ?? algorithm(options.signer), name(options.issuer), der(0x30, time(options.from), time(options.until)),
    name(options.subject), options.key.spki, ...(options.version === 0 ? [] : [der(0xa3, der(0x30, ...extensions))]),
  );
  return der(0x30, signed, algorithm(options.signer), der(3, Uint8Array.of(0), options.signer.type === "p256" ? derSignature(sign(options.signer, signed)) : sign(options.signer, signed)));
}

export function derSignature(compact: Bytes): Bytes {
  const half = (bytes: Bytes): Bytes => {
    let at = 0;
    while (at < 31 && bytes[at] === 0) at++;
    return der(2, ...(bytes[at]! >= 128 ? [Uint8Array.of(0)] : []), bytes.subarray(at));
  };
  return der(0x30, half(compact.subarray(0, 32) as Bytes), half(compact.subarray(32) as Bytes));
}
