import type { Bytes } from "./bytes";
import { checkInclusion, inclusionLength, type TreeHead } from "./merkle";
import type { Fail } from "./notes";
import { leafHash } from "./sha256";

/** Places of statements in the ledger (docs/spec/verification.md §4.1): each further on than the one before, and proven. */
export class Places {
  readonly #newest: TreeHead;
  #last = -1n;

  constructor(newest: TreeHead) {
    this.#newest = newest;
  }

  /** Takes the statement that comes next; its place is checked by {@link check}. */
  order(index: bigint, fail: Fail): void {
    if (index <= this.#last) fail("index-order", `an index above ${this.#last}`, `${index}`);
    else this.#last = index;
  }

  /** The statement's path to the checkpoint. */
  check(bytes: Bytes, index: bigint, path: readonly Bytes[], fail: Fail): void {
    const newest = this.#newest;
    if (index >= newest.size || path.length !== inclusionLength(index, newest.size)) {
      fail("inclusion-path", `an index below ${newest.size} and a path of its length`, `${index} and ${path.length} hashes`);
    } else if (checkInclusion(leafHash(bytes), index, newest, path) !== undefined) {
      fail("inclusion-root", "a path to the checkpoint's root", "one that leads elsewhere");
    }
  }
}
