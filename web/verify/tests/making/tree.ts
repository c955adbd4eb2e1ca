import { EMPTY_ROOT } from "../../src/lib/merkle";
import { nodeHash } from "../../src/lib/sha256";
import type { Bytes } from "../../src/lib/bytes";

/** Merkle trees by their definition (docs/spec/merkle.md §1) and their proofs (RFC 9162 §2.1.3.1, §2.1.4.1). */

function split(count: number): number {
  let k = 1;
  while (k * 2 < count) k *= 2;
  return k;
}

export function root(leaves: readonly Bytes[]): Bytes {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0]!;
  const k = split(leaves.length);
  return nodeHash(root(leaves.slice(0, k)), root(leaves.slice(k)));
}

export function inclusion(index: number, leaves: readonly Bytes[]): Bytes[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return index < k ? [...inclusion(index, leaves.slice(0, k)), root(leaves.slice(k))] : [...inclusion(index - k, leaves.slice(k)), root(leaves.slice(0, k))];
}

/** The inclusion paths of all leaves: each subtree's root is computed once. */
export function inclusions(leaves: readonly Bytes[]): Bytes[][] {
  const paths = leaves.map((): Bytes[] => []);
  const walk = (from: number, to: number): Bytes => {
    if (to - from === 1) return leaves[from]!;
    const middle = from + split(to - from), left = walk(from, middle), right = walk(middle, to);
    for (let i = from; i < to; i++) paths[i]!.push(i < middle ? right : left);
    return nodeHash(left, right);
  };
  walk(0, leaves.length);
  return paths;
}

export function consistency(size: number, leaves: readonly Bytes[], whole = true): Bytes[] {
  if (size === 0) return [];
  if (size === leaves.length) return whole ? [] : [root(leaves)];
  const k = split(leaves.length);
  return size <= k ? [...consistency(size, leaves.slice(0, k), whole), root(leaves.slice(k))] : [...consistency(size - k, leaves.slice(k), false), root(leaves.slice(0, k))];
}
