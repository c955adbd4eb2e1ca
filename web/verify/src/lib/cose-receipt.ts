import { concat, equal, Malformed, utf8, type Bytes } from "./bytes";
import { cborBytesHead, CborReader } from "./cbor";
import { grownRoot, inclusionRoot, type TreeHead } from "./merkle";
import type { VerifierKey } from "./note";
import { leafHash, sha256 } from "./sha256";
import { verifyEd25519, verifyMlDsa44 } from "./signatures";
import { readStatement, type Statement } from "./statement";

/** COSE Receipts and Transparent Statements (docs/spec/receipts.md §4, §5). */

const MAX_RECEIPT = 8192;
const MAX_PATH = 64;
const MAX_RECEIPTS = 16;
const MAX_STATEMENT = 65535 + MAX_RECEIPTS * (MAX_RECEIPT + 3) + 16;
const ES256 = -7n, EDDSA = -8n, ML_DSA_44 = -48n;

/** What a receipt proves: `first` and `second` are tree size and leaf index, or the older and the newer tree's size. */
export interface ReceiptProof {
  readonly kind: "inclusion" | "consistency";
  readonly first: bigint;
  readonly second: bigint;
  readonly path: readonly Bytes[];
}

export interface CoseReceipt {
  readonly algorithm: bigint;
  readonly kid: Bytes | undefined;
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
  readonly proof: ReceiptProof;
  /** The protected header's bytes. */
  readonly header: Bytes;
  readonly signature: Bytes;
}

export interface TransparentStatement {
  /** As the ledger holds it: with an empty unprotected header. */
  readonly statement: Statement;
  readonly receipts: readonly CoseReceipt[];
}

/** Reads a receipt (§4.2). Throws {@link Malformed}. */
export function readCoseReceipt(bytes: Bytes): CoseReceipt {
  if (bytes.length > MAX_RECEIPT) throw new Malformed(`receipt: more than ${MAX_RECEIPT} bytes`);
  const reader = new CborReader(bytes, "receipt");
  reader.tag(18);
  if (reader.array() !== 4) reader.fail("an array of four");
  const header = reader.bytes();
  const proof = readVdp(reader);
  if (!reader.tryNull()) reader.fail("null: the root is detached");
  const protectedHeader = readHeader(header);
  const signature = reader.bytes(protectedHeader.algorithm === ML_DSA_44 ? 2420 : 64);
  reader.end();
  return { ...protectedHeader, proof, header, signature };
}

/** Reads a Transparent Statement (§5): its entry is what is left when the receipts are taken out. Throws {@link Malformed}. */
export function readTransparentStatement(bytes: Bytes): TransparentStatement {
  if (bytes.length > MAX_STATEMENT) throw new Malformed(`transparent statement: more than ${MAX_STATEMENT} bytes`);
  const reader = new CborReader(bytes, "transparent statement");
  reader.tag(18);
  if (reader.array() !== 4) reader.fail("an array of four");
  reader.bytes();
  const start = reader.at, receipts: CoseReceipt[] = [];
  const pairs = reader.unordered((label) => {
    if (label !== 394n) reader.fail("receipts (394) alone");
    const count = reader.array();
    if (count < 1 || count > MAX_RECEIPTS) reader.fail(`1 to ${MAX_RECEIPTS} receipts`);
    for (let i = 0; i < count; i++) receipts.push(readCoseReceipt(reader.bytes()));
  });
  if (pairs !== 1) reader.fail("receipts (394)");
  return { statement: readStatement(concat(bytes.subarray(0, start), Uint8Array.of(0xa0), bytes.subarray(reader.at))), receipts };
}

/** The COSE Key Thumbprint of a log's key (§4.1, RFC 9679); undefined for a cosigner's. */
export function thumbprint(key: VerifierKey): Bytes | undefined {
  switch (key.type) {
    case 1: // {1: 1, -1: 6, -2: public}
      return sha256(concat(Uint8Array.of(0xa3, 0x01, 0x01, 0x20, 0x06, 0x21), cborBytesHead(key.key.length), key.key));
    case 6: // {1: 7, 3: -48, -1: public}
      return sha256(concat(Uint8Array.of(0xa3, 0x01, 0x07, 0x03, 0x38, 0x2f, 0x20), cborBytesHead(key.key.length), key.key));
    default:
      return undefined;
  }
}

/** The root that the proof leads to from an entry; undefined when it leads nowhere. */
export const rootFromEntry = ({ proof }: CoseReceipt, entry: Bytes): Bytes | undefined =>
  proof.kind === "inclusion" ? inclusionRoot(leafHash(entry), proof.second, proof.first, proof.path) : undefined;

/** The newer tree's root that the proof leads to from the older tree; undefined when it leads nowhere. */
export const rootFromOlder = ({ proof }: CoseReceipt, older: TreeHead): Bytes | undefined =>
  proof.kind === "consistency" && older.size === proof.first ? grownRoot(older, proof.second, proof.path) : undefined;

/** Whether the signature over the root is good under a log's key, which is the one that `kid` names, where there is one. */
export function isSignedBy(receipt: CoseReceipt, key: VerifierKey, root: Bytes): boolean {
  const own = thumbprint(key);
  if (!own || (receipt.kid && !equal(receipt.kid, own))) return false;
  const signed = concat(Uint8Array.of(0x84, 0x6a), utf8("Signature1"), cborBytesHead(receipt.header.length), receipt.header, Uint8Array.of(0x40), cborBytesHead(root.length), root);
  return key.type === 1
    ? receipt.algorithm === EDDSA && verifyEd25519(key.key, signed, receipt.signature)
    : receipt.algorithm === ML_DSA_44 && verifyMlDsa44(key.key, signed, receipt.signature);
}

function readHeader(bytes: Bytes): Pick<CoseReceipt, "algorithm" | "kid" | "issuer" | "subject"> {
  const reader = new CborReader(bytes, "receipt protected header");
  let algorithm: bigint | undefined, kid: Bytes | undefined, issuer: string | undefined, subject: string | undefined, structure = false;
  reader.unordered((label) => {
    switch (label) {
      case 1n:
        algorithm = reader.int();
        if (algorithm !== ES256 && algorithm !== EDDSA && algorithm !== ML_DSA_44) reader.fail("-7, -8 or -48");
        break;
      case 4n:
        kid = reader.bytes();
        break;
      case 15n:
        reader.unordered((claim) => {
          if (claim === 1n) issuer = reader.text();
          else if (claim === 2n) subject = reader.text();
          else reader.fail("iss and sub alone");
        });
        break;
      case 395n:
        if (reader.int() !== 1n) reader.fail("RFC9162_SHA256 (1)");
        structure = true;
        break;
      default:
        reader.fail("no other label");
    }
  });
  reader.end();
  if (algorithm === undefined || !structure) throw new Malformed("receipt protected header: alg or vds is missing");
  return { algorithm, kid, issuer, subject };
}

function readVdp(reader: CborReader): ReceiptProof {
  let proof: ReceiptProof | undefined;
  const one = (pairs: number): void => (pairs === 1 ? undefined : reader.fail("one proof of one kind"));
  one(
    reader.unordered((label) => {
      if (label !== 396n) reader.fail("vdp (396) alone");
      one(
        reader.unordered((kind) => {
          if (kind !== -1n && kind !== -2n) reader.fail("-1 (inclusion) or -2 (consistency)");
          one(reader.array());
          proof = readProof(reader.bytes(), kind === -1n ? "inclusion" : "consistency");
        }),
      );
    }),
  );
  return proof!;
}

function readProof(bytes: Bytes, kind: ReceiptProof["kind"]): ReceiptProof {
  const reader = new CborReader(bytes, `receipt ${kind} proof`);
  if (reader.array() !== 3) reader.fail("an array of three");
  const first = reader.uint(), second = reader.uint(), count = reader.array();
  if (count > MAX_PATH) reader.fail(`at most ${MAX_PATH} hashes`);
  const path = Array.from({ length: count }, () => reader.bytes(32));
  reader.end();
  if (kind === "inclusion" ? second >= first : first > second) reader.fail(kind === "inclusion" ? "a leaf-index below the tree-size" : "a tree-size-2 of at least tree-size-1");
  return { kind, first, second, path };
}
