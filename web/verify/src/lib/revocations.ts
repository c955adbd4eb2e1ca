import { Malformed } from "./bytes";
import type { Notes } from "./notes";
import type { TrustPolicy } from "./policy";
import { bodyOf, compareTimes, readTime, type CairnRecord, type Instant } from "./record";
import { domainOf } from "./spiffe";
import { latestOf, showUtc, SOURCES, type Claim, type Times } from "./times";

/** Revoked keys of emitters, and statements signed with them (docs/spec/records.md §11, docs/spec/verification.md §14). */

const KEY = /^[0-9a-f]{64}$/;

/** What one `ledger.key_revoked` record says. */
export interface KeyRevocation {
  /** SHA-256 of the key's SubjectPublicKeyInfo, hexadecimal. */
  readonly key: string;
  readonly since: Instant | undefined;
}

/** The revocation of the record; undefined for a record of another kind. Throws {@link Malformed}. */
export function readKeyRevocation(record: CairnRecord): KeyRevocation | undefined {
  if (record.kind !== "ledger.key_revoked") return undefined;
  const { key, since } = bodyOf(record);
  if (typeof key !== "string" || !KEY.test(key)) throw new Malformed("key revocation: key is no SHA-256");
  if (since === undefined) return { key, since };
  const time = typeof since === "string" ? readTime(since) : undefined;
  if (!time) throw new Malformed("key revocation: since is no time");
  return { key, since: time };
}

/** Reads a `revoked` line's words (docs/spec/trust-policy.md §3). Throws {@link Malformed}. */
export function readRevokedLine(key: string, time: string): { key: string; since: Instant } {
  const since = time.endsWith("Z") ? readTime(`${time.slice(0, -1)}.000000Z`) : undefined;
  if (!KEY.test(key) || !since) throw new Malformed("revoked: expected a SHA-256 in hexadecimal and a time such as 2026-01-31T09:30:00Z");
  return { key, since };
}

/** From which place in the ledger, and from when on, a key is not believed; one of them is there. */
interface Revocation {
  readonly record: bigint | undefined;
  readonly since: Instant | undefined;
}

type Word = "place" | "witness" | "timestamper" | "log";
const WORDS: readonly Word[] = ["place", "witness", "timestamper", "log"];

/** A statement under a revoked key: whose word puts it before the revocation, or what was expected and found. */
type Standing =
  | { readonly by: Word; readonly claim: Claim | undefined; readonly expected: string }
  | { readonly by: undefined; readonly expected: string; readonly found: string };

interface Tally {
  readonly key: string;
  readonly emitter: string;
  readonly revocation: Revocation;
  readonly before: Map<Word, { latest: Claim | undefined; statements: number }>;
  statements: number;
  unproven: number;
}

/** One revoked key, as the report tells of it (docs/spec/verification.md §7). */
export interface RevokedKey {
  readonly key: string;
  readonly emitter: string;
  readonly since: string | null;
  readonly record: number | null;
  readonly statements: number;
  readonly before: readonly { readonly by: Word; readonly name: string | null; readonly not_after: string | null; readonly statements: number }[];
  readonly unproven: number;
}

/** Whether the whole second of the claim's bound had ended at that time. */
const isBefore = (claim: Claim, time: Instant): boolean => {
  const bound = latestOf(claim);
  return compareTimes({ seconds: bound.seconds + 1, micros: bound.micros }, time) <= 0;
};

const earlierOf = (a: Instant | undefined, b: Instant | undefined): Instant | undefined => (a && b ? (compareTimes(b, a) < 0 ? b : a) : (a ?? b));

/** All revocations that count, of the policy and of accepted records. */
export class Revocations {
  readonly #policy: TrustPolicy;
  readonly #times: Times;
  readonly #notes: Notes;
  /** By trust domain and key. */
  readonly #records = new Map<string, Revocation>();
  readonly #tallies = new Map<string, Tally>();

  constructor(policy: TrustPolicy, times: Times, notes: Notes) {
    this.#policy = policy;
    this.#times = times;
    this.#notes = notes;
  }

  /** Takes a revocation of the statement at that index, by an operator of the trust domain. */
  accept(revocation: KeyRevocation, domain: string, index: bigint): void {
    const name = `${domain} ${revocation.key}`, known = this.#records.get(name);
    this.#records.set(name, {
      record: known?.record !== undefined && known.record < index ? known.record : index,
      since: earlierOf(known?.since, revocation.since),
    });
  }

  /** A statement whose key was revoked was signed before that, by somebody's word (§14). `counted`: as one of the trail's. */
  check(issuer: string, index: bigint, key: string, counted: boolean): void {
    const standing = this.#judge(issuer, index, key, counted), subject = { kind: "statement", id: `${index}` } as const;
    if (!standing) return;
    const { by, expected } = standing;
    if (by === undefined) this.#notes.fail({ code: "key-revoked", subject, expected, found: standing.found });
    else if (by === "log") this.#notes.warn({ code: "before-revocation-by-log", subject, expected: `${expected}, by a witness's or timestamper's word`, found: `the log's own word for ${showUtc(latestOf(standing.claim!))}` });
  }

  /** What comes of a statement signed with that key; undefined where it is not revoked. */
  #judge(issuer: string, index: bigint, key: string, counted: boolean): Standing | undefined {
    const name = `${domainOf(issuer)} ${key}`, recorded = this.#records.get(name), listed = this.#policy.revoked.get(key);
    if (!recorded && !listed) return undefined;
    const revocation: Revocation = { record: recorded?.record, since: earlierOf(recorded?.since, listed) };
    const standing = this.#stand(revocation, index, key);
    if (counted) this.#count(name, key, issuer, revocation, standing);
    return standing;
  }

  /** For the report, in the order of the first statements. */
  get keys(): readonly RevokedKey[] {
    return [...this.#tallies.values()].map(({ key, emitter, revocation, before, statements, unproven }) => ({
      key,
      emitter,
      since: revocation.since ? showUtc(revocation.since) : null,
      record: revocation.record === undefined ? null : Number(revocation.record),
      statements,
      before: WORDS.flatMap((by) => {
        const one = before.get(by);
        return one ? [{ by, name: one.latest?.name ?? null, not_after: one.latest ? showUtc(latestOf(one.latest)) : null, statements: one.statements }] : [];
      }),
      unproven,
    }));
  }

  #stand({ record, since }: Revocation, index: bigint, key: string): Standing {
    const bounds = [...(since ? [`before ${showUtc(since)}`] : []), ...(record === undefined ? [] : [`not behind the revocation at ${record}`])];
    const expected = `a statement signed before its key ${key} was in doubt: ${bounds.join(", ")}`;
    if (record !== undefined && index > record) return { by: undefined, expected, found: `one behind it, at ${index}` };
    if (!since) return { by: "place", claim: undefined, expected };
    const [log, witness, timestamper] = SOURCES.map((by) => this.#times.bracket(by, index, 0n).notAfter);
    const independent = witness && timestamper ? (compareTimes(latestOf(timestamper), latestOf(witness)) < 0 ? timestamper : witness) : (witness ?? timestamper);
    if (independent && isBefore(independent, since)) return { by: independent.by, claim: independent, expected };
    const found = (claim: Claim | undefined): string => (claim ? `one that existed at ${showUtc(latestOf(claim))} by the word of ${claim.name}` : "no word for when it existed");
    if (!log || !isBefore(log, since)) return { by: undefined, expected, found: `${found(independent ?? log)}: not provably before` };
    // A policy with a quorum says that the log's own word is not enough.
    return this.#policy.quorum === undefined ? { by: "log", claim: log, expected } : { by: undefined, expected, found: `${found(log)} alone, the log's own` };
  }

  #count(name: string, key: string, emitter: string, revocation: Revocation, standing: Standing): void {
    let tally = this.#tallies.get(name);
    if (!tally) this.#tallies.set(name, (tally = { key, emitter, revocation, before: new Map(), statements: 0, unproven: 0 }));
    tally.statements++;
    if (standing.by === undefined) {
      tally.unproven++;
      return;
    }
    const { claim } = standing, known = tally.before.get(standing.by);
    const latest = !known?.latest || (claim && compareTimes(latestOf(claim), latestOf(known.latest)) > 0) ? claim : known.latest;
    tally.before.set(standing.by, { latest, statements: (known?.statements ?? 0) + 1 });
  }
}

/** A revoked key in words. */
export function describeRevoked({ key, emitter, since, record, before, unproven }: RevokedKey): string {
  const many = (count: number): string => (count === 1 ? "1 statement" : `${count} statements`);
  const words = before.map(({ by, name, not_after, statements }) => {
    const word = by === "place" ? "its place in the ledger" : by === "log" ? `the log's own word alone (not after ${not_after})` : `the word of the ${by} ${name} (not after ${not_after})`;
    return `${many(statements)} signed before, by ${word}`;
  });
  if (unproven > 0) words.push(`${many(unproven)} not provably signed before`);
  return `key ${key} of ${emitter}, revoked ${since === null ? "" : `since ${since} `}${record === null ? "by the policy" : `by the record at index ${record}`}: ${words.join("; ")}`;
}
