import { fromBase64, fromDecimal, fromHex, fromUtf8, latin1, type Bytes } from "./bytes";
import { isRecordId } from "./record";

/** Lines of heads.jsonl, anchors.jsonl, proofs.jsonl, certificates.jsonl, content.jsonl, trust.jsonl and keys.jsonl (docs/spec/bundle.md §5 to §10, §13). */

export interface ProofLine {
  readonly index: bigint;
  /** Positions of the records in the bundle; undefined for all. */
  readonly positions: readonly number[] | undefined;
  readonly siblings: readonly Bytes[];
  readonly path: readonly Bytes[];
  readonly hints: string;
}

export interface HeadLine {
  readonly size: bigint;
  readonly root: Bytes;
  readonly consistency: readonly Bytes[];
}

export interface CertificateLine {
  readonly x5t: string;
  readonly chain: readonly Bytes[];
}

export interface ContentLine {
  readonly record: string;
  readonly member: string;
  readonly key: Bytes;
  readonly bytes: bigint;
}

/** A checkpoint with independent times (timestamps.md §4). */
export interface AnchorLine {
  readonly checkpoint: Bytes;
  readonly consistency: readonly Bytes[];
  readonly tokens: readonly Bytes[];
}

/** A statement with changes of trust bundles, its records, and its place. */
export interface TrustLine {
  readonly index: bigint;
  readonly statement: Bytes;
  /** Positions of the records that follow; undefined for all. */
  readonly positions: readonly number[] | undefined;
  readonly bodies: readonly Bytes[];
  readonly siblings: readonly Bytes[];
  readonly path: readonly Bytes[];
}

/** A succession of the log's keys: its checkpoint, and the statement that retires the old ones. */
export interface SuccessionLine extends TrustLine {
  readonly checkpoint: Bytes;
  readonly consistency: readonly Bytes[];
}

// A line has one form: no white space, members in their order, no escapes but in `member`. Each expression takes all of it.
// None repeats a group, which costs a stack that a long line could exhaust: items of a list are looked at one by one.
const HASHES = String.raw`\[([A-Za-z0-9+/=",]*)\]`;
const RECORDS = String.raw`(?:"(all)"|\[([\d,]*)\])`;
const PROOF = new RegExp(String.raw`^\{"index":(\d+),"records":${RECORDS},"siblings":${HASHES},"path":${HASHES},"hints":"([0-9a-f]*)"\}$`);
const HEAD = new RegExp(String.raw`^\{"size":(\d+),"root":"([A-Za-z0-9+/=]*)","consistency":${HASHES}\}$`);
const CERTIFICATE = new RegExp(String.raw`^\{"x5t":"([0-9a-f]{64})","chain":${HASHES}\}$`);
const ANCHOR = new RegExp(String.raw`^\{"checkpoint":"([A-Za-z0-9+/=]*)","consistency":${HASHES},"tokens":${HASHES}\}$`);
const TRUST = new RegExp(String.raw`^\{"index":(\d+),"statement":"([A-Za-z0-9+/=]*)","records":${RECORDS},"bodies":${HASHES},"siblings":${HASHES},"path":${HASHES}\}$`);
const SUCCESSION = new RegExp(String.raw`^\{"checkpoint":"([A-Za-z0-9+/=]*)","consistency":${HASHES},(?="index":)`);
const CONTENT = /^\{"record":"([^"\\]*)","member":("(?:[^"\\]|\\.)*"),"key":"([0-9a-f]{64})","bytes":(\d+)\}$/u;

/** Base64 texts of a list, each of that many bytes where a number is given; undefined where one is something else. */
function list(text: string, size?: number): Bytes[] | undefined {
  const items: Bytes[] = [];
  if (text === "") return items;
  for (const quoted of text.split(",")) {
    if (!/^".*"$/.test(quoted)) return undefined;
    const bytes = fromBase64(quoted.slice(1, -1));
    if (!bytes || (size !== undefined && bytes.length !== size)) return undefined;
    items.push(bytes);
  }
  return items;
}

/** Each reader gives undefined for a line of another form. */
export function readProof(line: Bytes): ProofLine | undefined {
  const match = PROOF.exec(latin1(line));
  if (!match) return undefined;
  const index = fromDecimal(match[1]!), siblings = list(match[4]!, 32), path = list(match[5]!, 32);
  const positions = match[2] === undefined ? ascending(match[3]!) : undefined;
  if (index === undefined || positions === "malformed" || !siblings || !path || match[6]!.length % 2 !== 0) return undefined;
  return { index, positions, siblings, path, hints: match[6]! };
}

/** Positions in strictly ascending order. */
function ascending(text: string): number[] | "malformed" {
  const positions: number[] = [];
  for (const one of text === "" ? [] : text.split(",")) {
    const position = fromDecimal(one);
    if (position === undefined || position > 0x7fffffffn || (positions.length > 0 && Number(position) <= positions.at(-1)!)) return "malformed";
    positions.push(Number(position));
  }
  return positions;
}

export function readTrustLine(line: Bytes): TrustLine | undefined {
  const match = TRUST.exec(latin1(line));
  if (!match) return undefined;
  const index = fromDecimal(match[1]!), statement = fromBase64(match[2]!);
  const positions = match[3] === undefined ? ascending(match[4]!) : undefined;
  const bodies = list(match[5]!), siblings = list(match[6]!, 32), path = list(match[7]!, 32);
  if (index === undefined || !statement || positions === "malformed" || !bodies || !siblings || !path) return undefined;
  return { index, statement, positions, bodies, siblings, path };
}

export function readSuccessionLine(line: Bytes): SuccessionLine | undefined {
  const match = SUCCESSION.exec(latin1(line));
  const checkpoint = match && fromBase64(match[1]!), consistency = match && list(match[2]!, 32);
  // What follows is a line of trust.jsonl without its opening brace.
  const rest = match ? readTrustLine(line.slice(match[0].length - 1).fill(0x7b, 0, 1)) : undefined;
  return checkpoint && consistency && rest ? { ...rest, checkpoint, consistency } : undefined;
}

export function readHead(line: Bytes): HeadLine | undefined {
  const match = HEAD.exec(latin1(line));
  const size = match ? fromDecimal(match[1]!) : undefined, root = match && fromBase64(match[2]!), consistency = match && list(match[3]!, 32);
  return size !== undefined && root?.length === 32 && consistency ? { size, root, consistency } : undefined;
}

export function readAnchorLine(line: Bytes): AnchorLine | undefined {
  const match = ANCHOR.exec(latin1(line));
  const checkpoint = match && fromBase64(match[1]!), consistency = match && list(match[2]!, 32), tokens = match && list(match[3]!);
  return checkpoint && consistency && tokens ? { checkpoint, consistency, tokens } : undefined;
}

export function readCertificateLine(line: Bytes): CertificateLine | undefined {
  const match = CERTIFICATE.exec(latin1(line));
  const chain = match && list(match[2]!);
  return chain && chain.length > 0 ? { x5t: match[1]!, chain } : undefined;
}

export function readContentLine(line: Bytes): ContentLine | undefined {
  const match = CONTENT.exec(fromUtf8(line) ?? "");
  const bytes = match ? fromDecimal(match[4]!) : undefined, member = match ? text(match[2]!) : undefined;
  return match && bytes !== undefined && member !== undefined && isRecordId(match[1]!) ? { record: match[1]!, member, key: fromHex(match[3]!)!, bytes } : undefined;
}

/** A JSON string; undefined for one that is none, or holds unpaired surrogates. */
function text(quoted: string): string | undefined {
  try {
    const value = JSON.parse(quoted) as string;
    return /\p{Surrogate}/u.test(value) ? undefined : value;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
