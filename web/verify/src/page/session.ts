import { base64, fromUtf8, hex, Malformed, type Bytes } from "../lib/bytes";
import type { ProofLine } from "../lib/lines";
import type { Result } from "../lib/decisions/check";
import type { RemoteDecider } from "../lib/decisions/remote";
import type { Place } from "../lib/observer";
import type { CairnRecord } from "../lib/record";
import type { Report } from "../lib/report";
import { leafHash, sha256 } from "../lib/sha256";
import { readStatement, type Statement } from "../lib/statement";
import { describeBracket, SOURCES, type Times } from "../lib/times";
import { showTime } from "../lib/trail";
import { verifyBundle } from "../lib/verify";
import type { ByteSource, Name } from "../lib/zip";
import { RowsBuilder, type RowColumns } from "./rows";

/** What the page asks, and what it hears. The work is done in a worker, or on the page in slices where there is none. */
export type Question =
  | { readonly kind: "verify"; readonly bundle: File; readonly policy: File | undefined }
  | { readonly kind: "record"; readonly line: number };

/** The worker's own code, for the worker that it starts itself. */
export interface WorkerCode {
  readonly kind: "code";
  readonly code: string;
}

export type Answer =
  | { readonly kind: "progress"; readonly done: number; readonly all: number }
  | { readonly kind: "report"; readonly report: Report; readonly rows: RowColumns; readonly milliseconds: number }
  | { readonly kind: "record"; readonly line: number; readonly detail: RecordDetail }
  | { readonly kind: "unusable"; readonly message: string };

/** One record with its proof: record → statement → tree → checkpoint. */
export interface RecordDetail {
  readonly json: string;
  readonly leaf: string;
  readonly position: number;
  readonly statement: {
    readonly index: string;
    readonly hash: string;
    readonly leaf: string;
    readonly issuer: string;
    readonly stream: string;
    readonly seq: string;
    readonly records: number;
    readonly root: string;
    readonly algorithm: string;
    readonly key: string;
  } | undefined;
  readonly path: readonly string[];
  readonly siblings: number;
  /** Between which times it was made, by the word of each kind of party that gives a bound. */
  readonly brackets: readonly string[];
  /** Of a policy decision: what recomputing it gave. */
  readonly decision: Result | undefined;
}

interface StatementPlace {
  readonly offset: number;
  readonly length: number;
  readonly index: bigint;
  readonly path: readonly Bytes[];
  readonly siblings: number;
}

class BlobSource implements ByteSource {
  readonly #blob: Blob;

  constructor(blob: Blob) {
    this.#blob = blob;
  }

  get size(): number {
    return this.#blob.size;
  }

  async read(offset: number, length: number): Promise<Bytes> {
    return new Uint8Array(await this.#blob.slice(offset, offset + length).arrayBuffer());
  }
}

const KEPT: readonly Name[] = ["records.jsonl", "statements.bin"];
const SLICE_MS = 30;

/** Verifies one bundle and keeps what is needed to show each of its records. */
export class VerifySession {
  readonly #tell: (answer: Answer) => void;
  readonly #decider: RemoteDecider | undefined;
  #places: Place[] = [];
  #statements: StatementPlace[] = [];
  #files = new Map<Name, Blob>();
  #times: Times | undefined;
  #decisions = new Map<number, Result>();

  /** @param tell Hears the answers. @param decider Recomputes decisions; without, it is done here. */
  constructor(tell: (answer: Answer) => void, decider: RemoteDecider | undefined = undefined) {
    this.#tell = tell;
    this.#decider = decider;
  }

  async ask(question: Question): Promise<void> {
    try {
      if (question.kind === "verify") await this.#verify(question.bundle, question.policy);
      else this.#tell({ kind: "record", line: question.line, detail: await this.#detail(question.line) });
    } catch (error) {
      const problem = error instanceof Error ? error : new Error(String(error));
      this.#tell({ kind: "unusable", message: error instanceof Malformed ? `The trust policy can't be used: ${problem.message}` : `This could not be verified: ${problem.message}` });
    }
  }

  async #verify(bundle: File, policy: File | undefined): Promise<void> {
    const started = performance.now();
    const rows = new RowsBuilder();
    const pieces = new Map<Name, Blob[]>(KEPT.map((name) => [name, []]));
    this.#places = [];
    this.#statements = [];
    this.#decisions = new Map();
    let told = started;
    const report = await verifyBundle(new BlobSource(bundle), policy ? new Uint8Array(await policy.arrayBuffer()) : undefined, {
      progress: (done, all) => {
        const now = performance.now();
        if (now - told < SLICE_MS) return undefined;
        told = now;
        this.#tell({ kind: "progress", done, all });
        // On the page itself this gives way to clicks and drawing; in a worker it costs nothing that matters.
        return new Promise((resolve) => setTimeout(resolve));
      },
      times: (times) => void (this.#times = times),
      statement: (_: Statement | undefined, proof: ProofLine, __: number, offset, length) => {
        this.#statements.push({ offset, length, index: proof.index, path: proof.path, siblings: proof.siblings.length });
      },
      record: (record: CairnRecord | undefined, place, assurance, stream) => {
        this.#places.push(place);
        rows.add({
          id: record?.id ?? "", kind: record?.kind ?? "unreadable", time: record ? showTime(record.time) : "", span: record?.span ?? "", parent: record?.parent ?? "", actor: record?.actor ?? "",
          stream: stream?.id ?? "", assurance,
        });
      },
      decision: (result, place) => void this.#decisions.set(place.line, result),
      piece: (name, piece) => void pieces.get(name)?.push(new Blob([piece])),
    }, this.#decider ? { decider: this.#decider } : {});
    this.#decider?.end();
    this.#files = new Map([...pieces].map(([name, parts]) => [name, new Blob(parts)]));
    this.#tell({ kind: "report", report, rows: rows.finish(), milliseconds: performance.now() - started });
  }

  async #detail(row: number): Promise<RecordDetail> {
    const place = this.#places[row]!, line = await this.#part("records.jsonl", place.offset, place.length);
    const at = this.#statements[place.statement]!, bytes = await this.#part("statements.bin", at.offset, at.length);
    let statement: Statement | undefined;
    try {
      statement = readStatement(bytes);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
    }
    return {
      json: pretty(line),
      leaf: hex(leafHash(line)),
      position: place.position,
      statement: statement && {
        index: at.index.toString(),
        hash: hex(sha256(bytes)),
        leaf: hex(leafHash(bytes)),
        issuer: statement.issuer,
        stream: statement.stream,
        seq: statement.seq.toString(),
        records: statement.records,
        root: hex(statement.root),
        algorithm: statement.algorithm,
        key: statement.key.by === "kid" ? `key ${hex(statement.key.kid)}` : `certificate ${statement.key.by === "x5t" ? hex(statement.key.hash) : hex(sha256(statement.key.chain[0]!))}`,
      },
      path: at.path.map(base64),
      siblings: at.siblings,
      brackets: SOURCES.map((by) => this.#times?.bracket(by, at.index, statement?.known?.size ?? 0n)).flatMap((bracket) => (bracket ? describeBracket(bracket) ?? [] : [])),
      decision: this.#decisions.get(row),
    };
  }

  async #part(name: Name, offset: number, length: number): Promise<Bytes> {
    return new Uint8Array(await this.#files.get(name)!.slice(offset, offset + length).arrayBuffer());
  }
}

/** A record's JSON with a line for each member; what is no JSON as it is. */
function pretty(line: Bytes): string {
  const text = fromUtf8(line) ?? new TextDecoder().decode(line);
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
