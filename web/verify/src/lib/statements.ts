import { equal, hex, Malformed, type Bytes } from "./bytes";
import type { ContentReader } from "./contents";
import type { DecisionCheck } from "./decisions/check";
import type { Heads } from "./heads";
import type { Issuers } from "./issuers";
import { readProof, type ProofLine } from "./lines";
import type { Member } from "./member";
import { RightEdge, type TreeHead } from "./merkle";
import { orFail, type Fail, type Notes } from "./notes";
import type { Observer, Place } from "./observer";
import { Places } from "./places";
import { compareTimes, readRecord, type CairnRecord, type Instant } from "./record";
import type { Revocations } from "./revocations";
import { leafHash, sha256 } from "./sha256";
import { readStatement, type Statement } from "./statement";
import { Stop } from "./stop";
import type { Times } from "./times";
import { assuranceOf, type StreamState, type Trail } from "./trail";

const RECORD_LINE = 1 << 16;
const PROOF_LINE = 8 << 20;

/** What statements are compared with, and who hears of their records. */
export interface StatementContext {
  readonly newest: TreeHead;
  readonly heads: Heads;
  readonly issuers: Issuers;
  readonly revocations: Revocations;
  readonly times: Times;
  readonly trail: Trail;
  readonly contents: ContentReader | undefined;
  readonly decisions: DecisionCheck;
  readonly notes: Notes;
  readonly observer: Observer;
  /** Hears of each statement that was read; what it gives is waited for. */
  progress(): void | Promise<void>;
}

/** Reads statements, each with its proof and its records (docs/spec/verification.md §4, §5). */
export class StatementReader {
  readonly #context: StatementContext;
  readonly #places: Places;
  readonly #statements: Member;
  readonly #proofs: Member;
  readonly #records: Member;
  #count = 0;
  #lines = 0;
  #offset = 0;

  constructor(statements: Member, proofs: Member, records: Member, context: StatementContext) {
    this.#statements = statements;
    this.#proofs = proofs;
    this.#records = records;
    this.#context = context;
    this.#places = new Places(context.newest);
  }

  /** Statements read so far. */
  get count(): number {
    return this.#count;
  }

  /** Reads them all. Throws {@link Stop}. */
  async read(): Promise<void> {
    const { notes } = this.#context;
    const stop = (code: string, expected: string, found: string): never => {
      throw new Stop(code, "statement", `${this.#count}`, expected, found);
    };
    for (let offset = 0; ; ) {
      const head = await this.#statements.bytes(2);
      const line = await this.#proofs.line(PROOF_LINE);
      if (head.length === 0 && line === undefined) break;
      if (head.length === 1) stop("statement-malformed", "a length of two bytes", "one");
      const length = head.length === 0 ? 0 : (head[0]! << 8) | head[1]!;
      const bytes = (await this.#statements.bytes(length)).slice();
      if (bytes.length < length) stop("statement-malformed", `a statement of ${length} bytes`, `${bytes.length}`);
      if (head.length === 0 || line === undefined) {
        return stop("statement-unpaired", "one proof for each statement", line === undefined ? "a statement without a proof" : "a proof without a statement");
      }
      await this.#statement(bytes, readProof(line) ?? this.#proofs.malformed(), offset + 2);
      offset += 2 + length;
      this.#count++;
      const waits = this.#context.progress();
      if (waits) await waits;
    }
    if ((await this.#records.line(RECORD_LINE)) !== undefined) {
      notes.fail({ code: "records-count", subject: { kind: "file", id: "records.jsonl" }, expected: `${this.#lines} records, as the proofs count`, found: "more" });
    }
  }

  async #statement(bytes: Bytes, proof: ProofLine, offset: number): Promise<void> {
    const { heads, issuers, revocations, times, trail, notes, observer } = this.#context;
    const fail = notes.failOf({ kind: "statement", id: `${proof.index}` });
    const statement = orFail(() => readStatement(bytes), (found) => fail("statement-malformed", "a signed statement", found));
    observer.statement?.(statement, proof, this.#count, offset, bytes.length);
    this.#places.order(proof.index, fail);
    this.#places.check(bytes, proof.index, proof.path, fail);
    if (!statement) {
      await this.#skipRecords(proof);
      return;
    }
    const rule = issuers.ruleFor(statement), stream = trail.stream(statement.stream, statement.issuer, rule?.role);
    followStream(stream, statement, bytes, fail);
    heads.check(statement.known, proof.index, fail);
    times.take(proof.index, statement.known?.size ?? 0n);
    const latest = await this.#readRecords(stream, statement, proof, fail);
    const key = await issuers.check(statement, proof.index, rule, latest, fail);
    if (key !== undefined) revocations.check(statement.issuer, proof.index, key, true);
  }

  /** Lines that can't be judged: as many as the proof says, or for "all" the statement, or its hints where it can't be read. */
  async #skipRecords(proof: ProofLine, signed?: number): Promise<void> {
    for (let left = proof.positions?.length ?? signed ?? Math.floor(proof.hints.length / 8); left > 0; left--) {
      const line = await this.#records.line(RECORD_LINE);
      if (line === undefined) return;
      this.#offset += line.length + 1;
      this.#lines++;
    }
  }

  /** Reads the statement's records (§4, 4 and §5). Gives the latest time in them. */
  async #readRecords(stream: StreamState, statement: Statement, proof: ProofLine, fail: Fail): Promise<Instant | undefined> {
    const present = proof.positions?.length ?? statement.records;
    if (present + proof.siblings.length !== statement.records || (proof.positions?.at(-1) ?? 0) >= statement.records) {
      fail("records-count", `${statement.records} records, present or as hashes`, `${present} and ${proof.siblings.length}`);
      await this.#skipRecords(proof, statement.records);
      return undefined;
    }
    const edge = new RightEdge();
    let latest: Instant | undefined, sibling = 0, altered: string | undefined;
    for (let i = 0; i < present; i++) {
      const position = proof.positions?.[i] ?? i;
      while (edge.size < position) edge.append(proof.siblings[sibling++]!);
      const line = this.#records.bufferedLine() ?? (await this.#records.line(RECORD_LINE));
      if (line === undefined) throw new Stop("records-count", "statement", `${proof.index}`, `${present} records`, `${i}, then the end of records.jsonl`);
      if (line.length > RECORD_LINE) throw new Stop("line-malformed", "file", "records.jsonl", `a line of at most ${RECORD_LINE} bytes`, `${line.length}`);
      const leaf = leafHash(line);
      edge.append(leaf);
      if (proof.hints !== "" && altered === undefined && proof.hints.slice(8 * i, 8 * i + 8) !== hex(leaf.subarray(0, 4))) altered = `line ${this.#lines + 1}`;
      const record = await this.#record(stream, line, position);
      if (record && (!latest || compareTimes(record.time, latest) > 0)) latest = record.time;
      this.#offset += line.length + 1;
      this.#lines++;
    }
    while (sibling < proof.siblings.length) edge.append(proof.siblings[sibling++]!);
    if (!equal(edge.root(), statement.root)) fail("records-root", "the records that the statement signs", altered ? `others: ${altered} of records.jsonl is another` : "others");
    return latest;
  }

  async #record(stream: StreamState, line: Bytes, position: number): Promise<CairnRecord | undefined> {
    const { trail, contents, decisions, notes, observer } = this.#context;
    const place: Place = { statement: this.#count, position, line: this.#lines, offset: this.#offset, length: line.length };
    let record: CairnRecord;
    try {
      record = readRecord(line);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      notes.fail({ code: "record-malformed", subject: { kind: "record", id: `line ${this.#lines + 1}` }, expected: "a record", found: error.message });
      observer.record?.(undefined, place, "reported", stream);
      return undefined;
    }
    const assurance = assuranceOf(stream.role, stream.issuer, record.actor);
    trail.record(record, stream, assurance);
    const input = contents && (await contents.record(record));
    observer.record?.(record, place, assurance, stream);
    if (record.kind === "policy.decided") {
      // Whether or not anybody listens: an optional call would not even make the argument.
      const result = await decisions.record(record, input);
      observer.decision?.(result, place);
    }
    return record;
  }
}

/** The statement's stream keeps its issuer, its order and its chain of hashes (§4, 2). */
function followStream(stream: StreamState, statement: Statement, bytes: Bytes, fail: Fail): void {
  if (stream.issuer !== statement.issuer) fail("stream-issuer", `the issuer ${stream.issuer} of stream ${stream.id}`, statement.issuer);
  if (statement.seq <= stream.highest) {
    fail("stream-order", `ordinal ${stream.highest + 1n} or later of stream ${stream.id}`, `${statement.seq}: it stands in another order than it was made, or twice`);
    return;
  }
  if (statement.seq === stream.highest + 1n && stream.hash && !equal(statement.previous, stream.hash)) {
    fail("stream-previous", `the hash ${hex(stream.hash)} of the statement before it`, hex(statement.previous));
  }
  stream.highest = statement.seq;
  stream.hash = sha256(bytes);
}
