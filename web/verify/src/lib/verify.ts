import { equal, hex, Malformed, utf8, type Bytes } from "./bytes";
import { Chains, type Chain } from "./chains";
import { ContentReader } from "./contents";
import { readAnchorLine, readCertificateLine, readHead, readProof, readTrustLine, type AnchorLine, type ProofLine, type TrustLine } from "./lines";
import { readManifest, type Counts, type Manifest } from "./manifest";
import { Member, type MemberDigest } from "./member";
import { checkInclusion, inclusionLength, isConsistent, RightEdge } from "./merkle";
import { describeHead, keyLabel, readCheckpoint, readNote, type Checkpoint } from "./note";
import { judge, readPolicy, ruleFor, type Judgement, type TrustPolicy } from "./policy";
import { compareTimes, readRecord, type CairnRecord, type Instant } from "./record";
import { Findings, makeReport, type Report } from "./report";
import { leafHash, sha256 } from "./sha256";
import { verifyStatement, readStatement, type Statement } from "./statement";
import { domainOf } from "./spiffe";
import { Stop, type Failure, type Subject } from "./stop";
import { latestOf, showUtc, Times, type Anchor, type Claim } from "./times";
import { judgeToken } from "./timestamp";
import { addSeconds, assuranceOf, showTime, Trail, type Assurance, type StreamState } from "./trail";
import { readTrustChange, TrustTimeline, type TrustChange } from "./trust-changes";
import { readZip, type ByteSource, type Entry, type Name } from "./zip";

/** Verifies a bundle (docs/spec/verification.md). */

const FIVE_MINUTES = 300;
const RECORD_LINE = 1 << 16;
const PROOF_LINE = 8 << 20;
const HEAD_LINE = 16 << 10;
const HEAD_LINES = 1 << 20;
const CERTIFICATE_LINE = 1 << 20;
const ANCHOR_LINE = 1 << 20;
const ANCHOR_LINES = 1 << 16;
const TRUST_LINE = 16 << 20;

/** Where a record stands: what a reader needs to show it with its proof. */
export interface Place {
  /** Ordinal of the statement in the bundle, and of its first byte in statements.bin. */
  readonly statement: number;
  /** Position within the statement. */
  readonly position: number;
  /** Number of the line in records.jsonl, and its first byte. */
  readonly line: number;
  readonly offset: number;
  readonly length: number;
}

/** Hears of what is read, while it is read. All of it is optional. */
export interface Observer {
  /** Bytes of the file that were read, of all of them. */
  progress?(done: number, all: number): void | Promise<void>;
  checkpoint?(checkpoint: Checkpoint, judgement: Judgement): void;
  times?(times: Times): void;
  statement?(statement: Statement | undefined, proof: ProofLine, ordinal: number, offset: number, length: number): void;
  record?(record: CairnRecord | undefined, place: Place, assurance: Assurance, stream: StreamState | undefined): void;
  /** A piece of one of the bundle's files, in its order; for a reader that shows them afterwards. */
  piece?(name: Name, piece: Bytes): void;
  failure?(failure: Failure): void;
}

/** Codes that are of completeness (§7); all others are of integrity. */
const COMPLETENESS: ReadonlySet<string> = new Set([
  "sequence-gap", "emitter-open", "emitter-missing", "records-missing", "count-mismatch", "action-open", "action-unrequested", "record-body", "trail-empty",
]);

/**
 * Verifies the bundle under the policy (its bytes; undefined: the bundle's own is believed, and trust is not pinned). Throws
 * {@link Malformed} for a given policy that cannot be read. Everything about the bundle is in the report.
 */
export async function verifyBundle(source: ByteSource, policy: Bytes | undefined, observer: Observer = {}): Promise<Report> {
  const given = policy ? readPolicy(policy) : undefined;
  const verification = new Verification(source, given, observer);
  return verification.run();
}

type Fail = (code: string, expected: string, found: string) => void;

interface Head {
  readonly root: Bytes;
  readonly proven: boolean;
}

class Verification {
  readonly #source: ByteSource;
  readonly #given: TrustPolicy | undefined;
  readonly #observer: Observer;
  readonly #integrity = new Findings();
  readonly #completeness = new Findings();
  readonly #warnings = new Findings();
  readonly #members = new Map<Name, Member>();
  readonly #heads = new Map<bigint, Head>();
  readonly #chains = new Chains();
  #entries: ReadonlyMap<Name, Entry> = new Map();
  #manifest: Manifest | undefined;
  #policy: TrustPolicy | undefined;
  #timeline: TrustTimeline | undefined;
  #checkpoint: Checkpoint | undefined;
  #judgement: Judgement | undefined;
  #time: Instant | undefined;
  #times: Times | undefined;
  #trail: Trail | undefined;
  #contents: ContentReader | undefined;
  #statements = 0;
  #lines = 0;
  #offset = 0;
  #done = 0;

  constructor(source: ByteSource, given: TrustPolicy | undefined, observer: Observer) {
    this.#source = source;
    this.#given = given;
    this.#policy = given;
    this.#observer = observer;
  }

  async run(): Promise<Report> {
    let whole = false;
    try {
      await this.#read();
      whole = true;
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      this.#fail(error.failure);
    }
    await this.#compareFiles();
    return makeReport({
      pinned: this.#given !== undefined,
      manifest: this.#manifest,
      policy: this.#policy,
      checkpoint: this.#checkpoint,
      judgement: this.#judgement,
      times: this.#times,
      trail: this.#trail,
      statements: this.#statements,
      contents: this.#contents?.count ?? 0,
      whole,
      integrity: this.#integrity,
      completeness: this.#completeness,
      warnings: this.#warnings,
    });
  }

  #fail(failure: Failure): void {
    (COMPLETENESS.has(failure.code) ? this.#completeness : this.#integrity).add(failure);
    this.#observer.failure?.(failure);
  }

  #member(name: Name): Member {
    let member = this.#members.get(name);
    if (!member) {
      const keep = this.#observer.piece;
      member = new Member(this.#source, this.#entries.get(name)!, (bytes) => (this.#done += bytes), keep && ((piece) => keep.call(this.#observer, name, piece)));
      this.#members.set(name, member);
    }
    return member;
  }

  async #read(): Promise<void> {
    this.#entries = await readZip(this.#source);
    const manifest = readManifest(await this.#member("manifest.json").all());
    this.#matchFiles(manifest);
    this.#manifest = manifest;
    const own = await this.#member("trust.policy").all();
    this.#policy ??= this.#ownPolicy(own);
    await this.#readCheckpoint(this.#manifest, this.#policy);
    await this.#readCertificates();
    await this.#readHeads();
    this.#times = await this.#readAnchors(this.#policy);
    this.#observer.times?.(this.#times);
    this.#timeline = new TrustTimeline(this.#policy);
    if (this.#entries.has("trust.jsonl")) await this.#readTrustChanges(this.#policy, this.#timeline);
    this.#trail = new Trail(this.#manifest.trace, this.#time, (failure) => this.#fail(failure), (warning) => this.#warnings.add(warning));
    if (this.#entries.has("content.jsonl")) {
      this.#contents = new ContentReader(this.#member("content.jsonl"), this.#member("content.bin"), (failure) => this.#fail(failure));
      await this.#contents.begin();
    }
    await this.#readStatements(this.#trail);
    await this.#contents?.end();
    this.#trail.end();
    this.#matchCounts(this.#manifest.counts, this.#trail);
  }

  /** The manifest lists the zip's files, in their order and with their sizes (§2). */
  #matchFiles(manifest: Manifest): void {
    const found = [...this.#entries.values()].filter((entry) => entry.name !== "manifest.json").map((entry) => `${entry.name} of ${entry.size} bytes`);
    const listed = manifest.files.map((file) => `${file.name} of ${file.bytes} bytes`);
    if (found.join("\n") !== listed.join("\n")) throw new Stop("manifest-mismatch", "manifest", "manifest.json", `the files of the zip: ${found.join(", ")}`, listed.join(", "));
  }

  #matchCounts(counts: Counts, trail: Trail): void {
    const found: Counts = {
      statements: this.#statements,
      records: trail.records,
      heads: this.#member("heads.jsonl").lines,
      certificates: this.#member("certificates.jsonl").lines,
      contents: this.#contents?.count ?? 0,
    };
    for (const name of Object.keys(found) as (keyof Counts)[]) {
      if (counts[name] !== found[name]) {
        this.#fail({ code: "manifest-mismatch", subject: { kind: "manifest", id: "manifest.json" }, expected: `${found[name]} ${name}, as there are`, found: `${counts[name]}` });
      }
    }
  }

  #ownPolicy(bytes: Bytes): TrustPolicy {
    try {
      return readPolicy(bytes);
    } catch (error) {
      if (error instanceof Malformed) throw new Stop("trust-policy-malformed", "file", "trust.policy", "a trust policy", error.message);
      throw error;
    }
  }

  async #readCheckpoint(manifest: Manifest, policy: TrustPolicy): Promise<void> {
    let checkpoint: Checkpoint;
    try {
      checkpoint = readCheckpoint(readNote(await this.#member("checkpoint").all()));
    } catch (error) {
      if (error instanceof Malformed) throw new Stop("checkpoint-malformed", "checkpoint", "checkpoint", "a signed checkpoint", error.message);
      throw error;
    }
    const judged = judge(policy, checkpoint);
    this.#checkpoint = checkpoint;
    this.#judgement = judged;
    this.#time = judged.time === undefined ? undefined : { seconds: Number(judged.time), micros: 0 };
    const fail = this.#failOf({ kind: "checkpoint", id: checkpoint.origin });
    if (checkpoint.origin !== manifest.origin) fail("checkpoint-origin", `the manifest's origin ${manifest.origin}`, checkpoint.origin);
    reportSignatures(judged, checkpoint, fail);
    if (!judged.quorumMet) fail("quorum-not-met", `the quorum ${policy.quorum}`, judged.goodWitnesses.length === 0 ? "no cosignature" : `those of ${judged.goodWitnesses.join(", ")}`);
    this.#observer.checkpoint?.(checkpoint, judged);
  }

  async #readCertificates(): Promise<void> {
    const member = this.#member("certificates.jsonl");
    for (let line; (line = await member.line(CERTIFICATE_LINE)); ) {
      const read = readCertificateLine(line) ?? this.#malformed(member);
      const hash = hex(sha256(read.chain[0]!));
      if (hash !== read.x5t) {
        this.#fail({ code: "certificate-mismatch", subject: { kind: "certificate", id: read.x5t }, expected: "a certificate with this hash", found: hash });
      } else {
        this.#chains.add(hash, read.chain);
      }
    }
  }

  async #readHeads(): Promise<void> {
    const member = this.#member("heads.jsonl");
    let last = -1n;
    for (let line; (line = await member.line(HEAD_LINE)); ) {
      if (member.lines > HEAD_LINES) throw new Stop("file-too-large", "file", "heads.jsonl", `at most ${HEAD_LINES} lines`, "more");
      const head = readHead(line) ?? this.#malformed(member);
      if (head.size <= last) this.#malformed(member);
      last = head.size;
      const proven = isConsistent(head, this.#checkpoint!, head.consistency);
      this.#heads.set(head.size, { root: head.root, proven });
      if (!proven) {
        this.#fail({ code: "head-inconsistent", subject: { kind: "head", id: `${head.size}` }, expected: `a path to the checkpoint of ${describeHead(this.#checkpoint!)}`, found: `one of ${head.consistency.length} hashes that does not lead there` });
      }
    }
  }

  /** Anchors (timestamps.md §4), the checkpoint among them, and their contradictions (§6). */
  async #readAnchors(policy: TrustPolicy): Promise<Times> {
    const newest = this.#checkpoint!;
    const anchors: Anchor[] = [{ size: newest.size, claims: claimsOf(this.#judgement!) }];
    if (this.#entries.has("anchors.jsonl")) {
      const member = this.#member("anchors.jsonl");
      let last = -1n;
      for (let line; (line = await member.line(ANCHOR_LINE)); ) {
        if (member.lines > ANCHOR_LINES) throw new Stop("file-too-large", "file", "anchors.jsonl", `at most ${ANCHOR_LINES} lines`, "more");
        const read = readAnchorLine(line) ?? this.#malformed(member);
        const id = `line ${member.lines}`;
        const checkpoint = orFail(() => readCheckpoint(readNote(read.checkpoint)), (found) => this.#failOf({ kind: "anchor", id })("checkpoint-malformed", "a signed checkpoint", found));
        if (!checkpoint) continue;
        if (checkpoint.size <= last) this.#malformed(member);
        last = checkpoint.size;
        const claims = this.#judgeAnchor(policy, read, checkpoint, newest);
        if (claims) anchors.push({ size: checkpoint.size, claims });
      }
    }
    const times = new Times(anchors);
    for (const { anchor, claim, earlier } of times.contradictions(FIVE_MINUTES)) {
      const fail = this.#failOf({ kind: "anchor", id: `${newest.origin} size ${anchor.size}` });
      fail("time-contradicted", `a time after ${showUtc(earlier.time)}, when ${earlier.name} knew no tree as large`, `${showUtc(latestOf(claim))}, by the word of ${claim.name}`);
    }
    return times;
  }

  /** The claims of an anchor; undefined where it does not hold. */
  #judgeAnchor(policy: TrustPolicy, line: AnchorLine, checkpoint: Checkpoint, newest: Checkpoint): Claim[] | undefined {
    const before = this.#integrity.count, subject: Subject = { kind: "anchor", id: `${checkpoint.origin} size ${checkpoint.size}` }, fail = this.#failOf(subject);
    if (checkpoint.origin !== newest.origin) fail("checkpoint-origin", `the origin ${newest.origin} of the bundle's checkpoint`, checkpoint.origin);
    const judged = judge(policy, checkpoint);
    reportSignatures(judged, checkpoint, fail);
    if (!isConsistent(checkpoint, newest, line.consistency)) fail("head-inconsistent", `a path to the checkpoint of ${describeHead(newest)}`, "one that does not lead there");
    if (this.#integrity.count > before) return undefined;
    const claims = claimsOf(judged);
    for (const token of line.tokens) {
      const result = judgeToken(token, utf8(checkpoint.note.text), policy.timestampers);
      if (result.fault === undefined) claims.push({ by: "timestamper", name: result.timestamper, time: result.time, accuracy: result.accuracy });
      else if (result.fault === "unknown") this.#warnings.add({ code: "timestamp-unknown", subject, expected: "a token by a timestamper of the trust policy", found: result.found });
      else fail(`timestamp-${result.fault}`, "a time stamp token over this checkpoint that holds", result.found);
    }
    return claims;
  }

  #failOf(subject: Subject): Fail {
    return (code, expected, found) => this.#fail({ code, subject, expected, found });
  }

  #malformed(member: Member): never {
    throw new Stop("line-malformed", "file", member.entry.name, "a line of its form", `another in line ${member.lines}`);
  }

  async #readStatements(trail: Trail): Promise<void> {
    const statements = this.#member("statements.bin"), proofs = this.#member("proofs.jsonl"), records = this.#member("records.jsonl");
    let lastIndex = -1n, offset = 0;
    for (;;) {
      const head = await statements.bytes(2);
      const line = await proofs.line(PROOF_LINE);
      if (head.length === 0 && line === undefined) break;
      if (head.length === 1) throw new Stop("statement-malformed", "statement", `${this.#statements}`, "a length of two bytes", "one");
      const length = head.length === 0 ? 0 : (head[0]! << 8) | head[1]!;
      const bytes = (await statements.bytes(length)).slice();
      if (bytes.length < length) throw new Stop("statement-malformed", "statement", `${this.#statements}`, `a statement of ${length} bytes`, `${bytes.length}`);
      if (head.length === 0 || line === undefined) {
        throw new Stop("statement-unpaired", "statement", `${this.#statements}`, "one proof for each statement", line === undefined ? "a statement without a proof" : "a proof without a statement");
      }
      const proof = readProof(line) ?? this.#malformed(proofs);
      await this.#statement(trail, bytes, proof, lastIndex, offset + 2, records);
      if (proof.index > lastIndex) lastIndex = proof.index;
      offset += 2 + length;
      this.#statements++;
      const waits = this.#observer.progress?.(this.#done, this.#source.size);
      if (waits) await waits;
    }
    if ((await records.line(RECORD_LINE)) !== undefined) {
      this.#fail({ code: "records-count", subject: { kind: "file", id: "records.jsonl" }, expected: `${this.#lines} records, as the proofs count`, found: "more" });
    }
  }

  /** Changes of trust bundles (§10), before the statements that they speak for. */
  async #readTrustChanges(policy: TrustPolicy, timeline: TrustTimeline): Promise<void> {
    const member = this.#member("trust.jsonl");
    let lastIndex = -1n;
    for (let line; (line = await member.line(TRUST_LINE)); ) {
      const read = readTrustLine(line) ?? this.#malformed(member);
      await this.#trustChanges(policy, timeline, read, lastIndex);
      if (read.index > lastIndex) lastIndex = read.index;
    }
  }

  /** One statement with changes: they are accepted when nothing about it failed. */
  async #trustChanges(policy: TrustPolicy, timeline: TrustTimeline, line: TrustLine, lastIndex: bigint): Promise<void> {
    const subject = { kind: "statement", id: `${line.index}` } as const;
    let sound = true;
    const fail: Fail = (code, expected, found) => {
      sound = false;
      this.#fail({ code, subject, expected, found });
    };
    this.#checkOrder(line.index, lastIndex, fail);
    const malformed = (found: string): void => fail("trust-change-malformed", "a signed statement with changes of trust bundles", found);
    const statement = orFail(() => readStatement(line.statement), malformed);
    if (!statement) return;
    this.#checkPlace(line.statement, line.index, line.path, fail);
    checkBodies(line, statement, fail);
    const read = orFail(() => readChanges(line.bodies), malformed);
    if (!read) return;
    const rule = ruleFor(policy, statement.issuer, kidOf(statement));
    if (rule?.role !== "operator") fail("trust-change-untrusted", `an emitter line that makes ${statement.issuer} an operator`, rule ? `one that makes it ${rule.role}` : "none");
    await this.#checkIssuer(statement, line.index, rule, read.latest, fail);
    if (!sound) return;
    for (const change of read.changes) {
      if (change.domain !== domainOf(statement.issuer)) continue;
      const last = timeline.last(change.domain);
      if (change.old === last) timeline.accept(change, line.index);
      else this.#fail({ code: "trust-change-missing", subject, expected: `a change that takes the place of ${last ?? "none"}`, found: `one of ${change.old ?? "none"}` });
    }
  }

  async #statement(trail: Trail, bytes: Bytes, proof: ProofLine, lastIndex: bigint, offset: number, records: Member): Promise<void> {
    const subject = { kind: "statement", id: `${proof.index}` } as const;
    const fail: Fail = (code, expected, found) => this.#fail({ code, subject, expected, found });
    const statement = orFail(() => readStatement(bytes), (found) => fail("statement-malformed", "a signed statement", found));
    this.#observer.statement?.(statement, proof, this.#statements, offset, bytes.length);
    this.#checkOrder(proof.index, lastIndex, fail);
    this.#checkPlace(bytes, proof.index, proof.path, fail);
    if (!statement) {
      await this.#skipRecords(proof, records);
      return;
    }
    const rule = this.#policy && ruleFor(this.#policy, statement.issuer, kidOf(statement));
    const stream = trail.stream(statement.stream, statement.issuer, rule?.role);
    if (stream.issuer !== statement.issuer) fail("stream-issuer", `the issuer ${stream.issuer} of stream ${stream.id}`, statement.issuer);
    if (statement.seq <= stream.highest) {
      fail("stream-order", `ordinal ${stream.highest + 1n} or later of stream ${stream.id}`, `${statement.seq}: it stands in another order than it was made, or twice`);
    } else {
      if (statement.seq === stream.highest + 1n && stream.hash && !equal(statement.previous, stream.hash)) {
        fail("stream-previous", `the hash ${hex(stream.hash)} of the statement before it`, hex(statement.previous));
      }
      stream.highest = statement.seq;
      stream.hash = sha256(bytes);
    }
    this.#checkKnown(statement, proof, fail);
    this.#times?.take(proof.index, statement.known?.size ?? 0n);
    const latest = await this.#readRecords(trail, stream, statement, proof, records, fail);
    await this.#checkIssuer(statement, proof.index, rule, latest, fail);
  }

  #checkOrder(index: bigint, lastIndex: bigint, fail: Fail): void {
    if (index <= lastIndex) fail("index-order", `an index above ${lastIndex}`, `${index}`);
  }

  /** The statement's path to the checkpoint (§4, 1). */
  #checkPlace(bytes: Bytes, index: bigint, path: readonly Bytes[], fail: Fail): void {
    const checkpoint = this.#checkpoint!;
    if (index >= checkpoint.size || path.length !== inclusionLength(index, checkpoint.size)) {
      fail("inclusion-path", `an index below ${checkpoint.size} and a path of its length`, `${index} and ${path.length} hashes`);
    } else if (checkInclusion(leafHash(bytes), index, checkpoint, path) !== undefined) {
      fail("inclusion-root", "a path to the checkpoint's root", "one that leads elsewhere");
    }
  }

  #checkKnown(statement: Statement, proof: ProofLine, fail: Fail): void {
    const known = statement.known;
    if (!known) return;
    if (known.size > proof.index) fail("head-after-statement", `a known tree of at most ${proof.index} statements`, `${known.size}`);
    const head = this.#heads.get(known.size);
    if (!head) fail("head-missing", `the tree of size ${known.size} in heads.jsonl`, "none");
    else if (!equal(head.root, known.root) || !head.proven) fail("head-inconsistent", `the proven root of size ${known.size}`, `${hex(known.root)}, which is not`);
  }

  /** Lines that can't be judged: as many as the proof says, or for "all" the statement, or its hints where it can't be read. */
  async #skipRecords(proof: ProofLine, records: Member, signed?: number): Promise<void> {
    for (let left = proof.positions?.length ?? signed ?? Math.floor(proof.hints.length / 8); left > 0; left--) {
      const line = await records.line(RECORD_LINE);
      if (line === undefined) return;
      this.#offset += line.length + 1;
      this.#lines++;
    }
  }

  /** Reads the statement's records (§4, 4 and §5). Gives the latest time in them. */
  async #readRecords(trail: Trail, stream: StreamState, statement: Statement, proof: ProofLine, records: Member, fail: Fail): Promise<Instant | undefined> {
    const present = proof.positions?.length ?? statement.records;
    if (present + proof.siblings.length !== statement.records || (proof.positions?.at(-1) ?? 0) >= statement.records) {
      fail("records-count", `${statement.records} records, present or as hashes`, `${present} and ${proof.siblings.length}`);
      await this.#skipRecords(proof, records, statement.records);
      return undefined;
    }
    const edge = new RightEdge();
    let latest: Instant | undefined, sibling = 0, altered: string | undefined;
    for (let i = 0; i < present; i++) {
      const position = proof.positions?.[i] ?? i;
      while (edge.size < position) edge.append(proof.siblings[sibling++]!);
      const line = records.bufferedLine() ?? (await records.line(RECORD_LINE));
      if (line === undefined) throw new Stop("records-count", "statement", `${proof.index}`, `${present} records`, `${i}, then the end of records.jsonl`);
      if (line.length > RECORD_LINE) throw new Stop("line-malformed", "file", "records.jsonl", `a line of at most ${RECORD_LINE} bytes`, `${line.length}`);
      const leaf = leafHash(line);
      edge.append(leaf);
      if (proof.hints !== "" && altered === undefined && proof.hints.slice(8 * i, 8 * i + 8) !== hex(leaf.subarray(0, 4))) altered = `line ${this.#lines + 1}`;
      const record = await this.#record(trail, stream, line, position);
      if (record && (!latest || compareTimes(record.time, latest) > 0)) latest = record.time;
      this.#offset += line.length + 1;
      this.#lines++;
    }
    while (sibling < proof.siblings.length) edge.append(proof.siblings[sibling++]!);
    if (!equal(edge.root(), statement.root)) fail("records-root", "the records that the statement signs", altered ? `others: ${altered} of records.jsonl is another` : "others");
    return latest;
  }

  async #record(trail: Trail, stream: StreamState, line: Bytes, position: number): Promise<CairnRecord | undefined> {
    const place: Place = { statement: this.#statements, position, line: this.#lines, offset: this.#offset, length: line.length };
    let record: CairnRecord;
    try {
      record = readRecord(line);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#fail({ code: "record-malformed", subject: { kind: "record", id: `line ${this.#lines + 1}` }, expected: "a record", found: error.message });
      this.#observer.record?.(undefined, place, "reported", stream);
      return undefined;
    }
    const assurance = assuranceOf(stream.role, stream.issuer, record.actor);
    trail.record(record, stream, assurance);
    if (this.#contents) await this.#contents.record(record);
    this.#observer.record?.(record, place, assurance, stream);
    return record;
  }

  /** The issuer's rule, key and signature, and its certificate's chain (§4, 5). */
  async #checkIssuer(statement: Statement, index: bigint, rule: ReturnType<typeof ruleFor>, latest: Instant | undefined, fail: Fail): Promise<void> {
    // The chain of a statement serves later ones, whoever signed this one: it is named by its hash.
    const own = statement.key.by === "x5chain" ? this.#chains.known(statement.key.chain) : undefined;
    if (!rule) {
      fail("issuer-unknown", `an emitter line for ${statement.issuer}`, "none");
      return;
    }
    if (statement.key.by === "kid") {
      if (rule.key && !(await verifyStatement(statement, rule.key.key))) fail("statement-signature", `a signature by the key ${rule.key.kid}`, "one that does not verify");
      return;
    }
    const chain = statement.key.by === "x5t" ? this.#chains.find(hex(statement.key.hash)) : own;
    if (!chain) {
      fail("certificate-missing", `the certificate ${statement.key.by === "x5t" ? hex(statement.key.hash) : ""}`, "none in certificates.jsonl");
      return;
    }
    const { leaf } = chain;
    if (!leaf?.key) {
      fail("certificate-untrusted", `a certificate of ${statement.issuer} with a key`, "bytes that are none");
      return;
    }
    if (!(await verifyStatement(statement, leaf.key))) fail("statement-signature", `a signature by the certificate ${chain.x5t}`, "one that does not verify");
    const begin: Instant = { seconds: leaf.notBefore, micros: 0 };
    const time = latest && latest.seconds >= leaf.notBefore ? latest : begin;
    if (time === begin) {
      this.#warnings.add({ code: "certificate-later", subject: { kind: "certificate", id: chain.x5t }, expected: `a certificate that was valid at ${latest ? showTime(latest) : "a record's time"}`, found: `one valid from ${showTime(time)}` });
    }
    const expired = (): void => fail("certificate-expired", `a certificate valid at ${showTime(time)}`, `one valid from ${showTime(begin)} to ${showTime({ seconds: leaf.notAfter, micros: 0 })}`);
    if (this.#time && compareTimes(time, addSeconds(this.#time, FIVE_MINUTES)) > 0) {
      expired();
      return;
    }
    const result = chain.check(statement.issuer, this.#timeline!.inForce(domainOf(statement.issuer), index));
    if ("fault" in result) this.#failChain(chain, statement.issuer, index, result.found, fail);
    else if (!result.paths.some((path) => path.from <= time.seconds && time.seconds <= path.until)) expired();
  }

  /** A chain under no root in force: perhaps under one that came later, or was taken out before (§10). */
  #failChain(chain: Chain, issuer: string, index: bigint, found: string, fail: Fail): void {
    const timeline = this.#timeline!, domain = domainOf(issuer), under = chain.check(issuer, timeline.named(domain));
    if ("fault" in under) fail("certificate-untrusted", `an X.509-SVID of ${issuer} under a root in force`, found);
    else if (under.paths.some((path) => timeline.wasNamedBefore(domain, path.root, index))) fail("root-removed", `a root of ${domain} in force at ${index}`, "one that was taken out before");
    else fail("root-not-yet-trusted", `a root of ${domain} in force at ${index}`, "one that joined later");
  }

  /**
   * Reads what was not read, and compares every file with the manifest, and with its CRC where the manifest agrees (§1, end).
   * Without a manifest that describes the zip there is nothing to compare with.
   */
  async #compareFiles(): Promise<void> {
    if (!this.#manifest) return;
    const listed = new Map(this.#manifest.files.map((file) => [file.name, file.sha256]));
    for (const [name, entry] of this.#entries) {
      let digest: MemberDigest;
      try {
        digest = await this.#member(name).finish();
      } catch (error) {
        if (!(error instanceof Stop)) throw error;
        if (!this.#integrity.has(error.failure.code, error.failure.subject.id)) this.#fail(error.failure);
        continue;
      }
      const subject = { kind: "file", id: name } as const, expected = listed.get(name), found = hex(digest.sha256);
      if (expected !== undefined && expected !== found) this.#fail({ code: "file-digest", subject, expected, found });
      else if (digest.crc !== entry.crc) this.#fail({ code: "zip-corrupt", subject, expected: `the CRC-32 ${entry.crc.toString(16)}`, found: digest.crc.toString(16) });
    }
  }
}

const claimsOf = (judged: Judgement): Claim[] =>
  judged.claims.map(({ by, name, time }) => ({ by, name, time: { seconds: Number(time), micros: 0 }, accuracy: undefined }));

/** Whose signatures are missing or do not verify (§3), but for the quorum. */
function reportSignatures(judged: Judgement, checkpoint: Checkpoint, fail: Fail): void {
  if (judged.own.length === 0) fail("checkpoint-origin", "an origin for which the policy has log keys", checkpoint.origin);
  for (const key of judged.badLogs) fail("checkpoint-signature", `signatures by ${keyLabel(key)} that verify`, "one that does not");
  for (const key of judged.absent) fail("checkpoint-unsigned", `a signature by ${keyLabel(key)}`, "none");
  if (judged.extensionsUnsigned) fail("checkpoint-unsigned", "a signature over the extension lines", "none");
  for (const witness of judged.badWitnesses) fail("cosignature-invalid", `cosignatures by ${witness.name} that verify`, "one that does not");
}

/** What `read` gives; undefined, and heard by `fail`, where the bytes are refused. */
function orFail<T>(read: () => T, fail: (found: string) => void): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    fail(error.message);
    return undefined;
  }
}

const kidOf = (statement: Statement): string | undefined => (statement.key.by === "kid" ? hex(statement.key.kid) : undefined);

/** Compares the records of a line of trust.jsonl with those that its statement signs (§4, 4). */
function checkBodies(line: TrustLine, statement: Statement, fail: Fail): void {
  const { positions, bodies, siblings } = line;
  const fits = positions === undefined || (positions.length === bodies.length && (positions.at(-1) ?? 0) < statement.records);
  if (!fits || bodies.length + siblings.length !== statement.records) {
    fail("records-count", `${statement.records} records, present or as hashes`, `${bodies.length} at ${positions?.length ?? "all"} positions and ${siblings.length}`);
    return;
  }
  const edge = new RightEdge();
  let sibling = 0;
  for (const [i, body] of bodies.entries()) {
    const position = positions?.[i] ?? i;
    while (edge.size < position) edge.append(siblings[sibling++]!);
    edge.append(leafHash(body));
  }
  while (sibling < siblings.length) edge.append(siblings[sibling++]!);
  if (!equal(edge.root(), statement.root)) fail("records-root", "the records that the statement signs", "others");
}

/** The changes in a statement's records, and the latest time of these. Throws {@link Malformed}. */
function readChanges(bodies: readonly Bytes[]): { changes: readonly TrustChange[]; latest: Instant | undefined } {
  const changes: TrustChange[] = [];
  let latest: Instant | undefined;
  for (const body of bodies) {
    const record = readRecord(body), change = readTrustChange(record);
    if (!latest || compareTimes(record.time, latest) > 0) latest = record.time;
    if (change) changes.push(change);
  }
  return { changes, latest };
}
