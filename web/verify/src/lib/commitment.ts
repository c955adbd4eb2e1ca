import { concat, utf8, type Bytes } from "./bytes";
import { startHmac } from "./sha256";

/** Keys and commitments of content (docs/spec/commitments.md). */

export function hmac(key: Uint8Array, ...parts: Uint8Array[]): Bytes {
  const mac = startHmac(key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** A key of one member of one record (§1): of its commitment, or of its content at rest. */
export function deriveKey(use: "commitment" | "content", trailKey: Bytes, record: string, member: string): Bytes {
  const zero = Uint8Array.of(0);
  const info = concat(utf8(`cairn/v1/${use}`), zero, utf8(record), zero, utf8(member));
  return hmac(hmac(new Uint8Array(32), trailKey), info, Uint8Array.of(1));
}

/** `HMAC-SHA256(commitment key, content)` (§2). */
export const commit = (key: Bytes, content: Bytes): Bytes => hmac(key, content);
