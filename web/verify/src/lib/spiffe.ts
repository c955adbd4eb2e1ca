/** SPIFFE IDs: `spiffe://` trust domain, and a path of segments (SPIFFE-ID §2). */

const DOMAIN = /^[a-z0-9._-]{1,255}$/;
const SEGMENT = /^[A-Za-z0-9._-]+$/;
const SCHEME = "spiffe://";

export const isTrustDomain = (text: string): boolean => DOMAIN.test(text);

/** Whether the text is a SPIFFE ID of at most 2,048 bytes; with or without a path. */
export function isSpiffeId(text: string): boolean {
  if (text.length > 2048 || !text.startsWith(SCHEME)) return false;
  const [domain, ...segments] = text.slice(SCHEME.length).split("/");
  return isTrustDomain(domain!) && segments.every((segment) => SEGMENT.test(segment) && segment !== "." && segment !== "..");
}

export const hasPath = (id: string): boolean => id.indexOf("/", SCHEME.length) > 0;

/** The trust domain of a SPIFFE ID. */
export function domainOf(id: string): string {
  const end = id.indexOf("/", SCHEME.length);
  return id.slice(SCHEME.length, end < 0 ? undefined : end);
}
