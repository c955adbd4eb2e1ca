import { hex, Malformed, type Bytes } from "./bytes";
import { readCertificate, type Certificate } from "./certificate";
import { sha256 } from "./sha256";
import { checkSvid, type SvidResult } from "./svid";

/** A certificate chain of the bundle; what was found out about it is kept, since many statements name one. */
export class Chain {
  readonly x5t: string;
  /** Undefined where the leaf is no certificate. */
  readonly leaf: Certificate | undefined;
  readonly #chain: readonly Bytes[];
  #key: string | undefined;
  /** By the array of roots, then by issuer. */
  readonly #results = new Map<readonly Certificate[], Map<string, SvidResult>>();

  constructor(x5t: string, chain: readonly Bytes[]) {
    this.x5t = x5t;
    this.#chain = chain;
    try {
      this.leaf = readCertificate(chain[0]!);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.leaf = undefined;
    }
  }

  /** SHA-256 of the leaf's SubjectPublicKeyInfo, hexadecimal: how a revocation names its key. Undefined where the leaf is no certificate. */
  get key(): string | undefined {
    return (this.#key ??= this.leaf && hex(sha256(this.leaf.spki)));
  }

  /** Judges the chain for the issuer under these roots. */
  check(issuer: string, roots: readonly Certificate[]): SvidResult {
    let results = this.#results.get(roots);
    if (!results) this.#results.set(roots, (results = new Map()));
    let result = results.get(issuer);
    if (!result) results.set(issuer, (result = checkSvid(this.#chain, issuer, roots)));
    return result;
  }
}

/** Chains by the hash of their leaf: those of certificates.jsonl, and those that stand in statements, of which the last counts. */
export class Chains {
  readonly #byLeaf = new Map<string, Chain>();
  readonly #byChain = new Map<string, Chain>();

  add(x5t: string, chain: readonly Bytes[]): void {
    if (!this.#byLeaf.has(x5t)) this.#byLeaf.set(x5t, new Chain(x5t, chain));
  }

  find(x5t: string): Chain | undefined {
    return this.#byLeaf.get(x5t);
  }

  known(chain: readonly Bytes[]): Chain {
    const hashes = chain.map((one) => hex(sha256(one)));
    const name = hashes.join();
    let found = this.#byChain.get(name);
    if (!found) this.#byChain.set(name, (found = new Chain(hashes[0]!, chain)));
    this.#byLeaf.set(found.x5t, found);
    return found;
  }
}
