import { ed25519 } from "@noble/curves/ed25519.js";
import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";
import { base64, concat, hex, uint64, utf8, type Bytes } from "../../src/lib/bytes";
import { subtreeMessage } from "../../src/lib/note";
import { leafHash, sha256 } from "../../src/lib/sha256";
import { cbor, certificate, p256Key, seed, sign, type Key } from "./encode";
import type { Random } from "./random";
import { ORIGIN, START, TRACE } from "./story";
import { consistency, inclusion, root } from "./tree";
import { manifest, ordered, zip, type Files } from "./zip";

/**
 * Ledgers whose own keys change, once or several times, made from a seed, with anchors by the keys of their times and policies from
 * anywhere. Lies are told before signing, so that nothing but the change itself is wrong with them.
 */

const OTHER = "0af7651916cd43dd8448eb211c80319c";
const DAY = 86400;

export const KEY_LIES = [
  "none", "old key does not sign", "new key does not sign", "retired key signs a succession", "retired key signs the checkpoint", "retired key signs an anchor", "new key signs an early anchor", "others sign too", "algorithm dropped", "algorithm added", "unknown algorithm", "witness's type", "key twice",
  "key under both names", "another origin in the record", "keys of another name", "announced only", "two retirements in one statement", "record of the vault beside it", "operator is a gateway", "no operator line", "operator under another root", "line left out", "lines left out", "succession before the record",
  "one retirement twice", "checkpoint by old keys", "checkpoint by all", "old keys that nobody had", "one key named twice as old", "seventeen keys",
] as const;
type Lie = (typeof KEY_LIES)[number];

interface LogKey {
  readonly type: 1 | 6;
  readonly vkey: string;
  line(text: string, size: number, hash: Bytes, time: number): string;
}

/** A log key of that type. */
function logKey(type: 1 | 6, label: string, name = ORIGIN): LogKey {
  const secret = seed(label), ml = type === 6 ? ml_dsa44.keygen(secret) : undefined, key = ml ? ml.publicKey : ed25519.getPublicKey(secret);
  const typed = concat(Uint8Array.of(type), key), id = sha256(concat(utf8(name), Uint8Array.of(10), typed)).slice(0, 4);
  return {
    type,
    vkey: `${name}+${hex(id)}+${base64(typed)}`,
    line: (text, size, hash, time) => {
      const blob = ml
        ? concat(uint64(BigInt(time)), ml_dsa44.sign(subtreeMessage(name, BigInt(time), { origin: ORIGIN, size: BigInt(size), root: hash }), ml.secretKey, { extraEntropy: false }))
        : ed25519.sign(utf8(text), secret);
      return `\u2014 ${name} ${base64(concat(id, blob))}\n`;
    },
  };
}

/** A vkey of any type and public key. */
function otherKey(type: number, key: Bytes): string {
  const typed = concat(Uint8Array.of(type), key);
  return `${ORIGIN}+${hex(sha256(concat(utf8(ORIGIN), Uint8Array.of(10), typed)).slice(0, 4))}+${base64(typed)}`;
}

interface Speaker {
  readonly issuer: string;
  readonly key: Key;
  readonly leaf: Bytes;
  readonly stream: Bytes;
  statements: number;
  previous: Bytes;
  seq: number;
}

/** A bundle, packed, and the policy to verify it under. */
export function changeKeys(random: Random, lie: Lie): { bundle: Bytes; policy: Bytes } {
  const is = (...lies: Lie[]): boolean => lies.includes(lie);
  const roots = [0, 1].map((i) => p256Key(`keys root ${i}`));
  const ders = roots.map((key, i) => certificate({ subject: "root", issuer: "root", serial: i + 1, key, signer: key, authority: true, uris: ["spiffe://example.org"], from: START - DAY, until: START + DAY }));
  const speaker = (role: string, under: number): Speaker => {
    const issuer = `spiffe://example.org/${role}/x`, key = p256Key(`keys ${role} ${under}`);
    return { issuer, key, leaf: certificate({ subject: role, issuer: "root", serial: 9, key, signer: roots[under]!, uris: [issuer], from: START - DAY, until: START + DAY }), stream: seed(`keys ${role}`).slice(0, 16), statements: 0, previous: new Uint8Array(32), seq: 0 };
  };
  const emitter = speaker("gateway", 0), operator = speaker("operator", is("operator under another root") ? 1 : 0);

  let micros = 0;
  const record = (by: Speaker, kind: string, own: string, body: Record<string, unknown>, trace: string): Bytes => utf8(JSON.stringify({
    v: 1, id: `019b7647-b400-7000-8000-${(++micros).toString(16).padStart(12, "0")}`, kind, time: `${new Date(START * 1000).toISOString().slice(0, 14)}00:01.${String(micros).padStart(6, "0")}Z`,
    trace, span: "00f067aa0ba90001", seq: by.seq++, actor: { id: by.issuer, instance: "host", owner: "team" }, [own]: body,
  }));
  const entries: { bytes: Bytes; records: readonly Bytes[]; elsewhere: boolean }[] = [];
  const say = (by: Speaker, records: readonly Bytes[]): void => {
    const header = cbor(new Map<number, Parameters<typeof cbor>[0]>([[1, -7], [3, "application/vnd.cairn.statement+cbor"], [15, new Map([[1, by.issuer], [2, hex(by.stream)]])], [34, [-16, sha256(by.leaf)]]]));
    const payload = cbor([1, by.stream, by.statements++, by.previous, records.length, root(records.map((one) => leafHash(one))), null]);
    const bytes = cbor({ tag: 18, value: [header, new Map(), payload, sign(by.key, cbor(["Signature1", header, new Uint8Array(0), payload]))] });
    by.previous = sha256(bytes);
    entries.push({ bytes, records, elsewhere: by === operator });
  };
  const act = (): void => say(emitter, [record(emitter, emitter.seq === 0 ? "task.started" : "context.captured", emitter.seq === 0 ? "request" : "context", { subject: "x" }, TRACE)]);

  const generations: LogKey[][] = [[logKey(1, "keys 0 ed"), logKey(6, "keys 0 ml")]];
  const successions: { index: number; size: number; old: LogKey[]; next: LogKey[]; signers: LogKey[] }[] = [];
  const stranger = logKey(1, "keys stranger");
  act();
  const changes = 1 + random.below(3), told = random.below(changes);
  for (let n = 0; n < changes; n++) {
    const lying = (...lies: Lie[]): boolean => n === told && is(...lies);
    for (let more = random.below(3); more > 0; more--) act();
    const present = generations.at(-1)!, types = random.pick<(1 | 6)[]>([[1, 6], [1, 6], [6, 1], [1], [6]]);
    const old = lying("old keys that nobody had") ? [stranger] : present.filter((key) => types.includes(key.type));
    let next = types.map((type) => logKey(type, `keys ${n + 1} ${type}`));
    if (lying("algorithm dropped")) next = next.length > 1 ? next.slice(0, 1) : [logKey(next[0]!.type === 1 ? 6 : 1, `keys ${n + 1} other`)];
    if (lying("algorithm added")) next.push(logKey(1, `keys ${n + 1} more`));
    if (lying("keys of another name")) next = next.map((_, i) => logKey(types[i]!, `keys ${n + 1} ${types[i]!}`, "ledger.example/else"));
    const oldKeys = old.map((key) => key.vkey), nextKeys = next.map((key) => key.vkey);
    if (lying("unknown algorithm")) random.pick([oldKeys, nextKeys]).push(otherKey(random.pick([0, 2, 5, 7, 255]), seed("unknown")));
    if (lying("witness's type")) nextKeys.push(otherKey(4, ed25519.getPublicKey(seed("witness")) as Bytes));
    if (lying("key twice")) nextKeys.push(nextKeys[0]!);
    if (lying("one key named twice as old")) oldKeys.push(oldKeys[0]!);
    if (lying("key under both names")) nextKeys.push(oldKeys[0]!);
    if (lying("seventeen keys")) for (let i = nextKeys.length; i < 17; i++) nextKeys.push(logKey(1, `keys many ${i}`).vkey);
    const body = { by: "ops", role: "log", origin: lying("another origin in the record") ? "ledger.example/else" : ORIGIN, phase: lying("announced only") ? "announced" : "retired", old_keys: oldKeys, new_keys: nextKeys, reason: "x" };
    const records = [record(operator, "task.started", "request", { principal: "ops" }, OTHER), record(operator, "ledger.key_rotated", "ledger", body, OTHER)];
    if (lying("two retirements in one statement")) records.push(record(operator, "ledger.key_rotated", "ledger", body, OTHER));
    if (lying("record of the vault beside it")) records.push(record(operator, "ledger.key_rotated", "ledger", { by: "ops", role: "vault", new: "x" }, OTHER));
    const index = entries.length;
    say(operator, records);
    for (let more = random.below(2); more > 0; more--) act();
    const signers = [...old, ...next];
    if (lying("old key does not sign")) signers.splice(random.below(old.length), 1);
    if (lying("new key does not sign")) signers.splice(old.length + random.below(next.length), 1);
    if (lying("others sign too")) signers.push(stranger);
    if (is("retired key signs a succession") && n > 0) signers.push(generations[0]![0]!);
    successions.push({ index, size: lying("succession before the record") ? index : entries.length, old, next, signers });
    generations.push([...present.filter((key) => !old.includes(key)), ...next]);
  }
  act();

  const leaves = entries.map((entry) => leafHash(entry.bytes)), size = leaves.length;
  const note = (signed: number, keys: readonly LogKey[], time: number): Bytes => {
    const hash = root(leaves.slice(0, signed)), text = `${ORIGIN}\n${signed}\n${base64(hash)}\n`;
    return utf8(`${text}\n${keys.map((key) => key.line(text, signed, hash, time)).join("")}`);
  };
  const newest = generations.at(-1)!, keysAt = (signed: number): LogKey[] => generations[successions.filter((one) => one.size < signed).length]!;
  const signers = is("checkpoint by old keys") ? generations[0]! : is("checkpoint by all") ? [...new Set(generations.flat())] : is("retired key signs the checkpoint") ? [...newest, successions[0]!.old[0]!] : newest;
  const text = (lines: readonly string[]): Bytes => utf8(lines.map((line) => line + "\n").join(""));

  const lines = successions.map(({ index, size: signed, signers: by }) => {
    const { bytes, records } = entries[index]!, whole = random.chance(50), from = whole ? 0 : 1;
    return JSON.stringify({
      checkpoint: base64(note(signed, by, START + 2)), consistency: consistency(signed, leaves).map(base64), index, statement: base64(bytes),
      records: whole ? "all" : records.map((_, i) => i).slice(from), bodies: records.slice(from).map(base64), siblings: records.slice(0, from).map((one) => base64(leafHash(one))), path: inclusion(index, leaves).map(base64),
    });
  });
  if (is("one retirement twice")) {
    const { index, old, next } = successions.at(-1)!;
    lines.push(JSON.stringify({ ...(JSON.parse(lines.at(-1)!) as object), checkpoint: base64(note(size, [...old, ...next], START + 3)), consistency: [], index }));
  }
  if (is("line left out")) lines.splice(random.below(lines.length), 1);
  if (is("lines left out")) lines.length = 0;
  const anchors = Array.from({ length: size - 1 }, (_, i) => i + 1).filter(() => random.chance(30)).map((signed) => {
    const keys = [...keysAt(signed)];
    if (is("retired key signs an anchor") && signed > successions[0]!.size) keys.push(successions[0]!.old[0]!);
    if (is("new key signs an early anchor") && signed <= successions[0]!.size && random.chance(50)) keys.splice(0, keys.length, ...generations[1]!);
    else if (random.chance(20)) keys.push(...newest.filter((key) => !keys.includes(key)));
    return JSON.stringify({ checkpoint: base64(note(signed, keys, START + 1)), consistency: consistency(signed, leaves).map(base64), tokens: [] });
  });

  // A policy from anywhere: one generation's keys, several, or the newest with some of the past's retired.
  const policy: string[] = [], at = random.below(generations.length), chosen = new Set(random.chance(20) ? [...generations[at]!, ...newest] : random.chance(10) ? [generations[at]![0]!] : generations[at]!);
  for (const key of chosen) policy.push(`log ${key.vkey}`);
  if (random.chance(60)) {
    for (const { size: signed, old } of successions) {
      for (const key of old) if (!chosen.has(key) && key !== stranger && random.chance(80)) policy.push(`retired ${key.vkey} ${random.chance(85) ? signed : random.below(size + 2)}`);
    }
  }
  policy.push("quorum none", `trustdomain example.org ${base64(ders[0]!)}`, "emitter gateway spiffe://example.org/gateway/*");
  if (!is("no operator line")) policy.push(`emitter ${is("operator is a gateway") ? "gateway" : "operator"} ${operator.issuer}`);

  const trail = entries.map((_, i) => i).filter((i) => !entries[i]!.elsewhere);
  const files: Files = new Map([["checkpoint", note(size, signers, START + 60)], ["trust.policy", text(policy)]]);
  if (lines.length > 0 || random.chance(50)) files.set("keys.jsonl", text(lines));
  files.set("certificates.jsonl", text([emitter, operator].map((one) => JSON.stringify({ x5t: hex(sha256(one.leaf)), chain: [base64(one.leaf)] }))));
  files.set("heads.jsonl", new Uint8Array(0));
  if (anchors.length > 0) files.set("anchors.jsonl", text(anchors));
  files.set("statements.bin", concat(...trail.flatMap((i) => [Uint8Array.of(entries[i]!.bytes.length >> 8, entries[i]!.bytes.length & 255), entries[i]!.bytes])));
  files.set("proofs.jsonl", text(trail.map((i) => JSON.stringify({ index: i, records: "all", siblings: [], path: inclusion(i, leaves).map(base64), hints: "" }))));
  files.set("records.jsonl", concat(...trail.flatMap((i) => entries[i]!.records.flatMap((one) => [one, Uint8Array.of(10)]))));
  files.set("manifest.json", manifest(files, TRACE, ORIGIN));
  return { bundle: zip(ordered(files)), policy: files.get("trust.policy")! };
}
