import { equal, fromBase64, fromUtf8, hex, Malformed } from "./bytes";
import { readCertificate, type Certificate } from "./certificate";
import type { TrustPolicy } from "./policy";
import { bodyOf, type CairnRecord } from "./record";
import { sha256 } from "./sha256";
import { isTrustDomain } from "./spiffe";

/** Changes of trust bundles, and the roots that they put in force (docs/spec/records.md §8, docs/spec/verification.md §10). */

/** Bounds of a SPIFFE bundle document. */
const MOST_ROOTS = 64;
const MOST_DEPTH = 16;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const NONE: readonly Certificate[] = [];

/** What one `ledger.trust_changed` record says of a trust domain's roots. */
export interface TrustChange {
  readonly domain: string;
  /** Digests, `sha256:` and hexadecimal, of the document and of the one before it. */
  readonly next: string;
  readonly old: string | undefined;
  readonly roots: readonly Certificate[];
}

/** The change that the record makes; undefined for a record that changes no root. Throws {@link Malformed}. */
export function readTrustChange(record: CairnRecord): TrustChange | undefined {
  if (record.kind !== "ledger.trust_changed") return undefined;
  const { trust_domain: domain, bundle, new: next, old } = bodyOf(record);
  if (bundle === undefined) return undefined;
  const document = typeof bundle === "string" ? fromBase64(bundle) : undefined;
  if (!document) throw new Malformed("trust change: bundle is no base64");
  if (typeof domain !== "string" || !isTrustDomain(domain)) throw new Malformed("trust change: trust_domain is no trust domain");
  if (old !== undefined && (typeof old !== "string" || !DIGEST.test(old))) throw new Malformed("trust change: old is no digest");
  const found = `sha256:${hex(sha256(document))}`;
  if (next !== found) throw new Malformed(`trust change: new is not the document's digest ${found}`);
  return { domain, next: found, old, roots: readRoots(document) };
}

/** The X.509 roots of a SPIFFE bundle document: of each key for X.509-SVIDs the first certificate. Throws {@link Malformed}. */
function readRoots(document: Uint8Array): readonly Certificate[] {
  const refuse = (what: string): never => {
    throw new Malformed(`trust bundle: ${what}`);
  };
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
  const text = fromUtf8(document) ?? refuse("not UTF-8");
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return refuse("not JSON");
    throw error;
  }
  checkNames(text, refuse);
  if (!isObject(set) || !Array.isArray(set.keys)) return refuse("no JWK Set");
  const roots: Certificate[] = [];
  for (const key of set.keys as unknown[]) {
    if (!isObject(key)) return refuse("a key that is no object");
    if (key.use !== "x509-svid") continue;
    const first: unknown = Array.isArray(key.x5c) ? key.x5c[0] : undefined;
    const der = typeof first === "string" ? fromBase64(first) : undefined;
    roots.push(readCertificate(der ?? refuse("a key for X.509-SVIDs without a certificate in base64")));
  }
  return roots.length <= MOST_ROOTS ? roots : refuse(`more than ${MOST_ROOTS} roots`);
}

/** Refuses JSON (known to be some) with a name twice in one object, or nested too deep: two readers could take it differently. */
function checkNames(json: string, refuse: (what: string) => never): void {
  const open: Set<string>[] = [];
  for (const { 0: token, index } of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === "{" || token === "[") {
      if (open.push(new Set()) > MOST_DEPTH) refuse(`more than ${MOST_DEPTH} levels`);
    } else if (token === "}" || token === "]") {
      open.pop();
    } else if (/^[\t\n\r ]*:/.test(json.slice(index + token.length))) {
      const name = JSON.parse(token) as string, names = open.at(-1)!;
      if (names.has(name)) refuse("a name twice");
      names.add(name);
    }
  }
}

interface Accepted extends TrustChange {
  readonly index: bigint;
}

/** The roots of each trust domain by place in the ledger: the policy's, then those of each accepted change. */
export class TrustTimeline {
  readonly #policy: TrustPolicy;
  readonly #changes = new Map<string, Accepted[]>();
  /** Every root that was ever named for a trust domain, once. */
  readonly #named = new Map<string, readonly Certificate[]>();

  constructor(policy: TrustPolicy) {
    this.#policy = policy;
  }

  /** The digest that the next change of the trust domain names as old. */
  last(domain: string): string | undefined {
    return this.#changes.get(domain)?.at(-1)?.next;
  }

  /** Takes a change of the statement at that index, which is not below the last accepted one's. */
  accept(change: TrustChange, index: bigint): void {
    const named = [...this.named(change.domain)];
    for (const root of change.roots) if (!holds(named, root)) named.push(root);
    this.#named.set(change.domain, named);
    const changes = this.#changes.get(change.domain) ?? [];
    changes.push({ ...change, index });
    this.#changes.set(change.domain, changes);
  }

  /** The roots in force for a statement at that index. The same array for the same roots, so that results can be kept by it. */
  inForce(domain: string, index: bigint): readonly Certificate[] {
    const changes = this.#changes.get(domain) ?? [];
    // The first change that is not below the index stands behind the one in force.
    let low = 0, high = changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (changes[middle]!.index < index) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? this.#ofPolicy(domain) : changes[low - 1]!.roots;
  }

  /** All roots that the policy or an accepted change names. */
  named(domain: string): readonly Certificate[] {
    return this.#named.get(domain) ?? this.#ofPolicy(domain);
  }

  /** Whether a root that is not in force at the index was named before those in force: by the policy, or an earlier change. */
  wasNamedBefore(domain: string, root: Certificate, index: bigint): boolean {
    const changes = this.#changes.get(domain) ?? [], before = changes.filter((change) => change.index < index);
    return before.length > 0 && (holds(this.#ofPolicy(domain), root) || before.some((change) => holds(change.roots, root)));
  }

  #ofPolicy(domain: string): readonly Certificate[] {
    return this.#policy.roots.get(domain) ?? NONE;
  }
}

const holds = (roots: readonly Certificate[], root: Certificate): boolean => roots.some((one) => equal(one.der, root.der));
