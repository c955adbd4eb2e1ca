import { fromBase64, Malformed } from "./bytes";
import { readVerifierKey, type VerifierKey } from "./note";
import { bodyOf, type CairnRecord } from "./record";
import { sameKey } from "./log-keys";

/** Records about the log's own keys (docs/spec/records.md §10). */

const MOST_KEYS = 16;

/** A key of an algorithm that this verifier does not know: refused, never passed over. */
export class UnknownAlgorithm extends Error {}

export interface Retirement {
  readonly origin: string;
  readonly old: readonly VerifierKey[];
  readonly next: readonly VerifierKey[];
}

/** The retirement that the record holds; undefined for any other. Throws {@link Malformed} and {@link UnknownAlgorithm}. */
export function readRetirement(record: CairnRecord): Retirement | undefined {
  if (record.kind !== "ledger.key_rotated") return undefined;
  const { role, origin: named, phase, old_keys: before, new_keys: after } = bodyOf(record);
  if (role !== "log") return undefined;
  if (phase !== "announced" && phase !== "retired") throw new Malformed("key rotation: an unknown phase");
  const origin = typeof named === "string" ? named : "";
  const old = readKeys(before, origin), next = readKeys(after, origin), all = [...old, ...next];
  if (all.some((key, i) => all.findIndex((one) => sameKey({ ...one, type: key.type }, key)) !== i)) throw new Malformed("key rotation: a key for the second time");
  return phase === "retired" ? { origin, old, next } : undefined;
}

function readKeys(value: unknown, origin: string): VerifierKey[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > MOST_KEYS) throw new Malformed(`key rotation: expected 1 to ${MOST_KEYS} verifier keys`);
  return value.map((one: unknown) => {
    if (typeof one !== "string") throw new Malformed("key rotation: a key that is no text");
    const blob = fromBase64(one.split("+").slice(2).join("+"));
    if (one.split("+").length > 2 && blob && blob.length > 0 && blob[0] !== 1 && blob[0] !== 6) throw new UnknownAlgorithm(`key rotation: a key of type ${blob[0]}`);
    const key = readVerifierKey(one);
    if (key.name !== origin) throw new Malformed("key rotation: a key of another name than the log's");
    return key;
  });
}
