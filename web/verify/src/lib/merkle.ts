import { equal, fromHex, type Bytes } from "./bytes";
import { nodeHash } from "./sha256";

/** Merkle trees and their proofs (docs/spec/merkle.md, RFC 9162 §2.1). */

export const EMPTY_ROOT = fromHex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")!;

/** A tree of that many leaves with that root (merkle.md §1). */
export interface TreeHead {
  readonly size: bigint;
  readonly root: Bytes;
}

/** `length`: the path is too long or too short, or the index is outside the tree; `root`: it leads elsewhere. */
export type PathFault = "length" | "root";

/** Number of siblings in the path of a leaf: those below where its way meets the right edge, then one for each further bit. */
export function inclusionLength(index: bigint, size: bigint): number {
  let at = index, last = size - 1n, length = 0;
  while (last > 0n) {
    if ((at & 1n) === 1n || at < last) length++;
    at >>= 1n;
    last >>= 1n;
  }
  return length;
}

/** Verifies an inclusion path (merkle.md §2); undefined when it leads from `leaf` at `index` to the head's root. */
export function checkInclusion(leaf: Bytes, index: bigint, head: TreeHead, path: readonly Bytes[]): PathFault | undefined {
  const root = inclusionRoot(leaf, index, head.size, path);
  return root === undefined ? "length" : equal(root, head.root) ? undefined : "root";
}

/** The root that an inclusion path leads to; undefined when index, size and the path's length do not fit together. */
export function inclusionRoot(leaf: Bytes, index: bigint, size: bigint, path: readonly Bytes[]): Bytes | undefined {
  if (index < 0n || index >= size) return undefined;
  let at = index, last = size - 1n, hash = leaf;
  for (const sibling of path) {
    if (last === 0n) return undefined;
    if ((at & 1n) === 1n || at === last) {
      hash = nodeHash(sibling, hash);
      while ((at & 1n) === 0n && at !== 0n) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    at >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? hash : undefined;
}

/** Whether the tree of `older` is the beginning of the tree of `newer` (merkle.md §3, with its edge cases). */
export function isConsistent(older: TreeHead, newer: TreeHead, path: readonly Bytes[]): boolean {
  if (older.size === 0n) return newer.size >= 0n && path.length === 0 && equal(older.root, EMPTY_ROOT);
  const root = grownRoot(older, newer.size, path);
  return root !== undefined && equal(root, newer.root);
}

/** The root of the tree of `size` leaves that a consistency path leads to from the older tree, which has a leaf at least; undefined when it does not. */
export function grownRoot(older: TreeHead, size: bigint, path: readonly Bytes[]): Bytes | undefined {
  if (older.size < 1n || older.size > size) return undefined;
  if (older.size === size) return path.length === 0 ? older.root : undefined;
  if (path.length === 0) return undefined;
  let first = older.size - 1n, last = size - 1n, next = 0;
  while ((first & 1n) === 1n) {
    first >>= 1n;
    last >>= 1n;
  }
  let a = first === 0n ? older.root : path[next++]!;
  let b = a;
  for (; next < path.length; next++) {
    const hash = path[next]!;
    if (last === 0n) return undefined;
    if ((first & 1n) === 1n || first === last) {
      a = nodeHash(hash, a);
      b = nodeHash(hash, b);
      while ((first & 1n) === 0n && first !== 0n) {
        first >>= 1n;
        last >>= 1n;
      }
    } else {
      b = nodeHash(b, hash);
    }
    first >>= 1n;
    last >>= 1n;
  }
  return last === 0n && equal(a, older.root) ? b : undefined;
}

/** A tree that grows at its right edge: the roots of its perfect subtrees, largest first (merkle.md §4). */
export class RightEdge {
  readonly #peaks: Bytes[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  append(leaf: Bytes): void {
    let hash = leaf;
    for (let size = this.#size; size % 2 === 1; size = (size - 1) / 2) hash = nodeHash(this.#peaks.pop()!, hash);
    this.#peaks.push(hash);
    this.#size++;
  }

  root(): Bytes {
    if (this.#size === 0) return EMPTY_ROOT;
    let root = this.#peaks.at(-1)!;
    for (let i = this.#peaks.length - 2; i >= 0; i--) root = nodeHash(this.#peaks[i]!, root);
    return root;
  }
}
