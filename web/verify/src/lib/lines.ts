import { fromBase64, fromDecimal, fromHex, fromUtf8, latin1, type Bytes } from "./bytes";
import { isRecordId } from "./record";

/** Lines of heads.jsonl, proofs.jsonl, certificates.jsonl and content.jsonl (docs/spec/bundle.md §5 to §9). */

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

// A line has one form: no white space, members in their order, no escapes but in `member`. Each expression takes all of it.
const HASHES = String.raw`\[((?:"[A-Za-z0-9+/=]*"(?:,"[A-Za-z0-9+/=]*")*)?)\]`;
const PROOF = new RegExp(String.raw`^\{"index":(\d+),"records":(?:"(all)"|\[((?:\d+(?:,\d+)*)?)\]),"siblings":${HASHES},"path":${HASHES},"hints":"((?:[0-9a-f]{2})*)"\}$`);
const HEAD = new RegExp(String.raw`^\{"size":(\d+),"root":"([A-Za-z0-9+/=]*)","consistency":${HASHES}\}$`);
const CERTIFICATE = new RegExp(String.raw`^\{"x5t":"([0-9a-f]{64})","chain":${HASHES}\}$`);
const CONTENT = /^\{"record":"([^"\\]*)","member":("(?:[^"\\]|\\.)*"),"key":"([0-9a-f]{64})","bytes":(\d+)\}$/u;

/** Base64 texts of a list, each of that many bytes where a number is given; undefined where one is something else. */
function list(text: string, size?: number): Bytes[] | undefined {
  const items: Bytes[] = [];
  if (text === "") return items;
  for (const quoted of text.split(",")) {
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
  if (index === undefined || !siblings || !path) return undefined;
  let positions: number[] | undefined;
  if (match[2] === undefined) {
    positions = [];
    for (const text of match[3] === "" ? [] : match[3]!.split(",")) {
      const position = fromDecimal(text);
      if (position === undefined || position > 0x7fffffffn || (positions.length > 0 && Number(position) <= positions.at(-1)!)) return undefined;
      positions.push(Number(position));
    }
  }
  return { index, positions, siblings, path, hints: match[6]! };
}

export function readHead(line: Bytes): HeadLine | undefined {
  const match = HEAD.exec(latin1(line));
  const size = match ? fromDecimal(match[1]!) : undefined, root = match && fromBase64(match[2]!), consistency = match && list(match[3]!, 32);
  return size !== undefined && root?.length === 32 && consistency ? { size, root, consistency } : undefined;
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
