import { fromBase64, fromDecimal, fromUtf8, Malformed, utf8, type Bytes } from "./bytes";
import { checkInclusion } from "./merkle";
import { readCheckpoint, readNote, type Checkpoint } from "./note";
import { leafHash } from "./sha256";

/** A receipt of one statement (docs/spec/receipts.md). */
export interface Receipt {
  readonly index: bigint;
  readonly path: readonly Bytes[];
  readonly checkpoint: Checkpoint;
}

/** Reads a `*.tlog-proof` (§1). Throws {@link Malformed}. */
export function readReceipt(bytes: Bytes): Receipt {
  const text = fromUtf8(bytes);
  if (text === undefined) throw new Malformed("receipt: not UTF-8");
  const end = text.indexOf("\n\n");
  if (end < 0) throw new Malformed("receipt: no empty line");
  const lines = text.slice(0, end).split("\n");
  if (lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Malformed("receipt: another first line");
  if (lines[0]?.startsWith("extra ") && fromBase64(lines.shift()!.slice(6)) === undefined) throw new Malformed("receipt: extra is not base64");
  const index = /^index /.test(lines[0] ?? "") ? fromDecimal(lines.shift()!.slice(6)) : undefined;
  if (index === undefined) throw new Malformed("receipt: no index");
  if (lines.length > 63) throw new Malformed("receipt: more than 63 hashes");
  const path = lines.map((line) => fromBase64(line) ?? new Uint8Array(0));
  if (path.some((hash) => hash.length !== 32)) throw new Malformed("receipt: a line that is not a hash");
  return { index, path, checkpoint: readCheckpoint(readNote(utf8(text.slice(end + 2)))) };
}

/** Whether the receipt's path leads from the entry to its checkpoint (§2, steps 3 and 4). */
export const proves = (receipt: Receipt, entry: Bytes): boolean =>
  checkInclusion(leafHash(entry), receipt.index, receipt.checkpoint, receipt.path) === undefined;
