import { equal, Malformed, type Bytes } from "./bytes";
import { CRL_SIGN, DIGITAL_SIGNATURE, isSignedBy, KEY_CERT_SIGN, readCertificate, type Certificate, type NameConstraints } from "./certificate";
import { domainOf, hasPath } from "./spiffe";

/** Chains of X.509-SVIDs (docs/spec/statements.md §6). */

/** Period in which every certificate of a path is valid: first and last second since 1970. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

/** A path to one root. */
export interface Path extends Validity {
  readonly root: Certificate;
  readonly through: readonly Certificate[];
}

/** A chain that leads to a root, at the times of one of its paths; or why it does not at any time. */
export type SvidResult =
  | { readonly leaf: Certificate; readonly paths: readonly Path[] }
  | { readonly fault: "not-certificates" | "wrong-id" | "wrong-usage" | "untrusted"; readonly found: string };

/** Judges a chain, leaf first, for the issuer and the roots of its trust domain. Times are the caller's to compare. */
export function checkSvid(chain: readonly Bytes[], issuer: string, roots: readonly Certificate[]): SvidResult {
  if (chain.length < 1 || chain.length > 8) return { fault: "not-certificates", found: `${chain.length} certificates` };
  let certificates: Certificate[];
  try {
    certificates = chain.map(readCertificate);
  } catch (error) {
    if (error instanceof Malformed) return { fault: "not-certificates", found: error.message };
    throw error;
  }
  const leaf = certificates[0]!;
  if (leaf.uris.length !== 1 || leaf.uris[0] !== issuer || !hasPath(issuer)) {
    return { fault: "wrong-id", found: leaf.uris.length === 0 ? "no URI name" : `URI names ${leaf.uris.join(", ")}` };
  }
  if (leaf.authority) return { fault: "wrong-usage", found: "an authority's certificate" };
  const usage = leaf.usage;
  if (!usage?.critical || !(usage.bits & DIGITAL_SIGNATURE) || usage.bits & (KEY_CERT_SIGN | CRL_SIGN)) {
    return { fault: "wrong-usage", found: "a key usage that is absent, not critical, or not for signatures alone" };
  }
  const domain = `spiffe://${domainOf(issuer)}`;
  const found = roots.flatMap((root) => pathsTo(root, [leaf], certificates.slice(1)));
  if (found.length === 0) return { fault: "untrusted", found: `no path to any of ${roots.length} roots` };
  // Rule 6 is about the intermediates that a path leads through; others in the chain mean nothing.
  const paths = found.filter((path) => path.through.every((one) => one.uris.length === 0 || (one.uris.length === 1 && one.uris[0] === domain)));
  return paths.length > 0 ? { leaf, paths } : { fault: "wrong-id", found: "an intermediate with the URI name of another trust domain" };
}

/** All paths from the last of `path` through the others to that root. Callers bound how many others there are. */
export function pathsTo(root: Certificate, path: readonly Certificate[], others: readonly Certificate[]): Path[] {
  const last = path.at(-1)!;
  const found: Path[] = [];
  if (equal(root.subject, root.issuer) && isIssuer(root, last, path) && isSignedBy(last, root) && obeysConstraints([...path, root])) {
    const all = [...path, root];
    found.push({ root, through: path.slice(1), from: Math.max(...all.map((one) => one.notBefore)), until: Math.min(...all.map((one) => one.notAfter)) });
  }
  for (const other of others) {
    if (path.includes(other) || equal(other.der, root.der) || !isIssuer(other, last, path) || !isSignedBy(last, other)) continue;
    found.push(...pathsTo(root, [...path, other], others));
  }
  return found;
}

/** Whether the certificate may stand above the path: its name, its right to sign certificates, and how many may follow it. */
function isIssuer(certificate: Certificate, below: Certificate, path: readonly Certificate[]): boolean {
  if (!equal(certificate.subject, below.issuer) || !certificate.authority || certificate.unknownCritical || below.unknownCritical) return false;
  if (certificate.usage && !(certificate.usage.bits & KEY_CERT_SIGN)) return false;
  const intermediates = path.slice(1).filter((one) => !equal(one.subject, one.issuer)).length;
  return certificate.pathLength === undefined || intermediates <= certificate.pathLength;
}

/** RFC 5280 §4.2.1.10 for URI and DNS names; a subtree of another form is one that is not understood, and forbids the path. */
function obeysConstraints(path: readonly Certificate[]): boolean {
  for (let i = 1; i < path.length; i++) {
    const constraints = path[i]!.constraints;
    if (constraints && !path.slice(0, i).every((below) => isPermitted(below, constraints))) return false;
  }
  return true;
}

function isPermitted(certificate: Certificate, constraints: NameConstraints): boolean {
  const known = [...constraints.permitted, ...constraints.excluded].every(({ tag }) => tag === 0x86 || tag === 0x82);
  if (!known) return false;
  const hosts = certificate.uris.map((uri) => /^[a-z][a-z0-9+.-]*:\/\/([^/?#:@]*)/i.exec(uri)?.[1] ?? "");
  const check = (tag: number, names: readonly string[], fits: (name: string, base: string) => boolean): boolean => {
    const permitted = constraints.permitted.filter((one) => one.tag === tag), excluded = constraints.excluded.filter((one) => one.tag === tag);
    return names.every((name) => !excluded.some((one) => fits(name, one.value)) && (permitted.length === 0 || permitted.some((one) => fits(name, one.value))));
  };
  return check(0x86, hosts, fitsHost) && check(0x82, certificate.dnsNames, fitsDns);
}

const fitsHost = (host: string, base: string): boolean =>
  base.startsWith(".") ? host.toLowerCase().endsWith(base.toLowerCase()) : host.toLowerCase() === base.toLowerCase();

const fitsDns = (name: string, base: string): boolean =>
  base === "" || name.toLowerCase() === base.toLowerCase() || name.toLowerCase().endsWith(`.${base.toLowerCase()}`);
