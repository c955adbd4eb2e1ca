import { ed25519 } from "@noble/curves/ed25519.js";
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";
import { base64, concat, hex, uint64, utf8, type Bytes } from "../../src/lib/bytes";
import { subtreeMessage } from "../../src/lib/note";
import { leafHash, sha256 } from "../../src/lib/sha256";
import { cbor, p256Key, seed, sign, type Cbor } from "./encode";
import { inclusions, root } from "./tree";
import { manifest, ordered, zip, type Files } from "./zip";

const PER_STATEMENT = 100;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const ORIGIN = "ledger.example/large";
const TIME = 1767225600;

/** Many pieces as one: more than a call may have arguments. */
function joined(pieces: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** A good bundle of one gateway and about that many records of some 500 bytes, a hundred to a statement; compressed, unless it is to be large on disk too. */
export function largeBundle(wanted: number, stored = false): { bundle: Bytes; policy: Bytes; records: number } {
  const key = p256Key("large"), stream = seed("large stream").slice(0, 16) as Bytes, issuer = "spiffe://example.org/gateway/large";
  const lines: Bytes[] = [], statements: Bytes[] = [];
  const total = Math.ceil(wanted / PER_STATEMENT) * PER_STATEMENT;
  const id = (n: number): string => `019b7647-b400-7000-8000-${n.toString(16).padStart(12, "0")}`;
  for (let n = 0; n < total; n++) {
    const span = (n + 1).toString(16).padStart(16, "0"), micros = String(n % 1000000).padStart(6, "0");
    const [kind, own, body] =
      n === 0 ? ["task.started", "request", { principal: "ana@example.org", authenticated: "os-user", channel: "mcp/stdio", owner: "team-billing" }]
      : n === total - 1 ? ["task.ended", "outcome", { status: "done", emitters: [{ emitter: issuer, stream: hex(stream), records: total }] }]
      : n % 2 === 1 && n < total - 2 ? ["action.requested", "action", { type: "tool.call", resource: "mcp://files/tools/read_file", input: { commitment: `hmac-sha256:${"ab".repeat(32)}`, bytes: 321, media: "application/json", content: "none" }, writes: false, strict: true }]
      : n % 2 === 0 ? ["action.completed", "action", { type: "tool.call", resource: "mcp://files/tools/read_file", requested: id(n - 1), status: "ok", output: { commitment: `hmac-sha256:${"cd".repeat(32)}`, bytes: 4096, media: "application/json", content: "none" }, duration_us: 1834 }]
      : ["context.captured", "context", { subject: "mcp.tools" }];
    lines.push(
      utf8(JSON.stringify({
        v: 1, id: id(n), kind, time: `2026-01-01T00:00:00.${micros}Z`, trace: TRACE, span, parent: n === 0 ? undefined : "0000000000000001", seq: n,
        actor: { id: "spiffe://example.org/agent/billing", instance: "host-1/42", owner: "team-billing" }, [own as string]: body,
      })),
    );
  }
  let previous: Bytes = new Uint8Array(32);
  for (let at = 0; at < total; at += PER_STATEMENT) {
    const leaves = lines.slice(at, at + PER_STATEMENT).map(leafHash);
    const header = cbor(new Map<number, Cbor>([[1, -7], [3, "application/vnd.cairn.statement+cbor"], [15, new Map<number, Cbor>([[1, issuer], [2, hex(stream)]])], [4, sha256(key.spki)]]));
    const payload = cbor([1, stream, at / PER_STATEMENT, previous, PER_STATEMENT, root(leaves), null]);
    const statement = cbor({ tag: 18, value: [header, new Map(), payload, sign(key, cbor(["Signature1", header, new Uint8Array(0), payload]))] });
    previous = sha256(statement);
    statements.push(statement);
  }
  const leaves = statements.map(leafHash), head = { origin: ORIGIN, size: BigInt(leaves.length), root: root(leaves) };
  const edSecret = seed("large log"), ml = ml_dsa44.keygen(seed("large log ml")), edPublic = ed25519.getPublicKey(edSecret);
  const text = `${ORIGIN}\n${head.size}\n${base64(head.root)}\n`;
  const keyId = (type: number, publicKey: Uint8Array): Bytes => sha256(concat(utf8(ORIGIN), Uint8Array.of(10, type), publicKey)).slice(0, 4);
  const line = (type: number, publicKey: Uint8Array, blob: Uint8Array): string => `\u2014 ${ORIGIN} ${base64(concat(keyId(type, publicKey), blob))}\n`;
  const time = BigInt(TIME + 60);
  const policy = utf8(
    `log ${ORIGIN}+${hex(keyId(1, edPublic))}+${base64(concat(Uint8Array.of(1), edPublic))}\nlog ${ORIGIN}+${hex(keyId(6, ml.publicKey))}+${base64(concat(Uint8Array.of(6), ml.publicKey))}\nquorum none\nemitter gateway ${issuer} ${base64(key.spki)}\n`,
  );
  const files: Files = new Map();
  files.set("checkpoint", utf8(`${text}\n${line(1, edPublic, ed25519.sign(utf8(text), edSecret))}${line(6, ml.publicKey, concat(uint64(time), ml_dsa44.sign(subtreeMessage(ORIGIN, time, head), ml.secretKey)))}`));
  files.set("trust.policy", policy);
  files.set("certificates.jsonl", new Uint8Array(0));
  files.set("heads.jsonl", new Uint8Array(0));
  files.set("statements.bin", joined(statements.flatMap((one) => [Uint8Array.of(one.length >> 8, one.length & 255), one])));
  files.set("proofs.jsonl", utf8(inclusions(leaves).map((path, i) => `{"index":${i},"records":"all","siblings":[],"path":${JSON.stringify(path.map(base64))},"hints":""}\n`).join("")));
  files.set("records.jsonl", joined(lines.flatMap((one) => [one, Uint8Array.of(10)])));
  files.set("manifest.json", manifest(files, TRACE, ORIGIN));
  return { bundle: zip(ordered(files).map((file) => ({ ...file, deflate: !stored && file.data.length > 1 << 20 }))), policy, records: total };
}
