import { equal, hex, type Bytes } from "./bytes";
import { readHead } from "./lines";
import type { Member } from "./member";
import { isConsistent, type TreeHead } from "./merkle";
import { describeHead, type Checkpoint } from "./note";
import type { Fail, Notes } from "./notes";
import { Stop } from "./stop";

const LINE = 16 << 10;
const LINES = 1 << 20;

interface Head {
  readonly root: Bytes;
  readonly proven: boolean;
}

/** Tree heads that statements name, and whether the checkpoint extends them (docs/spec/verification.md §3, §4.3). */
export class Heads {
  readonly #heads = new Map<bigint, Head>();

  /** Reads heads.jsonl. Throws {@link Stop}. */
  static async read(member: Member, checkpoint: Checkpoint, notes: Notes): Promise<Heads> {
    const heads = new Heads();
    let last = -1n;
    for (let line; (line = await member.line(LINE)); ) {
      if (member.lines > LINES) throw new Stop("file-too-large", "file", "heads.jsonl", `at most ${LINES} lines`, "more");
      const head = readHead(line) ?? member.malformed();
      if (head.size <= last) member.malformed();
      last = head.size;
      const proven = isConsistent(head, checkpoint, head.consistency);
      heads.#heads.set(head.size, { root: head.root, proven });
      if (!proven) {
        notes.fail({ code: "head-inconsistent", subject: { kind: "head", id: `${head.size}` }, expected: `a path to the checkpoint of ${describeHead(checkpoint)}`, found: `one of ${head.consistency.length} hashes that does not lead there` });
      }
    }
    return heads;
  }

  /** Checks the head that the statement at that index names, if it names one. */
  check(known: TreeHead | undefined, index: bigint, fail: Fail): void {
    if (!known) return;
    if (known.size > index) fail("head-after-statement", `a known tree of at most ${index} statements`, `${known.size}`);
    const head = this.#heads.get(known.size);
    if (!head) fail("head-missing", `the tree of size ${known.size} in heads.jsonl`, "none");
    else if (!equal(head.root, known.root) || !head.proven) fail("head-inconsistent", `the proven root of size ${known.size}`, `${hex(known.root)}, which is not`);
  }
}
