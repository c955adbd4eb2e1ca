import { equal } from "./bytes";
import type { VerifierKey } from "./note";
import type { TrustPolicy } from "./policy";

/** Which keys of a log must have signed its trees, by their size (docs/spec/trust-policy.md §4, docs/spec/verification.md §12). */

/** A change of a log's keys: trees of at most that size were signed by the old ones. */
export interface Succession {
  readonly size: bigint;
  readonly old: readonly VerifierKey[];
  readonly next: readonly VerifierKey[];
}

export const sameKey = (one: VerifierKey, other: VerifierKey): boolean => one.type === other.type && one.name === other.name && equal(one.key, other.key);
const among = (keys: readonly VerifierKey[], key: VerifierKey): boolean => keys.some((one) => sameKey(one, key));
const without = (keys: readonly VerifierKey[], left: readonly VerifierKey[]): VerifierKey[] => keys.filter((key) => !among(left, key));
const distinct = (keys: readonly VerifierKey[]): VerifierKey[] => keys.filter((key, i) => keys.findIndex((one) => sameKey(one, key)) === i);

/** The keys before some were retired: those stand in for the present ones of their algorithms. */
const before = (keys: readonly VerifierKey[], retired: readonly VerifierKey[]): VerifierKey[] => [...keys.filter((key) => !retired.some((old) => old.type === key.type)), ...retired];

export class LogKeys {
  readonly #own: readonly VerifierKey[];
  /** The policy's retired keys by size, largest first. */
  readonly #retired: readonly { readonly size: bigint; readonly keys: readonly VerifierKey[] }[];
  readonly #newestSize: bigint;
  readonly #successions: Succession[] = [];
  #newest: readonly VerifierKey[];

  /** The keys of the log as the policy alone has them for a tree of that size. */
  constructor(policy: TrustPolicy, origin: string, newestSize: bigint) {
    this.#own = policy.logs.filter((key) => key.name === origin);
    this.#newestSize = newestSize;
    const retired = policy.retired.filter(({ key }) => key.name === origin);
    const sizes = [...new Set(retired.map(({ size }) => size))].sort((a, b) => (a < b ? 1 : -1));
    this.#retired = sizes.map((size) => ({ size, keys: retired.filter((one) => one.size === size).map(({ key }) => key) }));
    this.#newest = this.#retired.filter(({ size }) => size >= newestSize).reduce((keys, one) => before(keys, one.keys), this.#own as VerifierKey[]);
  }

  /** The keys that must have signed the largest tree. */
  get newest(): readonly VerifierKey[] {
    return this.#newest;
  }

  get successions(): readonly Succession[] {
    return this.#successions;
  }

  /** Takes a proven succession into account. They come by ascending size. */
  follow(succession: Succession): void {
    this.#successions.push(succession);
    if (this.common(succession.old).length > 0) this.#newest = [...without(without(this.#newest, succession.old), succession.next), ...succession.next];
  }

  /** The keys of those that are in force now. */
  common(keys: readonly VerifierKey[]): readonly VerifierKey[] {
    return this.#newest.filter((key) => among(keys, key));
  }

  /** The keys that must have signed a tree of that size: from the newest back over each change in between. */
  at(size: bigint): readonly VerifierKey[] {
    const changes = [
      ...this.#retired.filter((one) => one.size < this.#newestSize).map((one) => ({ size: one.size, back: (keys: readonly VerifierKey[]) => before(keys, one.keys) })),
      ...this.#successions.map(({ size: last, old, next }) => ({
        size: last,
        back: (keys: readonly VerifierKey[]) => (keys.some((key) => among(next, key)) ? [...without(without(keys, next), old), ...old] : keys),
      })),
    ];
    return changes.filter((change) => change.size >= size).sort((a, b) => (a.size < b.size ? 1 : a.size > b.size ? -1 : 0)).reduce((keys, change) => change.back(keys), this.#newest);
  }

  /** The keys that may not have signed a tree of that size. */
  retiredBefore(size: bigint): readonly VerifierKey[] {
    return distinct([...this.#retired.filter((one) => one.size < size).flatMap((one) => one.keys), ...this.#successions.filter((one) => one.size < size).flatMap((one) => one.old)]);
  }

  /** Every key of the log that is known. */
  get known(): readonly VerifierKey[] {
    return distinct([...this.#own, ...this.#retired.flatMap((one) => one.keys), ...this.#successions.flatMap((one) => [...one.old, ...one.next])]);
  }
}
