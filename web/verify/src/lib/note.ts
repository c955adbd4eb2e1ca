import { base64, concat, equal, fromBase64, fromDecimal, fromUtf8, hex, Malformed, uint64, utf8, type Bytes } from "./bytes";
import { EMPTY_ROOT, type TreeHead } from "./merkle";
import { sha256 } from "./sha256";
import { verifyEd25519, verifyMlDsa44 } from "./signatures";

/** Signed notes, verifier keys and checkpoints (docs/spec/checkpoints.md). */

const MAX_NOTE = 4 << 20;
const MAX_SIGNATURES = 1000;
/** The last second of the year 9999. */
const LAST_TIME = 253402300799n;

export interface NoteSignature {
  readonly name: string;
  readonly keyId: Bytes;
  readonly signature: Bytes;
}

export interface Note {
  /** Ends in a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface Checkpoint extends TreeHead {
  readonly origin: string;
  readonly extensions: readonly string[];
  readonly note: Note;
}

/** A key name is not empty and holds no plus sign and no white space (§1). */
export const isKeyName = (name: string): boolean => name.length > 0 && !/[+\p{White_Space}]/u.test(name);

/** Reads a signed note (§1). Throws {@link Malformed}. */
export function readNote(bytes: Bytes): Note {
  if (bytes.length > MAX_NOTE) throw new Malformed("note: more than 4 MiB");
  for (const byte of bytes) if (byte < 0x20 && byte !== 0x0a) throw new Malformed("note: a control byte");
  const whole = fromUtf8(bytes);
  if (whole === undefined) throw new Malformed("note: not UTF-8");
  const end = whole.lastIndexOf("\n\n");
  if (end < 0 || !whole.endsWith("\n")) throw new Malformed("note: no empty line before the signatures, or no last newline");
  const text = whole.slice(0, end + 1);
  const lines = whole.slice(end + 2).split("\n").slice(0, -1);
  if (lines.length === 0 || lines.length > MAX_SIGNATURES) throw new Malformed(`note: expected 1 to ${MAX_SIGNATURES} signature lines, found ${lines.length}`);
  return { text, signatures: lines.map(readSignature) };
}

function readSignature(line: string): NoteSignature {
  const words = line.split(" ");
  const [dash, name, encoded] = words;
  const blob = words.length === 3 && dash === "\u2014" && isKeyName(name!) ? fromBase64(encoded!) : undefined;
  if (!blob || blob.length < 5) throw new Malformed("note: a signature line of another form");
  return { name: name!, keyId: blob.subarray(0, 4), signature: blob.subarray(4) };
}

/** Reads a note's text as a checkpoint (§4). Throws {@link Malformed}. */
export function readCheckpoint(note: Note): Checkpoint {
  const [origin, size, root, ...extensions] = note.text.slice(0, -1).split("\n");
  if (!note.text.endsWith("\n") || !origin || utf8(origin).length > 255) throw new Malformed("checkpoint: expected an origin of at most 255 bytes");
  const count = fromDecimal(size ?? "");
  if (count === undefined) throw new Malformed("checkpoint: expected a decimal size");
  const hash = fromBase64(root ?? "");
  if (hash?.length !== 32) throw new Malformed("checkpoint: expected a root of 32 bytes in base64");
  if (count === 0n && !equal(hash, EMPTY_ROOT)) throw new Malformed("checkpoint: size 0 with the root of another tree");
  if (extensions.some((line) => line === "")) throw new Malformed("checkpoint: an empty extension line");
  return { origin, size: count, root: hash, extensions, note };
}

/** A verifier key (§2): what it signs as, and with. */
export interface VerifierKey {
  readonly name: string;
  readonly keyId: Bytes;
  readonly type: 1 | 4 | 6;
  readonly key: Bytes;
}

const KEY_BYTES: Readonly<Record<number, number>> = { 1: 32, 4: 32, 6: 1312 };
const ALGORITHM: Readonly<Record<number, string>> = { 1: "Ed25519", 4: "Ed25519", 6: "ML-DSA-44" };

/** Reads `NAME+KEYID+BASE64` (§2). Throws {@link Malformed}. */
export function readVerifierKey(text: string): VerifierKey {
  const first = text.indexOf("+"), second = text.indexOf("+", first + 1);
  const name = text.slice(0, Math.max(first, 0)), id = text.slice(first + 1, second), blob = fromBase64(text.slice(second + 1));
  if (first < 0 || second < 0 || !isKeyName(name) || utf8(name).length > 255 || !/^[0-9a-f]{8}$/.test(id) || !blob || blob.length < 2) {
    throw new Malformed("verifier key: expected NAME+KEYID+BASE64");
  }
  const type = blob[0]!, key = blob.subarray(1);
  if (type !== 1 && type !== 4 && type !== 6) throw new Malformed(`verifier key: unknown type ${type}`);
  if (key.length !== KEY_BYTES[type]) throw new Malformed(`verifier key: expected ${KEY_BYTES[type]} bytes, found ${key.length}`);
  const keyId = sha256(concat(utf8(name), Uint8Array.of(0x0a), blob)).subarray(0, 4) as Bytes;
  if (hex(keyId) !== id) throw new Malformed(`verifier key: expected the key id ${hex(keyId)}, found ${id}`);
  return { name, keyId, type, key };
}

/** A key in short: `name+keyid (algorithm)`. */
export const keyLabel = (key: VerifierKey): string => `${key.name}+${hex(key.keyId)} (${ALGORITHM[key.type]})`;

/** What a note's lines by one key say (§6); the time in seconds since 1970, where they have one. */
export type KeyResult = { readonly state: "absent" | "bad" } | { readonly state: "good"; readonly time: bigint | undefined };

/** Judges a note by one key (§6). The checkpoint is needed for type 0x06, and may be left out where there is none. */
export function judgeKey(note: Note, key: VerifierKey, checkpoint?: Checkpoint): KeyResult {
  let found = false, time: bigint | undefined;
  for (const line of note.signatures) {
    if (line.name !== key.name || !equal(line.keyId, key.keyId)) continue;
    found = true;
    const good = verifyLine(note, key, line.signature, checkpoint);
    if (!good) return { state: "bad" };
    if (good.time !== undefined && (time === undefined || good.time < time)) time = good.time;
  }
  return found ? { state: "good", time } : { state: "absent" };
}

function verifyLine(note: Note, key: VerifierKey, blob: Bytes, checkpoint: Checkpoint | undefined): { time: bigint | undefined } | undefined {
  if (key.type === 1) return verifyEd25519(key.key, utf8(note.text), blob) ? { time: undefined } : undefined;
  if (blob.length !== (key.type === 4 ? 72 : 2428)) return undefined;
  const time = new DataView(blob.buffer, blob.byteOffset).getBigUint64(0), signature = blob.subarray(8);
  if (time > LAST_TIME) return undefined;
  if (key.type === 4) return verifyEd25519(key.key, utf8(`cosignature/v1\ntime ${time}\n${note.text}`), signature) ? { time } : undefined;
  if (!checkpoint) return undefined;
  return verifyMlDsa44(key.key, subtreeMessage(key.name, time, checkpoint), signature) ? { time: time === 0n ? undefined : time } : undefined;
}

/** What type 0x06 signs (§3). */
export function subtreeMessage(name: string, time: bigint, checkpoint: Pick<Checkpoint, "origin" | "size" | "root">): Bytes {
  const key = utf8(name), origin = utf8(checkpoint.origin);
  return concat(utf8("subtree/v1\n\0"), Uint8Array.of(key.length), key, uint64(time), Uint8Array.of(origin.length), origin, uint64(0n), uint64(checkpoint.size), checkpoint.root);
}

/** The checkpoint's three lines, for people. */
export const describeHead = (head: TreeHead): string => `size ${head.size}, root ${base64(head.root)}`;
