import { hex } from "./bytes";
import { Chains, type Chain } from "./chains";
import { readCertificateLine } from "./lines";
import type { Member } from "./member";
import type { Fail, Notes } from "./notes";
import { ruleFor, type EmitterRule, type TrustPolicy } from "./policy";
import { compareTimes, type Instant } from "./record";
import { sha256 } from "./sha256";
import { domainOf } from "./spiffe";
import { verifyStatement, type Statement } from "./statement";
import { addSeconds, showTime } from "./trail";
import type { TrustTimeline } from "./trust-changes";

const FIVE_MINUTES = 300;
const CERTIFICATE_LINE = 1 << 20;

/** Whose key signed a statement, by the policy and the roots in force at its place (docs/spec/verification.md §4.5). */
export class Issuers {
  readonly #policy: TrustPolicy;
  readonly #timeline: TrustTimeline;
  readonly #checkpointTime: Instant | undefined;
  readonly #notes: Notes;
  readonly #chains = new Chains();

  constructor(policy: TrustPolicy, timeline: TrustTimeline, checkpointTime: Instant | undefined, notes: Notes) {
    this.#policy = policy;
    this.#timeline = timeline;
    this.#checkpointTime = checkpointTime;
    this.#notes = notes;
  }

  /** Reads certificates.jsonl. */
  async readCertificates(member: Member): Promise<void> {
    for (let line; (line = await member.line(CERTIFICATE_LINE)); ) {
      const read = readCertificateLine(line) ?? member.malformed();
      const hash = hex(sha256(read.chain[0]!));
      if (hash !== read.x5t) {
        this.#notes.fail({ code: "certificate-mismatch", subject: { kind: "certificate", id: read.x5t }, expected: "a certificate with this hash", found: hash });
      } else {
        this.#chains.add(hash, read.chain);
      }
    }
  }

  /** The rule that gives the statement's issuer its role; undefined where the policy has none. */
  ruleFor(statement: Statement): EmitterRule | undefined {
    return ruleFor(this.#policy, statement.issuer, statement.key.by === "kid" ? hex(statement.key.kid) : undefined);
  }

  /** The issuer's rule, key and signature, and its certificate's chain. `latest` is the latest time in the statement's records. Gives the SHA-256 of the key's SubjectPublicKeyInfo, where a key was found. */
  async check(statement: Statement, index: bigint, rule: EmitterRule | undefined, latest: Instant | undefined, fail: Fail): Promise<string | undefined> {
    // The chain of a statement serves later ones, whoever signed this one: it is named by its hash.
    const own = statement.key.by === "x5chain" ? this.#chains.known(statement.key.chain) : undefined;
    if (!rule) {
      fail("issuer-unknown", `an emitter line for ${statement.issuer}`, "none");
      return undefined;
    }
    if (statement.key.by === "kid") {
      if (rule.key && !(await verifyStatement(statement, rule.key.key))) fail("statement-signature", `a signature by the key ${rule.key.kid}`, "one that does not verify");
      return rule.key?.kid;
    }
    const chain = statement.key.by === "x5t" ? this.#chains.find(hex(statement.key.hash)) : own;
    if (!chain) {
      fail("certificate-missing", `the certificate ${statement.key.by === "x5t" ? hex(statement.key.hash) : ""}`, "none in certificates.jsonl");
      return undefined;
    }
    const { leaf, key } = chain;
    if (!leaf?.key) {
      fail("certificate-untrusted", `a certificate of ${statement.issuer} with a key`, "bytes that are none");
      return undefined;
    }
    if (!(await verifyStatement(statement, leaf.key))) fail("statement-signature", `a signature by the certificate ${chain.x5t}`, "one that does not verify");
    const begin: Instant = { seconds: leaf.notBefore, micros: 0 };
    const time = latest && latest.seconds >= leaf.notBefore ? latest : begin;
    if (time === begin) {
      this.#notes.warn({ code: "certificate-later", subject: { kind: "certificate", id: chain.x5t }, expected: `a certificate that was valid at ${latest ? showTime(latest) : "a record's time"}`, found: `one valid from ${showTime(time)}` });
    }
    const expired = (): void => fail("certificate-expired", `a certificate valid at ${showTime(time)}`, `one valid from ${showTime(begin)} to ${showTime({ seconds: leaf.notAfter, micros: 0 })}`);
    if (this.#checkpointTime && compareTimes(time, addSeconds(this.#checkpointTime, FIVE_MINUTES)) > 0) {
      expired();
      return key;
    }
    const result = chain.check(statement.issuer, this.#timeline.inForce(domainOf(statement.issuer), index));
    if ("fault" in result) this.#failChain(chain, statement.issuer, index, result.found, fail);
    else if (!result.paths.some((path) => path.from <= time.seconds && time.seconds <= path.until)) expired();
    return key;
  }

  /** A chain under no root in force: perhaps under one that came later, or was taken out before (§10). */
  #failChain(chain: Chain, issuer: string, index: bigint, found: string, fail: Fail): void {
    const timeline = this.#timeline, domain = domainOf(issuer), under = chain.check(issuer, timeline.named(domain));
    if ("fault" in under) fail("certificate-untrusted", `an X.509-SVID of ${issuer} under a root in force`, found);
    else if (under.paths.some((path) => timeline.wasNamedBefore(domain, path.root, index))) fail("root-removed", `a root of ${domain} in force at ${index}`, "one that was taken out before");
    else fail("root-not-yet-trusted", `a root of ${domain} in force at ${index}`, "one that joined later");
  }
}
