import { concat, equal, hex, Malformed, utf8, type Bytes } from "./bytes";
import { cborBytesHead, CborReader } from "./cbor";
import { isLowS, verifyEd25519, verifyEs256, type PublicKey } from "./signatures";
import { isSpiffeId } from "./spiffe";
import type { TreeHead } from "./merkle";

/** Signed statements (docs/spec/statements.md). */

export const MAX_STATEMENT = 65535;
const CONTENT_TYPE = "application/vnd.cairn.statement+cbor";

/** How a statement names its key: exactly one of them. */
export type KeyName =
  | { readonly by: "kid"; readonly kid: Bytes }
  | { readonly by: "x5chain"; readonly chain: readonly Bytes[] }
  | { readonly by: "x5t"; readonly hash: Bytes };

export interface Statement {
  readonly bytes: Bytes;
  readonly algorithm: "ES256" | "EdDSA";
  readonly issuer: string;
  /** The stream's id, 32 hexadecimal digits. */
  readonly stream: string;
  readonly key: KeyName;
  readonly seq: bigint;
  readonly previous: Bytes;
  readonly records: number;
  readonly root: Bytes;
  readonly known: TreeHead | undefined;
  /** What the signature is over (§5). */
  readonly signed: Bytes;
  readonly signature: Bytes;
}

/** Decodes a statement (§1 to §4). Throws {@link Malformed}. */
export function readStatement(bytes: Bytes): Statement {
  if (bytes.length > MAX_STATEMENT) throw new Malformed(`statement: more than ${MAX_STATEMENT} bytes`);
  const envelope = new CborReader(bytes, "statement");
  envelope.tag(18);
  if (envelope.array() !== 4) envelope.fail("an array of four");
  const protectedHeader = envelope.bytes();
  if (envelope.map(() => envelope.fail("an empty unprotected header")) !== 0) envelope.fail("an empty unprotected header");
  const payload = envelope.bytes();
  const signature = envelope.bytes(64);
  envelope.end();
  const header = readHeader(protectedHeader);
  if (header.algorithm === "ES256" && !isLowS(signature)) throw new Malformed("statement: an ES256 signature with the higher s");
  const body = readPayload(payload);
  if (hex(body.streamId) !== header.stream) throw new Malformed("statement: the payload's stream is not the header's subject");
  const { streamId: _, ...rest } = body;
  return { bytes, ...header, ...rest, signature, signed: sigStructure(protectedHeader, payload) };
}

function readHeader(bytes: Bytes): Pick<Statement, "algorithm" | "issuer" | "stream" | "key"> {
  const reader = new CborReader(bytes, "protected header");
  let algorithm: Statement["algorithm"] | undefined, type: string | undefined, claims: { issuer: string; stream: string } | undefined, key: KeyName | undefined;
  const only = (name: KeyName): KeyName => (key ? reader.fail("one of kid, x5chain and x5t") : name);
  reader.map((label) => {
    switch (label) {
      case 1n: {
        const value = reader.int();
        algorithm = value === -7n ? "ES256" : value === -8n ? "EdDSA" : reader.fail("ES256 or EdDSA");
        break;
      }
      case 3n:
        type = reader.text();
        break;
      case 4n:
        key = only({ by: "kid", kid: reader.bytes(32) });
        break;
      case 15n:
        claims = readClaims(reader);
        break;
      case 33n:
        key = only({ by: "x5chain", chain: readChain(reader) });
        break;
      case 34n:
        if (reader.array() !== 2 || reader.int() !== -16n) reader.fail("a SHA-256 certificate hash");
        key = only({ by: "x5t", hash: reader.bytes(32) });
        break;
      default:
        reader.fail("no other label");
    }
  });
  reader.end();
  if (!algorithm || type !== CONTENT_TYPE || !claims || !key) throw new Malformed("protected header: a label is missing, or another content type");
  return { algorithm, ...claims, key };
}

function readClaims(reader: CborReader): { issuer: string; stream: string } {
  let issuer: string | undefined, stream: string | undefined;
  reader.map((label) => {
    if (label === 1n) issuer = reader.text();
    else if (label === 2n) stream = reader.text();
    else reader.fail("issuer and subject alone");
  });
  if (issuer === undefined || !isSpiffeId(issuer)) return reader.fail("an issuer that is a SPIFFE ID");
  if (stream === undefined || !/^[0-9a-f]{32}$/.test(stream)) return reader.fail("a subject that is a stream id");
  return { issuer, stream };
}

function readChain(reader: CborReader): Bytes[] {
  if (reader.peekMajor === 2) return [nonEmpty(reader)];
  const count = reader.array();
  if (count < 2 || count > 8) reader.fail("2 to 8 certificates");
  return Array.from({ length: count }, () => nonEmpty(reader));
}

const nonEmpty = (reader: CborReader): Bytes => {
  const bytes = reader.bytes();
  return bytes.length > 0 ? bytes : reader.fail("a certificate that is not empty");
};

function readPayload(bytes: Bytes): Pick<Statement, "seq" | "previous" | "records" | "root" | "known"> & { streamId: Bytes } {
  const reader = new CborReader(bytes, "payload");
  if (reader.array() !== 7 || reader.uint() !== 1n) reader.fail("an array of seven, version 1");
  const streamId = reader.bytes(16), seq = reader.uint(), previous = reader.bytes(32), records = reader.uint(), root = reader.bytes(32);
  if (records < 1n || records > 65536n) reader.fail("1 to 65536 records");
  if ((seq === 0n) !== equal(previous, new Uint8Array(32))) reader.fail("a previous hash of zeros when and only when seq is 0");
  let known: TreeHead | undefined;
  if (!reader.tryNull()) {
    if (reader.array() !== 2) reader.fail("a tree head of two");
    known = { size: reader.uint(), root: reader.bytes(32) };
  }
  reader.end();
  return { streamId, seq, previous, records: Number(records), root, known };
}

/** `["Signature1", protected, h'', payload]` (RFC 9052 §4.4). */
function sigStructure(protectedHeader: Bytes, payload: Bytes): Bytes {
  return concat(Uint8Array.of(0x84, 0x6a), utf8("Signature1"), cborBytesHead(protectedHeader.length), protectedHeader, Uint8Array.of(0x40), cborBytesHead(payload.length), payload);
}

/** Whether the statement's signature verifies under the key, which must be of its algorithm's type (§5). */
export async function verifyStatement(statement: Statement, key: PublicKey): Promise<boolean> {
  return statement.algorithm === "ES256"
    ? verifyEs256(key, statement.signed, statement.signature)
    : key.type === "ed25519" && verifyEd25519(key.point, statement.signed, statement.signature);
}
