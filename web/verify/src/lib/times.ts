import { addMicros, compareTimes, type Instant } from "./record";

/** Who says when, and brackets (docs/spec/timestamps.md §5, §6). */

export const SOURCES = ["log", "witness", "timestamper"] as const;
export type Source = (typeof SOURCES)[number];

/** Somebody's word that a tree existed at a time. */
export interface Claim {
  readonly by: Source;
  readonly name: string;
  readonly time: Instant;
  /** Microseconds that the time may be off by its own word. */
  readonly accuracy: number | undefined;
}

/** A tree of the ledger, and who says when it existed. */
export interface Anchor {
  readonly size: bigint;
  readonly claims: readonly Claim[];
}

export interface Bracket {
  readonly by: Source;
  readonly notBefore: Claim | undefined;
  readonly notAfter: Claim | undefined;
}

export interface Contradiction {
  readonly anchor: Anchor;
  readonly claim: Claim;
  readonly earlier: Claim;
}

export const latestOf = (claim: Claim): Instant => addMicros(claim.time, claim.accuracy ?? 0);

/** Logs and witnesses know the ledger's trees; a timestamper knows only the bytes that it stamps. */
const saysLargest = (claim: Claim): boolean => claim.by !== "timestamper";

const isSame = (a: Claim, b: Claim): boolean => a.by === b.by && a.name === b.name && compareTimes(a.time, b.time) === 0 && a.accuracy === b.accuracy;

/** All anchors of a bundle, by size; those of one size are one. */
export class Times {
  readonly anchors: readonly Anchor[];
  readonly #trail = new Map<Source, Bracket>();

  constructor(anchors: readonly Anchor[]) {
    const bySize = new Map<bigint, Claim[]>();
    for (const { size, claims } of anchors) {
      const all = bySize.get(size) ?? [];
      for (const claim of claims) if (!all.some((one) => isSame(one, claim))) all.push(claim);
      if (all.length > 0) bySize.set(size, all);
    }
    this.anchors = [...bySize].map(([size, claims]) => ({ size, claims })).sort((a, b) => (a.size < b.size ? -1 : 1));
  }

  /** A statement's bracket; `known` is the size of the tree head that it names, 0 where it names none. */
  bracket(by: Source, index: bigint, known: bigint): Bracket {
    let notBefore: Claim | undefined, notAfter: Claim | undefined;
    for (const { size, claims } of this.anchors) {
      for (const claim of claims) {
        if (claim.by !== by) continue;
        if (size > index && (!notAfter || compareTimes(latestOf(claim), latestOf(notAfter)) < 0)) notAfter = claim;
        if (size < known && saysLargest(claim) && (!notBefore || compareTimes(claim.time, notBefore.time) > 0)) notBefore = claim;
      }
    }
    return { by, notBefore, notAfter };
  }

  /** Takes a statement of the trail into its bracket. */
  take(index: bigint, known: bigint): void {
    for (const by of SOURCES) {
      const one = this.bracket(by, index, known), before = this.#trail.get(by);
      this.#trail.set(by, before ? { by, notBefore: earlier(before.notBefore, one.notBefore), notAfter: later(before.notAfter, one.notAfter) } : one);
    }
  }

  /** The trail's brackets that have a bound. */
  get trail(): readonly Bracket[] {
    return [...this.#trail.values()].filter((bracket) => bracket.notBefore ?? bracket.notAfter);
  }

  /** Claims earlier, by more than the tolerance, than a time at which a smaller tree was the largest. */
  contradictions(tolerance: number): Contradiction[] {
    const found: Contradiction[] = [];
    let latest: Claim | undefined;
    for (const anchor of this.anchors) {
      for (const claim of anchor.claims) {
        const until = addMicros(latestOf(claim), tolerance * 1_000_000);
        if (latest && compareTimes(until, latest.time) < 0) found.push({ anchor, claim, earlier: latest });
      }
      for (const claim of anchor.claims) if (saysLargest(claim) && (!latest || compareTimes(claim.time, latest.time) > 0)) latest = claim;
    }
    return found;
  }
}

const earlier = (a: Claim | undefined, b: Claim | undefined): Claim | undefined => (a && b ? (compareTimes(b.time, a.time) < 0 ? b : a) : undefined);
const later = (a: Claim | undefined, b: Claim | undefined): Claim | undefined => (a && b ? (compareTimes(latestOf(b), latestOf(a)) > 0 ? b : a) : undefined);

/** A time in UTC, its fraction without zeros at the end. */
export function showUtc(time: Instant): string {
  const fraction = time.micros === 0 ? "" : `.${String(time.micros).padStart(6, "0").replace(/0+$/, "")}`;
  return `${new Date(time.seconds * 1000).toISOString().slice(0, 19)}${fraction}Z`;
}

/** A bracket in words; undefined where it has no bound. */
export function describeBracket({ by, notBefore, notAfter }: Bracket): string | undefined {
  const bounds = [...(notBefore ? [`not before ${showUtc(notBefore.time)} (${notBefore.name})`] : []), ...(notAfter ? [`not after ${showUtc(latestOf(notAfter))} (${notAfter.name})`] : [])];
  return bounds.length > 0 ? `by the word of ${by === "log" ? "the log" : `a ${by}`}: ${bounds.join(", ")}` : undefined;
}
