import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { base64, Malformed, utf8, type Bytes } from "../lib/bytes";
import { readCoseReceipt, readTransparentStatement, type CoseReceipt, type TransparentStatement } from "../lib/cose-receipt";
import { keyLabel, readCheckpoint, readNote, type Checkpoint } from "../lib/note";
import { readPolicy } from "../lib/policy";
import { checkConsistencyReceipts, checkInclusionReceipts, checkTlogProof, type ReceiptVerdict } from "../lib/receipt-check";
import { readReceipt, type Receipt } from "../lib/receipt";
import { readStatement, type Statement } from "../lib/statement";
import { useNodeSha256 } from "./files";
import { safe, Unreadable, Usage } from "./usage";

export const RECEIPT_USAGE = `cairn-verify receipt FILE... --trust POLICY [--statement FILE] [--checkpoint FILE] [--older FILE] [--output json|table]

Verifies receipts of one statement: a transparent statement, or COSE receipts or one tlog-proof of the --statement; or, with the signed
checkpoint of the --older tree, COSE receipts of consistency. --checkpoint is that of the receipts' tree.
Exit code: 0 verified, 1 not verified, 2 usage, or the verification could not run.`;

type Given = { kind: "proof"; proof: Receipt } | { kind: "transparent"; transparent: TransparentStatement } | { kind: "receipt"; receipt: CoseReceipt };

const TLOG_PROOF = utf8("c2sp.org/tlog-proof@");

/** Runs `cairn-verify receipt`; gives its exit code. */
export async function verifyReceipts(args: string[]): Promise<number> {
  let options: { trust?: string | undefined; statement?: string | undefined; checkpoint?: string | undefined; older?: string | undefined; output?: string | undefined; help?: boolean | undefined }, files: string[];
  try {
    ({ values: options, positionals: files } = parseArgs({
      args,
      allowPositionals: true,
      options: { trust: { type: "string" }, statement: { type: "string" }, checkpoint: { type: "string" }, older: { type: "string" }, output: { type: "string" }, help: { type: "boolean", short: "h" } },
    }));
  } catch (error) {
    throw new Usage((error as Error).message, RECEIPT_USAGE);
  }
  if (options.help) {
    console.log(RECEIPT_USAGE);
    return 0;
  }
  const output = options.output ?? "table";
  if (output !== "json" && output !== "table") throw new Usage(`--output is json or table, not ${output}`, RECEIPT_USAGE);
  if (files.length === 0) throw new Usage("expected a receipt", RECEIPT_USAGE);
  if (options.trust === undefined) throw new Usage("expected --trust POLICY: a receipt proves nothing without it", RECEIPT_USAGE);
  useNodeSha256();
  const policy = await read(options.trust, readPolicy);
  const statement = options.statement === undefined ? undefined : await read(options.statement, readStatement);
  const checkpoint = options.checkpoint === undefined ? undefined : await read(options.checkpoint, readAnyCheckpoint);
  const older = options.older === undefined ? undefined : await read(options.older, readAnyCheckpoint);
  const given: Given[] = [];
  for (const file of files) given.push(await read(file, readAny));

  const verdict = isConsistency(given, older)
    ? checkConsistencyReceipts(consistencyReceipts(given, statement), needed(older, "a receipt of consistency needs the signed checkpoint of the older tree: --older"), policy, checkpoint)
    : judgeStatement(given, statement, policy, checkpoint);
  console.log(output === "json" ? JSON.stringify(plain(verdict)) : table(verdict, older));
  return verdict.failures.length === 0 ? 0 : 1;
}

const isConsistency = (given: readonly Given[], older: Checkpoint | undefined): boolean =>
  older !== undefined || given.some((one) => one.kind === "receipt" && one.receipt.proof.kind === "consistency");

function consistencyReceipts(given: readonly Given[], statement: Statement | undefined): CoseReceipt[] {
  if (statement) throw new Usage("a receipt of consistency is about two trees and no statement: --statement does not go with it", RECEIPT_USAGE);
  return given.map((one) => {
    if (one.kind !== "receipt" || one.receipt.proof.kind !== "consistency") throw new Usage("receipts of consistency are verified by themselves: a file is no such receipt", RECEIPT_USAGE);
    return one.receipt;
  });
}

function judgeStatement(given: readonly Given[], bare: Statement | undefined, policy: ReturnType<typeof readPolicy>, checkpoint: Checkpoint | undefined): ReceiptVerdict {
  const transparent = given.flatMap((one) => (one.kind === "transparent" ? [one.transparent] : []));
  const statements = [...transparent.map((one) => one.statement), ...(bare ? [bare] : [])];
  const statement = needed(statements[0], "a receipt says nothing by itself: the statement is needed (--statement)");
  if (new Set(statements.map((one) => base64(one.bytes))).size > 1) throw new Usage("the files are about more than one statement; verify one at a time", RECEIPT_USAGE);
  const proof = given.find((one) => one.kind === "proof");
  if (!proof) {
    const receipts = [...transparent.flatMap((one) => one.receipts), ...given.flatMap((one) => (one.kind === "receipt" ? [one.receipt] : []))];
    return checkInclusionReceipts(statement, receipts, policy, checkpoint);
  }
  if (given.length > 1) throw new Usage("a tlog-proof is verified by itself: it carries its own checkpoint", RECEIPT_USAGE);
  return checkTlogProof(proof.proof, statement, policy);
}

function needed<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Usage(what, RECEIPT_USAGE);
  return value;
}

const startsWith = (bytes: Bytes, start: Bytes): boolean => start.every((byte, i) => bytes[i] === byte);

const readAnyCheckpoint = (bytes: Bytes): Checkpoint => (startsWith(bytes, TLOG_PROOF) ? readReceipt(bytes).checkpoint : readCheckpoint(readNote(bytes)));

/** A tlog-proof, a COSE receipt or a transparent statement, told apart by their first bytes and their payload. */
function readAny(bytes: Bytes): Given {
  if (bytes[0] !== 0xd2) return { kind: "proof", proof: readReceipt(bytes) };
  try {
    return { kind: "receipt", receipt: readCoseReceipt(bytes) };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    try {
      return { kind: "transparent", transparent: readTransparentStatement(bytes) };
    } catch (other) {
      throw other instanceof Malformed ? new Malformed(`neither a receipt (${error.message}) nor a transparent statement (${other.message})`) : other;
    }
  }
}

async function read<T>(path: string, parse: (bytes: Bytes) => T): Promise<T> {
  const bytes = new Uint8Array(await readFile(path)) as Bytes;
  try {
    return parse(bytes);
  } catch (error) {
    throw error instanceof Malformed ? new Unreadable(`${path} can't be read: ${error.message}`) : error;
  }
}

/** For programs. Sizes are JSON numbers where they are exact ones, else texts. */
const plain = (verdict: ReceiptVerdict): unknown => ({
  verified: verdict.failures.length === 0,
  index: number(verdict.index),
  size: number(verdict.head?.size),
  root: verdict.head ? base64(verdict.head.root) : null,
  place_proved: verdict.placeProved,
  keys: verdict.keys.map(keyLabel),
  failures: verdict.failures,
});

const number = (value: bigint | undefined): number | string | null => (value === undefined ? null : value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : `${value}`);

function table(verdict: ReceiptVerdict, older: Checkpoint | undefined): string {
  const lines = [verdict.failures.length === 0 ? "VERIFIED" : "NOT VERIFIED", ...verdict.failures.map((failure) => `  x ${failure}`)];
  const { head, index } = verdict;
  if (head && verdict.keys.length > 0) {
    lines.push(index !== undefined ? `  index ${index} of ${head.size} statements, root ${base64(head.root)}` : `  the tree of ${head.size} statements, root ${base64(head.root)}, extends that of ${older?.size}`);
    lines.push(`  signed by ${verdict.keys.map(keyLabel).join(", ")}`);
  }
  if (verdict.failures.length === 0 && !verdict.placeProved) lines.push(`  - ${index === undefined ? "the newer size is" : "index and size are"} the receipt's word: --checkpoint proves ${index === undefined ? "it" : "them"}`);
  return lines.map(safe).join("\n");
}
