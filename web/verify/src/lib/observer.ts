import type { Bytes } from "./bytes";
import type { Result } from "./decisions/check";
import type { ProofLine } from "./lines";
import type { Checkpoint } from "./note";
import type { Judgement } from "./policy";
import type { CairnRecord } from "./record";
import type { Statement } from "./statement";
import type { Failure } from "./stop";
import type { Times } from "./times";
import type { Assurance, StreamState } from "./trail";
import type { Name } from "./zip";

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
  /** What recomputing a decision gave, after its record was heard of. */
  decision?(result: Result, place: Place): void;
  /** A piece of one of the bundle's files, in its order; for a reader that shows them afterwards. */
  piece?(name: Name, piece: Bytes): void;
  failure?(failure: Failure): void;
}
