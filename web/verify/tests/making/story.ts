import { ml_dsa44 } from "@noble/post-quantum/ml-dsa.js";
import { base64, concat, hex, uint64, utf8, type Bytes } from "../../src/lib/bytes";
import { commit, deriveKey } from "../../src/lib/commitment";
import { subtreeMessage } from "../../src/lib/note";
import { leafHash, sha256 } from "../../src/lib/sha256";
import { cbor, certificate, ed25519Key, p256Key, seed, sign, type Cbor, type CertificateOptions, type Key } from "./encode";
import type { Random } from "./random";
import { ed25519Public, signEd25519, signMlDsa44 } from "./signing";
import { consistency, inclusion, root } from "./tree";
import type { Files } from "./zip";

/**
 * Trails of a few emitters, made from a seed. Without faults they verify; each fault is a lie that somebody could tell before
 * signing. What a fault leads to is not said here: the two verifiers must agree on it.
 */

export const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const OTHER = "0af7651916cd43dd8448eb211c80319c";
export const ORIGIN = "ledger.example/made";
/** 2026-01-01T00:00:00Z. */
export const START = 1767225600;
const SIGNED = START + 900;

type Json = Record<string, unknown>;

/** One lie, told where the story asks for it; `on` holds for one random place of its kind. */
export const FAULTS = [
  "none",
  // certificates
  "leaf expired before", "leaf ends at the record", "leaf begins later", "leaf begins after the checkpoint", "leaf begins long after the checkpoint", "another uri", "two uris", "no uris", "leaf is an authority", "usage missing",
  "usage not critical", "usage for certificates", "intermediate of another domain", "intermediate without authority", "root expired", "path too long", "unknown critical extension", "certificates missing", "certificate swapped", "certificate line swapped", "stranger's key",
  // statements
  "seq skipped", "seq repeated", "previous wrong", "records root wrong", "records count wrong", "stream of another issuer", "signature of another", "higher s", "algorithm swapped", "no emitter line", "unknown kid", "statement garbled",
  "known too new", "known root wrong", "known size zero", "known of the checkpoint", "head line missing",
  // records
  "record seq skipped", "record seq repeated", "record id repeated", "record of another trail", "record garbled", "clock back 299", "clock back 301", "after checkpoint 299", "after checkpoint 301", "year 1", "year 1 at first", "year 9999",
  "own count off", "own count missing", "other counted more", "other counted less", "phantom counted", "counts are no array", "a count is text", "a count is negative", "a count is a fraction", "a stream id in upper case", "counts empty", "counted twice",
  "outcome without request", "outcome of an unknown request", "outcome twice", "outcome without status", "accepted twice", "accepted and never done", "request never done", "no task.ended", "record after the end", "no task.started", "start with a parent", "gap", "gap of nothing", "only gaps", "status of another kind", "emitter restarted",
  // the ledger
  "no ed25519", "no ml-dsa", "ed25519 bad", "ml-dsa bad", "another origin", "extension lines", "extension lines without ed25519", "time zero", "time at the end of 9999", "time in 10000", "two ml-dsa lines", "unknown lines", "cosignature bad", "cosignature missing", "quorum of more", "note garbled", "line of key without name",
  // bundle
  "index off", "index beyond", "path short", "path long", "path wrong", "sibling wrong", "sibling missing", "sibling more", "positions off", "positions not ascending", "positions beyond", "all with siblings", "positions for all", "hints wrong", "hints odd", "hints empty", "hints short", "hints upper",
  "statement dropped", "statement twice", "statements swapped", "record line dropped", "record line twice", "record lines swapped", "record line added", "proof dropped", "proof with spaces", "head with spaces", "empty line", "no last newline",
  "heads not ascending", "head twice", "head root wrong", "head path wrong", "head beyond", "head unused",
  "content key wrong", "content altered", "content member unknown", "content bytes off", "contents swapped", "content twice", "content of a record that is none", "content bytes left", "content bytes missing", "content line left", "content of what is no commitment", "content member escaped",
  "manifest counts", "manifest trace", "manifest origin", "manifest created", "manifest created impossible", "manifest spaces", "manifest digest", "own policy garbled", "own policy of another",
] as const;
export type Fault = (typeof FAULTS)[number];

interface Emitter {
  readonly issuer: string;
  readonly actor: string;
  readonly role: string;
  readonly key: Key;
  stream: Bytes;
  readonly chain: readonly Bytes[] | undefined;
  readonly number: number;
  seq: number;
  statements: number;
  previous: Bytes;
  pending: { text: string; foreign: boolean }[];
}

interface Entry {
  readonly bytes: Bytes;
  readonly records: readonly { readonly bytes: Bytes; readonly foreign: boolean }[];
}

export interface Made {
  readonly files: Files;
  readonly policy: Bytes;
  /** What the manifest is to say otherwise. */
  readonly manifest: { trace?: string; origin?: string; created?: string; counts?: Record<string, number> };
  readonly trace: string;
  readonly origin: string;
  /** Leaf hashes of the whole ledger. */
  readonly leaves: readonly Bytes[];
  /** Whether the log has a key of ML-DSA-44 too: most made ones have not, since it is slow. */
  readonly mlDsa: boolean;
}

const stamp = (micros: number): string => `${new Date(START * 1000 + Math.floor(micros / 1000)).toISOString().slice(0, 19)}.${String(micros % 1000000).padStart(6, "0")}Z`;
const LOG_ED = { secret: seed("log ed25519"), type: 1 } as const;
const LOG_ML = ml_dsa44.keygen(seed("log ml-dsa-44"));
const WITNESSES = [0, 1, 2].map((i) => seed(`witness ${i}`));
const WITNESS_ML = ml_dsa44.keygen(seed("witness ml-dsa-44"));

const keyId = (name: string, type: number, key: Uint8Array): Bytes => sha256(concat(utf8(name), Uint8Array.of(10, type), key)).slice(0, 4);
const vkey = (name: string, type: number, key: Uint8Array): string => `${name}+${hex(keyId(name, type, key))}+${base64(concat(Uint8Array.of(type), key))}`;

/** Tells a story from the random numbers, with that fault in it; `mlDsa` is whether the log signs with ML-DSA-44 too, with its time. */
export function tell(random: Random, fault: Fault, mlDsa = isOfTheLedger(fault) || random.chance(20)): Made {
  const is = (...faults: Fault[]): boolean => faults.includes(fault);
  const rootKey = p256Key("root"), between = p256Key("intermediate"), day = 86400;
  const make = (options: Partial<CertificateOptions> & Pick<CertificateOptions, "subject" | "issuer" | "serial" | "key" | "signer">): Bytes => certificate({ from: START - day, until: START + day, ...options });
  const rootDer = make({ subject: "root", issuer: "root", serial: 1, key: rootKey, signer: rootKey, authority: true, uris: ["spiffe://example.org"], ...(is("root expired") ? { until: START - 1 } : {}), ...(is("path too long") ? { pathLength: 0 } : {}) });
  const middle = (serial: number, issuer: string, subject: string, key: Key, signer: Key): Bytes =>
    make({ subject, issuer, serial, key, signer, authority: !is("intermediate without authority"), ...(is("intermediate of another domain") ? { uris: ["spiffe://other.org"] } : random.chance(50) ? { uris: ["spiffe://example.org"] } : {}) });
  const policy: string[] = [];
  const emitters: Emitter[] = [];
  const count = 1 + random.below(4), aim = random.below(count);
  for (let i = 0; i < count; i++) {
    const role = random.pick(["gateway", "gateway", "agent", "importer", "operator"]), issuer = `spiffe://example.org/${role}/e${i}`;
    const hit = (...faults: Fault[]): boolean => i === aim && is(...faults);
    const certificateFault = FAULTS.indexOf(fault) <= FAULTS.indexOf("stranger's key") && i === aim;
    const kind = certificateFault || is("certificates missing", "certificate swapped", "certificate line swapped") ? "svid" : i === aim && is("unknown kid") ? "p256" : i === aim && is("higher s") ? random.pick(["svid", "p256"]) : random.pick(["svid", "svid", "p256", "ed25519"]);
    const key = kind === "ed25519" ? ed25519Key(`emitter ${i}`) : p256Key(`emitter ${i}`);
    let chain: Bytes[] | undefined;
    if (kind === "svid") {
      const deep = hit("intermediate of another domain", "intermediate without authority", "path too long") || random.chance(40);
      const two = hit("path too long");
      const leaf = make({
        subject: `e${i}`, issuer: deep ? (two ? "second" : "middle") : "root", serial: 10 + i, key, signer: deep ? (two ? p256Key("second") : between) : rootKey,
        authority: hit("leaf is an authority"),
        usage: hit("usage missing") ? 0 : hit("usage for certificates") ? 0x84 : 0x80,
        usageCritical: !hit("usage not critical"),
        uris: hit("another uri") ? [issuer + "x"] : hit("two uris") ? [issuer, issuer + "x"] : hit("no uris") ? [] : [issuer],
        ...(hit("leaf expired before") ? { until: START - 10 } : {}),
        ...(hit("leaf ends at the record") ? { until: START + random.below(8) } : {}),
        ...(hit("leaf begins later") ? { from: START + 600 } : {}),
        ...(hit("leaf begins after the checkpoint") ? { from: SIGNED + random.pick([299, 300, 301]) } : {}),
        ...(hit("leaf begins long after the checkpoint") ? { from: SIGNED + 40000 } : {}),
        ...(hit("unknown critical extension") ? { extra: Uint8Array.from([0x30, 0x0d, 6, 3, 0x2a, 3, 4, 1, 1, 0xff, 4, 3, 2, 1, 0]) } : {}),
      });
      chain = deep ? (two ? [leaf, middle(20 + i, "middle", "second", p256Key("second"), between), middle(30 + i, "root", "middle", between, rootKey)] : [leaf, middle(30 + i, "root", "middle", between, rootKey)]) : [leaf];
      if (random.chance(10) && chain.length < 3) chain.push(rootDer);
    }
    if (!hit("no emitter line")) policy.push(chain ? `emitter ${role} ${random.chance(50) ? issuer : `spiffe://example.org/${role}/*`}` : `emitter ${role} ${issuer} ${base64(hit("unknown kid") ? p256Key("nobody").spki : key.spki)}`);
    emitters.push({
      issuer, actor: random.chance(20) ? issuer : "spiffe://example.org/agent/actor", role, key: hit("stranger's key") ? p256Key("stranger") : key, stream: seed(`stream ${i} ${random.below(1e9)}`).slice(0, 16) as Bytes,
      chain, number: i, seq: 0, statements: 0, previous: new Uint8Array(32), pending: [],
    });
  }

  let micros = 0, ids = 0;
  const entries: Entry[] = [];
  const contents: { record: string; member: string; key: Bytes; content: Bytes }[] = [];
  const newId = (): string => `019b7647-b400-7${(ids >> 8 & 0xfff).toString(16).padStart(3, "0")}-8000-${(ids++).toString(16).padStart(12, "0")}`;
  const target = emitters[aim]!;
  let told = false;
  /** True once, for the emitter that the fault is about. */
  const now = (emitter: Emitter, ...faults: Fault[]): boolean => {
    if (told || emitter !== target || !is(...faults)) return false;
    told = true;
    return true;
  };
  const write = (emitter: Emitter, kind: string, own: string, body: Json, more: Json = {}): string => {
    const foreign = more.trace !== undefined;
    micros += 1 + random.below(200000);
    const id = (more.id as string | undefined) ?? newId();
    if (!foreign && kind !== "task.started" && now(emitter, "record seq skipped")) emitter.seq += 1 + random.below(3);
    if (!foreign && emitter.seq > 0 && now(emitter, "record seq repeated")) emitter.seq -= 1;
    let time = stamp(micros);
    if (!foreign && now(emitter, "year 1 at first")) time = "0001-01-01T00:00:00.000000Z";
    if (!foreign && emitter.seq > 0) {
      if (now(emitter, "clock back 299")) time = stamp(micros).replace("2026-01-01T00:00", "2025-12-31T23:55");
      if (now(emitter, "clock back 301")) time = "2025-12-31T23:54:00.000000Z";
      if (now(emitter, "after checkpoint 299")) time = stamp((SIGNED - START + 300) * 1e6);
      if (now(emitter, "after checkpoint 301")) time = stamp((SIGNED - START + 300) * 1e6 + 1);
      if (now(emitter, "year 1")) time = "0001-01-01T00:00:00.000000Z";
      if (now(emitter, "year 9999")) time = "9999-12-31T23:59:59.999999Z";
    }
    const value: Json = {
      v: 1, id, kind, time, trace: TRACE, span: "00f067aa0ba9" + (emitter.number * 4096 + emitter.seq + 1).toString(16).padStart(4, "0"), seq: foreign ? 0 : emitter.seq++,
      actor: { id: emitter.actor, instance: "host-1/42", owner: "team" }, [own]: body, ...more,
    };
    let text = JSON.stringify(value);
    if (!foreign && emitter.seq > 1) {
      if (now(emitter, "record id repeated")) text = text.replace(id, newId().replace(/.{12}$/, "000000000000"));
      if (now(emitter, "record of another trail")) text = text.replace(TRACE, OTHER);
      if (now(emitter, "record garbled")) text = garble(random, text);
    }
    emitter.pending.push({ text, foreign });
    return id;
  };
  const flush = (emitter: Emitter): void => {
    if (emitter.pending.length === 0) return;
    const records = emitter.pending.map((one) => ({ bytes: utf8(one.text), foreign: one.foreign }));
    emitter.pending = [];
    const leaves = records.map((one) => leafHash(one.bytes)), at = entries.length;
    const laters = emitter.statements > 0;
    if (laters && now(emitter, "seq skipped")) emitter.statements++;
    if (emitter.statements > 1 && now(emitter, "seq repeated")) emitter.statements--;
    let known: Cbor = null;
    const wanted = emitter === target && is("known too new", "known root wrong", "known size zero", "known of the checkpoint", "head line missing");
    if (wanted || random.chance(40)) {
      const size = now(emitter, "known size zero") ? 0 : random.below(at + 1);
      const seen = entries.slice(0, size).map((entry) => leafHash(entry.bytes));
      known = [size, size > 0 && now(emitter, "known root wrong") ? seed("fork") : root(seen)];
      heads.add(size);
      if (now(emitter, "known too new")) {
        known = [at + 1, seed("later")];
        late.push(at + 1);
      }
    }
    const previous = emitter.statements === 0 ? new Uint8Array(32) : laters && now(emitter, "previous wrong") ? seed("previous") : emitter.previous;
    const named: Map<number, Cbor> = new Map();
    const swapped = now(emitter, "algorithm swapped");
    named.set(1, (emitter.key.type === "p256") !== swapped ? -7 : -8);
    named.set(3, "application/vnd.cairn.statement+cbor");
    named.set(15, new Map<number, Cbor>([[1, laters && now(emitter, "stream of another issuer") ? emitters[(aim + 1) % count]!.issuer + (count === 1 ? "x" : "") : emitter.issuer], [2, hex(emitter.stream)]]));
    if (!emitter.chain) named.set(4, sha256(emitter.key.spki));
    else if (emitter.statements === 0 && !is("certificates missing", "certificate swapped", "certificate line swapped")) named.set(33, emitter.chain.length === 1 ? emitter.chain[0]! : emitter.chain);
    else named.set(34, [-16, sha256(emitter.chain[0]!)]);
    const header = cbor(named);
    const payload = cbor([1, emitter.stream, emitter.statements, previous, now(emitter, "records count wrong") ? records.length + random.pick([1, 2, -0]) : records.length, now(emitter, "records root wrong") ? seed("root") : root(leaves), known]);
    let signature = sign(now(emitter, "signature of another") ? p256Key("another") : emitter.key, cbor(["Signature1", header, new Uint8Array(0), payload]));
    if (emitter.key.type === "p256" && now(emitter, "higher s")) signature = higher(signature);
    let bytes = cbor({ tag: 18, value: [header, new Map(), payload, signature] });
    if (laters && now(emitter, "statement garbled")) bytes = flip(random, bytes);
    emitter.statements++;
    emitter.previous = sha256(bytes);
    entries.push({ bytes, records });
  };
  const heads = new Set<number>(), late: number[] = [];

  // The story: each emitter starts, acts, and ends; statements are signed at random moments in between.
  const trailKey = seed("trail key");
  for (const emitter of emitters) {
    if (is("only gaps") && emitter === target && count > 1) {
      write(emitter, "gap.declared", "gap", { reason: "spool_torn", count: 1 });
      continue;
    }
    if (random.chance(30)) write(emitter, "task.started", "request", { principal: "bo" }, { trace: OTHER });
    const child = emitter.number > 0 || is("start with a parent");
    if (!(emitter === target && is("no task.started"))) write(emitter, "task.started", "request", { principal: "ana" }, child ? { parent: "00f067aa0ba90001" } : {});
    if (random.chance(60)) flush(emitter);
  }
  const open: { emitter: Emitter; id: string; accepted: boolean }[] = [];
  for (let step = 6 + random.below(14); step > 0; step--) {
    const emitter = random.pick(emitters);
    if (is("only gaps") && emitter === target && count > 1) continue;
    const what = random.below(10);
    const waiting = open.findIndex((one) => one.emitter === emitter);
    if (waiting >= 0 && what < 6) {
      const one = open[waiting]!;
      const requested = now(emitter, "outcome of an unknown request") ? newId() : one.id;
      const status = random.chance(15) || (is("accepted twice", "accepted and never done") && emitter === target) ? "accepted" : random.pick(["ok", "tool_error", "refused"]);
      const body: Json = { type: "tool.call", resource: "mcp://x", requested, status, duration_us: 5 };
      if (now(emitter, "outcome without request")) delete body.requested;
      if (now(emitter, "outcome without status")) delete body.status;
      if (now(emitter, "status of another kind")) body.status = random.pick([7, "made up", null, ""]);
      const output = utf8(`output ${step}`), id = newId(), form = random.pick(["none", "full", "redacted"]);
      const kept = form === "redacted" ? utf8(`redacted ${step}`) : output;
      body.output = {
        commitment: `hmac-sha256:${hex(commit(deriveKey("commitment", trailKey, id, "output"), output))}`, bytes: output.length, media: "text/plain", content: form,
        ...(form === "redacted" ? { redacted_commitment: `hmac-sha256:${hex(commit(deriveKey("commitment", trailKey, id, "output.redacted"), kept))}` } : {}),
      };
      write(emitter, "action.completed", "action", body, { id });
      if (form !== "none" && random.chance(70)) contents.push({ record: id, member: "output", key: deriveKey("commitment", trailKey, id, form === "redacted" ? "output.redacted" : "output"), content: kept });
      if (status === "accepted" && !one.accepted) one.accepted = true;
      else open.splice(waiting, 1);
      if (now(emitter, "outcome twice")) write(emitter, "action.completed", "action", { ...body, requested: one.id, status: "ok" });
      if (one.accepted && now(emitter, "accepted twice")) write(emitter, "action.completed", "action", { ...body, requested: one.id, status: "accepted" });
    } else if (what < 8) {
      const id = newId(), input = utf8(`input ${step}`);
      write(emitter, "action.requested", "action", { type: "tool.call", resource: "mcp://x", input: { commitment: `hmac-sha256:${hex(commit(deriveKey("commitment", trailKey, id, "input"), input))}`, bytes: input.length, media: "text/plain", content: "full" }, strict: true, note: "été 😀" }, { id });
      if (random.chance(60)) contents.push({ record: id, member: "input", key: deriveKey("commitment", trailKey, id, "input"), content: input });
      open.push({ emitter, id, accepted: false });
    } else if (what === 8) {
      write(emitter, random.pick(["effect.observed", "made.up"]), "effect", { system: "x", event_id: "1" });
    } else {
      write(emitter, "context.captured", "context", { subject: "mcp.tools" }, random.chance(30) ? { attributes: { a: [1, "b", true], c: 1.5 } } : {});
    }
    if (open.some((one) => one.emitter === emitter) && now(emitter, "emitter restarted")) {
      // A new run of the same emitter: a stream of its own, which may bring outcomes of what the last one asked for.
      flush(emitter);
      Object.assign(emitter, { stream: seed("restarted").slice(0, 16), seq: 0, statements: 0, previous: new Uint8Array(32) });
      write(emitter, "task.started", "request", { principal: "ana" }, { parent: "00f067aa0ba90001" });
    }
    if (emitter === target && now(emitter, "gap")) write(emitter, "gap.declared", "gap", { reason: "lost", count: 3 });
    if (emitter === target && now(emitter, "gap of nothing")) write(emitter, "gap.declared", "gap", {});
    if (random.chance(45)) flush(emitter);
  }
  for (const one of open) {
    if (one.accepted && random.chance(50)) continue;
    if (now(one.emitter, "request never done", "accepted and never done")) continue;
    write(one.emitter, "action.completed", "action", { type: "tool.call", resource: "mcp://x", requested: one.id, status: "ok", duration_us: 1 });
  }
  for (const emitter of [...emitters].reverse()) {
    if (now(emitter, "no task.ended") || (is("only gaps") && emitter === target && count > 1)) {
      flush(emitter);
      continue;
    }
    const counted = emitters.filter((other) => other !== emitter && other.number > emitter.number && (emitter.number === 0 || random.chance(50)));
    const list: Json[] = [emitter, ...counted].map((other) => ({ emitter: other.issuer, stream: hex(other.stream), records: other === emitter ? emitter.seq + 1 : other.seq }));
    let body: Json = { status: "done", emitters: list };
    if (now(emitter, "own count off")) list[0]!.records = emitter.seq + random.pick([0, 2]);
    if (now(emitter, "own count missing")) list.shift();
    if (list.length > 1) {
      const last = list.at(-1)!;
      if (now(emitter, "other counted more")) last.records = (last.records as number) + 1;
      if (now(emitter, "other counted less")) last.records = (last.records as number) - 1;
    }
    if (now(emitter, "phantom counted")) list.push({ emitter: "spiffe://example.org/gateway/ghost", stream: hex(seed("ghost").slice(0, 16)), records: random.pick([0, 1, 5]) });
    if (now(emitter, "counts are no array")) body.emitters = random.pick<unknown>([{}, 7, "x", null]);
    if (now(emitter, "a count is text")) list[0]!.records = `${emitter.seq + 1}`;
    if (now(emitter, "a count is negative")) list[0]!.records = -1;
    if (now(emitter, "a count is a fraction")) list[0]!.records = emitter.seq + 1.5;
    if (now(emitter, "a stream id in upper case")) list[0]!.stream = (list[0]!.stream as string).toUpperCase();
    if (now(emitter, "counts empty")) body = random.pick<Json>([{ status: "done", emitters: [] }, { status: "done" }, { emitters: list }]);
    if (now(emitter, "counted twice")) list.push({ ...list[0]!, records: random.pick([1, list[0]!.records as number]) });
    write(emitter, "task.ended", "outcome", body);
    if (now(emitter, "record after the end")) write(emitter, random.pick(["gap.declared", "context.captured"]), random.pick(["gap", "context"]), { reason: "late", count: 0 });
    flush(emitter);
  }
  return bundle(random, fault, mlDsa, { entries, emitters, contents, heads, late, rootDer, policy });
}

interface Told {
  readonly entries: Entry[];
  readonly emitters: Emitter[];
  readonly contents: { record: string; member: string; key: Bytes; content: Bytes }[];
  readonly heads: Set<number>;
  readonly late: number[];
  readonly rootDer: Bytes;
  readonly policy: string[];
}

function bundle(random: Random, fault: Fault, mlDsa: boolean, story: Told): Made {
  const is = (...faults: Fault[]): boolean => faults.includes(fault);
  const { entries, emitters, contents } = story;
  const leaves = entries.map((entry) => leafHash(entry.bytes));
  const { note, policy } = checkpoint(random, fault, leaves, mlDsa);
  policy.push(`trustdomain example.org ${base64(story.rootDer)}`, ...new Set(story.policy));
  const policyBytes = utf8(policy.join("\n") + "\n");

  let kept = entries.map((_, i) => i).filter((i) => entries[i]!.records.some((record) => !record.foreign));
  const place = random.below(kept.length);
  if (is("statement dropped")) kept.splice(place, 1);
  if (is("statement twice")) kept.splice(place, 0, kept[place]!);
  if (is("statements swapped") && place > 0) [kept[place - 1], kept[place]] = [kept[place]!, kept[place - 1]!];
  if (kept.length === 0) kept = [0];
  const mixed = kept.filter((i) => entries[i]!.records.some((record) => record.foreign));
  const aimed = is("sibling wrong", "sibling missing", "positions off", "positions not ascending", "positions beyond") && mixed.length > 0 ? random.pick(mixed) : random.pick(kept);
  const proofs = kept.map((i) => {
    const records = entries[i]!.records, hit = i === aimed;
    let positions = records.flatMap((record, position) => (record.foreign ? [] : [position]));
    const siblings = records.filter((record) => record.foreign).map((record) => base64(leafHash(record.bytes)));
    const path = inclusion(i, leaves).map(base64);
    let hints = positions.map((position) => hex(leafHash(records[position]!.bytes).subarray(0, 4))).join(""), index = i;
    const whole = siblings.length === 0;
    if (hit) {
      if (is("index off")) index += random.pick([1, -1, 2]);
      if (is("index beyond")) index += entries.length;
      if (is("path short")) path.pop();
      if (is("path long")) path.push(...Array.from({ length: random.pick([1, 60, 63, 64]) }, () => base64(seed("more"))));
      if (is("path wrong") && path.length > 0) path[random.below(path.length)] = base64(seed("wrong"));
      if (is("sibling wrong") && siblings.length > 0) siblings[0] = base64(seed("sibling"));
      if (is("sibling missing")) siblings.pop();
      if (is("sibling more", "all with siblings")) siblings.push(base64(seed("sibling")));
      if (is("positions off")) positions = positions.map((position) => position + 1);
      if (is("positions not ascending")) positions = [...positions].reverse();
      if (is("positions beyond")) positions[positions.length - 1] = random.pick([records.length, 65535, 65536, 70000]);
      if (is("hints wrong")) hints = hints.replace(/^.{8}/, "00000000");
      if (is("hints odd")) hints = hints.slice(0, -1);
      if (is("hints empty")) hints = "";
      if (is("hints short")) hints = hints.slice(0, -8);
      if (is("hints upper")) hints = hints.toUpperCase();
    }
    const list = positions.length === 0 ? "[]" : `[${positions.join()}]`;
    const records_ = whole && !(hit && is("positions off", "positions not ascending", "positions beyond", "positions for all")) ? `"all"` : hit && is("all with siblings") ? `"all"` : list;
    const line = `{"index":${Math.max(index, 0)},"records":${records_},"siblings":${JSON.stringify(siblings)},"path":${JSON.stringify(path)},"hints":"${hints}"}`;
    return hit && is("proof with spaces") ? line.replaceAll(",", random.pick([", ", " ,"])) : line;
  });
  if (is("proof dropped")) proofs.splice(random.below(proofs.length), 1);

  const sizes = [...story.heads].sort((a, b) => a - b);
  if (is("known of the checkpoint", "head unused")) sizes.push(entries.length);
  let headLines = [...new Set(sizes)].map((size) => ({ size, root: base64(root(leaves.slice(0, size))), consistency: consistency(size, leaves).map(base64) }));
  if (headLines.length > 0) {
    const one = random.below(headLines.length);
    if (is("head line missing")) headLines.splice(one, 1);
    if (is("head twice")) headLines.splice(one, 0, headLines[one]!);
    if (is("heads not ascending")) headLines = headLines.reverse();
    if (is("head root wrong")) headLines[one]!.root = base64(seed("fork"));
    if (is("head path wrong")) headLines[one]!.consistency.push(base64(seed("fork")));
  }
  if (is("head beyond")) headLines.push({ size: entries.length + 1, root: base64(seed("beyond")), consistency: [] });
  for (const size of story.late) if (!headLines.some((line) => line.size === size) && size <= entries.length) headLines.push({ size, root: base64(root(leaves.slice(0, size))), consistency: consistency(size, leaves).map(base64) });
  if (!is("heads not ascending", "head twice")) headLines.sort((a, b) => a.size - b.size);

  const recordLines = kept.flatMap((i) => entries[i]!.records.filter((record) => !record.foreign).map((record) => record.bytes));
  const line = random.below(recordLines.length);
  if (is("record line dropped")) recordLines.splice(line, 1);
  if (is("record line twice")) recordLines.splice(line, 0, recordLines[line]!);
  if (is("record lines swapped") && line > 0) [recordLines[line - 1], recordLines[line]] = [recordLines[line]!, recordLines[line - 1]!];
  if (is("record line added")) recordLines.push(recordLines[line]!);

  let chains = emitters.filter((emitter) => emitter.chain).map((emitter) => ({ x5t: hex(sha256(emitter.chain![0]!)), chain: emitter.chain!.map(base64) }));
  if (is("certificates missing")) chains = [];
  if (is("certificate swapped") && chains.length > 0) chains[0]!.chain = [base64(story.rootDer)];
  if (is("certificate line swapped")) chains = chains.reverse();

  const files: Files = new Map();
  const text = (name: string, lines: readonly string[], ending = "\n"): void => void files.set(name, utf8(lines.join("\n") + (lines.length > 0 ? ending : "")));
  files.set("checkpoint", is("note garbled") ? flip(random, note) : note);
  files.set("trust.policy", is("own policy garbled") ? utf8("log nonsense\n") : is("own policy of another") ? utf8("quorum none\n") : policyBytes);
  text("certificates.jsonl", chains.map((chain) => JSON.stringify(chain)));
  text("heads.jsonl", headLines.map((head) => JSON.stringify(head)).map((head) => (is("head with spaces") ? head.replace(",", ", ") : head)));
  files.set("statements.bin", concat(...kept.flatMap((i) => [Uint8Array.of(entries[i]!.bytes.length >> 8, entries[i]!.bytes.length & 255), entries[i]!.bytes])));
  text("proofs.jsonl", proofs);
  const records = recordLines.flatMap((bytes) => [bytes, Uint8Array.of(10)]);
  if (is("empty line")) records.splice(2 * line, 0, Uint8Array.of(10));
  if (is("no last newline")) records.pop();
  files.set("records.jsonl", concat(...records));
  addContents(random, fault, files, contents, recordLines);
  const change: Made["manifest"] = {};
  if (is("manifest counts")) change.counts = { [random.pick(["statements", "records", "heads", "certificates", "contents"])]: random.pick([0, 1, 99]) };
  if (is("manifest trace")) change.trace = OTHER;
  if (is("manifest origin")) change.origin = "ledger.example/other";
  if (is("manifest created")) change.created = random.pick(["2026-01-01T00:30:00.5Z", "2026-01-01 00:30:00Z", "2026-01-01T00:30:00+00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]);
  if (is("manifest created impossible")) change.created = random.pick(["2026-02-30T00:30:00Z", "2026-01-01T24:00:00Z", "2026-01-01T23:59:60Z", "2025-02-29T00:00:00Z", "0000-01-01T00:00:00Z"]);
  return { files, policy: policyBytes, manifest: change, trace: TRACE, origin: ORIGIN, leaves, mlDsa };
}

function addContents(random: Random, fault: Fault, files: Files, all: Told["contents"], recordLines: readonly Bytes[]): void {
  const is = (...faults: Fault[]): boolean => faults.includes(fault);
  const ids = recordLines.map((line) => /"id":"([^"]{36})"/.exec(new TextDecoder().decode(line))?.[1] ?? "");
  const wanted = FAULTS.indexOf(fault) >= FAULTS.indexOf("content key wrong") && FAULTS.indexOf(fault) <= FAULTS.indexOf("content member escaped");
  if (!wanted && random.chance(40)) return;
  let contents = all.filter((one) => ids.includes(one.record)).sort((a, b) => ids.indexOf(a.record) - ids.indexOf(b.record)).map((one) => ({ ...one, bytes: one.content.length }));
  const one = contents[random.below(Math.max(contents.length, 1))];
  let left: Uint8Array = new Uint8Array(0);
  if (one) {
    if (is("content key wrong")) one.key = seed("wrong");
    if (is("content altered")) one.content = flip(random, one.content);
    if (is("content member unknown")) one.member = random.pick(["nothing", "type", "", "constructor", "__proto__"]);
    if (is("content bytes off")) one.bytes += random.pick([1, -1, 100000]);
    if (is("contents swapped")) contents = contents.reverse();
    if (is("content twice")) contents.splice(contents.indexOf(one), 0, { ...one });
    if (is("content of a record that is none")) one.record = random.pick(["019b7647-b400-7fff-8000-00000000ffff", "x", ""]);
    if (is("content bytes missing")) contents.at(-1)!.content = contents.at(-1)!.content.slice(1);
    if (is("content line left")) contents.push({ ...one });
    if (is("content of what is no commitment")) one.member = "resource";
  }
  if (is("content bytes left")) left = utf8("more");
  const lines = contents.map((line) => JSON.stringify({ record: line.record, member: line.member, key: hex(line.key), bytes: line.bytes }));
  if (is("content member escaped") && lines.length > 0) lines[0] = lines[0]!.replace(/"member":"(.)/, (_, letter: string) => `"member":"\\u00${letter.charCodeAt(0).toString(16)}`);
  files.set("content.jsonl", utf8(lines.map((line) => line + "\n").join("")));
  files.set("content.bin", concat(...contents.map((line) => line.content), left));
}

const isOfTheLedger = (fault: Fault): boolean => FAULTS.indexOf(fault) >= FAULTS.indexOf("no ed25519") && FAULTS.indexOf(fault) <= FAULTS.indexOf("line of key without name");

/** The signed head of a ledger with these leaves, and the policy's lines on it. */
export function checkpoint(random: Random, fault: Fault, leaves: readonly Bytes[], mlDsa: boolean): { note: Bytes; policy: string[] } {
  const is = (...faults: Fault[]): boolean => faults.includes(fault);
  const origin = is("another origin") ? "ledger.example/other" : ORIGIN, size = leaves.length, hash = root(leaves);
  const extended = is("extension lines", "extension lines without ed25519");
  const text = `${origin}\n${size}\n${base64(hash)}\n${extended ? "extra line\n" : ""}`;
  const edKey = ed25519Public(LOG_ED.secret);
  const lines: string[] = [], policy: string[] = [];
  const line = (name: string, type: number, key: Uint8Array, blob: Uint8Array): void => void lines.push(`\u2014 ${name} ${base64(concat(keyId(name, type, key), blob))}`);
  const mlLine = (name: string, keys: typeof LOG_ML, time: bigint, bad: boolean): void => {
    const signature = signMlDsa44(keys.secretKey, subtreeMessage(name, time, { origin, size: BigInt(size), root: hash }));
    line(name, 6, keys.publicKey, concat(uint64(time), bad ? flip(random, signature as Bytes) : signature));
  };
  if (!is("no ed25519", "extension lines without ed25519")) line(origin, 1, edKey, is("ed25519 bad") ? seed("bad") : signEd25519(LOG_ED.secret, utf8(text)));
  const time = is("time zero") ? 0n : is("time in 10000") ? 253402300800n : is("time at the end of 9999") ? 253402300799n : BigInt(SIGNED);
  if (mlDsa && !is("no ml-dsa")) mlLine(origin, LOG_ML, time, is("ml-dsa bad"));
  if (is("two ml-dsa lines")) mlLine(origin, LOG_ML, BigInt(SIGNED + random.pick([-60, 0, 60])), random.chance(30));
  const both = !is("extension lines without ed25519") || random.chance(50);
  if (both) policy.push(`log ${vkey(ORIGIN, 1, edKey)}`);
  if (mlDsa) policy.push(`log ${vkey(ORIGIN, 6, LOG_ML.publicKey)}`);
  if (is("another origin") && random.chance(50)) policy.push(`log ${vkey("ledger.example/other", 1, ed25519Public(seed("other log")))}`);
  const cosigned = is("cosignature bad", "cosignature missing", "quorum of more") || random.chance(40);
  if (cosigned) {
    const names = ["A", "B", "C"];
    names.forEach((name, i) => {
      const key = ed25519Public(WITNESSES[i]!), moment = BigInt(SIGNED + 5 * i);
      policy.push(`witness ${name} ${vkey(`witness-${name}.example`, 4, key)}`);
      if (is("cosignature missing", "quorum of more") && i === 1) return;
      const blob = signEd25519(WITNESSES[i]!, utf8(`cosignature/v1\ntime ${moment}\n${text}`));
      line(`witness-${name}.example`, 4, key, concat(uint64(moment), is("cosignature bad") && i === 2 ? seed("bad cosignature".padEnd(3)) : new Uint8Array(0), is("cosignature bad") && i === 2 ? seed("bad") : blob));
    });
    policy.push(`witness M ${vkey("witness-m.example", 6, WITNESS_ML.publicKey)}`);
    if (mlDsa && random.chance(50)) mlLine("witness-m.example", WITNESS_ML, BigInt(SIGNED + 7), false);
    policy.push("group W 2 A B C", `group Q ${is("quorum of more") ? "all" : "any"} W M`, `quorum ${is("quorum of more") ? random.pick(["Q", "B"]) : random.pick(["W", "Q", "none"])}`);
  } else {
    policy.push("quorum none");
  }
  if (is("unknown lines")) lines.push(`\u2014 ${origin} ${base64(random.bytes(9))}`, `\u2014 some-one.example ${base64(random.bytes(80))}`);
  if (is("line of key without name")) lines.push(`\u2014 another.name ${base64(concat(keyId(ORIGIN, 1, edKey), random.bytes(64)))}`);
  return { note: utf8(`${text}\n${lines.join("\n")}\n`), policy };
}

/** An earlier tree, signed by the log and by witness A at those seconds since 1970. */
export function anchorNote(leaves: readonly Bytes[], at: { signed: number; mlDsa: boolean; seen?: number | undefined; origin?: string; fork?: boolean; unsigned?: boolean; bad?: boolean }): { text: string; note: Bytes } {
  const origin = at.origin ?? ORIGIN, hash = at.fork ? seed("fork") : root(leaves), text = `${origin}\n${leaves.length}\n${base64(hash)}\n`;
  const lines: string[] = [];
  const line = (name: string, type: number, key: Uint8Array, blob: Uint8Array): void => void lines.push(`\u2014 ${name} ${base64(concat(keyId(name, type, key), blob))}`);
  if (at.mlDsa || !at.unsigned) line(origin, 1, ed25519Public(LOG_ED.secret), at.bad ? seed("bad") : signEd25519(LOG_ED.secret, utf8(text)));
  const time = BigInt(at.signed);
  if (at.mlDsa && !at.unsigned) line(origin, 6, LOG_ML.publicKey, concat(uint64(time), signMlDsa44(LOG_ML.secretKey, subtreeMessage(origin, time, { origin, size: BigInt(leaves.length), root: hash }))));
  if (at.seen !== undefined) {
    const moment = BigInt(at.seen);
    line("witness-A.example", 4, ed25519Public(WITNESSES[0]!), concat(uint64(moment), signEd25519(WITNESSES[0]!, utf8(`cosignature/v1\ntime ${moment}\n${text}`))));
  }
  return { text, note: utf8(`${text}\n${lines.join("\n")}\n`) };
}

/** Changes one bit. */
export function flip(random: Random, bytes: Bytes): Bytes {
  const copy = bytes.slice();
  if (copy.length > 0) copy[random.below(copy.length)]! ^= 1 << random.below(8);
  return copy;
}

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function higher(signature: Bytes): Bytes {
  const s = ORDER - BigInt(`0x${hex(signature.subarray(32))}`);
  return concat(signature.subarray(0, 32), Uint8Array.from({ length: 32 }, (_, i) => Number((s >> BigInt(8 * (31 - i))) & 255n)));
}

/** What a record must not be. */
function garble(random: Random, text: string): string {
  return random.pick<(text: string) => string>([
    (one) => one.replace('"v":1', '"v":2'), (one) => one.replace('"v":1', '"v":1.0'), (one) => one.replace('"v":1,', ""), (one) => one.slice(0, -1), (one) => one + " ", (one) => " " + one, (one) => one + "x",
    (one) => one.replace('"seq":', '"seq":0'), (one) => one.replace('"seq":', '"seq":-'), (one) => one.replace(/"seq":\d+/, '"seq":9007199254740991'), (one) => one.replace(/"seq":\d+/, '"seq":9007199254740992'), (one) => one.replace(/"seq":(\d+)/, '"seq":$1.0'),
    (one) => one.replace('"kind":"', '"kind":"x'), (one) => one.replace('"kind":"', '"kind":"X'), (one) => one.replace(/"time":"\d{4}/, '"time":"0000'), (one) => one.replace(/"time":"2026-01-01/, '"time":"2026-02-29'), (one) => one.replace("Z\",", "+00:00\","),
    (one) => one.replace('"span":"00', '"span":"0'), (one) => one.replace(/"span":"[^"]*"/, '"span":"0000000000000000"'), (one) => one.replace('"span":', '"parent":null,"span":'), (one) => one.replace('"span":', '"task":"00f067aa0ba90001","span":'), (one) => one.replace('"span":', '"task":"","span":'),
    (one) => one.replace("spiffe://example.org", "spiffe://Example.org"), (one) => one.replace("spiffe://example.org/", "spiffe://example.org//"), (one) => one.replace(/"id":"spiffe:[^"]*"/, '"id":"spiffe://example.org"'), (one) => one.replace(/"id":"spiffe:\/\//, '"id":"spiffe:\\/\\/'), (one) => one.replace('"instance":"host-1/42",', ""), (one) => one.replace('"owner":"team"', '"owner":null'), (one) => one.replace('"owner":"team"', '"owner":"\\u0074eam","more":[1]'),
    (one) => one.replace('"owner":"team"', '"owner":"team","id":"x"'), (one) => one.replace('{"v"', '{"\\u0076"'), (one) => one.replace('{"v":1', '{"v":1,"v":1'), (one) => one.replace('{"v":1', '{"v":1,"\\u0076":1'), (one) => one.replace('{"v":1', '{"v":1,"extra":{}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":null}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":{"b":1}}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":[[1]]}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":[]'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"":[],"b":[{}]}'),
    (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":1e5}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":-0}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":0.000000000000000001}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":1.0000000000000000}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":1.00000000000000000}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":12345678901234567890.5}'), (one) => one.replace('{"v":1', `{"v":1,"attributes":{"a":0.${"0".repeat(298)}1}`), (one) => one.replace('{"v":1', `{"v":1,"attributes":{"a":0.${"0".repeat(300)}1}`), (one) => one.replace('{"v":1', `{"v":1,"attributes":{"a":0.${"0".repeat(301)}}`),
    (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":"\\ud800"}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":"\\ud83d\\ude00\\uFFFE"}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":"\\u0000"}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":"\ufdd0"}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":"\u{1ffff}"}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":"\\ud83f\\udfff"}'), (one) => one.replace('{"v":1', '{"v":1,"attributes":{"a":"\\x"}'), (one) => one.replace('{"v":1', '{"v":1,\t"attributes":{}'), (one) => one.replace('{"v":1', '{ "v" : 1 , "attributes" : { } '),
    (one) => one.replace(/"(action|context|outcome|request|effect|gap)":\{/, '"other":{'), (one) => one.replace(/"(action|context|outcome|request|effect|gap)":\{.*$/, (_, own: string) => `"${own}":[]}`), (one) => one.replace(/"(action|context|outcome|request|effect|gap)":\{.*$/, (_, own: string) => `"${own}":{"a":${"[".repeat(62)}${"]".repeat(62)}}}`), (one) => one.replace(/"(action|context|outcome|request|effect|gap)":\{.*$/, (_, own: string) => `"${own}":{"a":${"[".repeat(63)}${"]".repeat(63)}}}`),
    (one) => one.replace('{"v":1', `{"v":1,"attributes":{"a":"${"x".repeat(65536 - utf8(one).length - 25)}"}`), (one) => one.replace('{"v":1', `{"v":1,"attributes":{"a":"${"x".repeat(65536 - utf8(one).length - 22)}"}`), (one) => one.replace('{"v":1', `{"v":1,"attributes":{"a":"${"x".repeat(65536 - utf8(one).length - 21)}"}`),
    (one) => one.replace(/-7(...)-8/, "-4$1-8"), (one) => one.replace(/-7(...)-8/, "-7$1-c"), (one) => one.replace(/"id":"0/, '"id":"\\u0030'), (one) => one.replace(/"trace":"4b/, '"trace":"4B'), () => "{}", () => "[]", () => "", () => "null",
  ])(text);
}
