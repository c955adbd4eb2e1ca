import { IdSet } from "./ids";
import type { Role } from "./policy";
import { bodyOf, compareTimes, isRecordId, type CairnRecord, type Instant } from "./record";
import type { Failure, Subject } from "./stop";

/** Streams, sequences, actions and counts: completeness and corroboration (docs/spec/verification.md §5, §7). */

const FIVE_MINUTES = 300;
export const addSeconds = (time: Instant, seconds: number): Instant => ({ seconds: time.seconds + seconds, micros: time.micros });

export type Assurance = "reported" | "observed" | "confirmed";

/** What a record's assurance is, by who signed it and who acted (§7). */
export const assuranceOf = (role: Role | undefined, issuer: string, actor: string): Assurance =>
  issuer === actor ? "reported" : role === "gateway" ? "observed" : role === "importer" ? "confirmed" : "reported";

/** One run of an emitter, as the bundle shows it. */
export interface StreamState {
  readonly id: string;
  readonly issuer: string;
  /** By the policy, as its first statement names its key. */
  readonly role: Role | undefined;
  /** The highest statement ordinal so far, and the hash of the statement that had it. */
  highest: bigint;
  hash: Uint8Array | undefined;
  next: number;
  records: number;
  ended: boolean;
  onlyGaps: boolean;
  latest: Instant | undefined;
}

interface Count {
  readonly emitter: string;
  readonly records: number;
  readonly by: string;
}

/** Takes the records of all streams in the bundle's order. */
export class Trail {
  readonly streams = new Map<string, StreamState>();
  readonly actions = { actions: 0, reported: 0, observed: 0, confirmed: 0, effects: 0 };
  records = 0;
  gaps = 0;
  rooted = false;
  readonly #ids = new IdSet();
  /** Open actions, by issuer and the id of the request; true for those that were accepted. */
  readonly #open = new Map<string, Map<string, boolean>>();
  readonly #counts = new Map<string, Count>();
  readonly #trace: string;
  readonly #checkpointTime: Instant | undefined;
  readonly #fail: (failure: Failure) => void;
  readonly #warn: (failure: Failure) => void;

  constructor(trace: string, checkpointTime: Instant | undefined, fail: (failure: Failure) => void, warn: (failure: Failure) => void) {
    this.#trace = trace;
    this.#checkpointTime = checkpointTime;
    this.#fail = fail;
    this.#warn = warn;
  }

  stream(id: string, issuer: string, role: Role | undefined): StreamState {
    let stream = this.streams.get(id);
    if (!stream) {
      stream = {
        id, issuer, role, highest: -1n, hash: undefined, next: 0, records: 0, ended: false, onlyGaps: true, latest: undefined,
      };
      this.streams.set(id, stream);
    }
    return stream;
  }

  record(record: CairnRecord, stream: StreamState, assurance: Assurance): void {
    const { id, seq } = record;
    const subject: Subject = { kind: "record", id };
    const fail = (code: string, expected: string, found: string): void => this.#fail({ code, subject, expected, found });
    this.records++;
    if (record.trace !== this.#trace) fail("record-trace", `a record of the trail ${this.#trace}`, record.trace);
    if (!this.#ids.add(id)) fail("record-duplicate", "an id of its own", "a second record with it");
    if (seq > stream.next) {
      fail("sequence-gap", `ordinal ${stream.next} of stream ${stream.id}`, `${seq}: ${seq - stream.next} records before it are missing`);
      stream.next = seq + 1;
    } else if (seq < stream.next) {
      fail("sequence-repeated", `ordinal ${stream.next} of stream ${stream.id}`, `${seq}: it came before, or stands in another order than it was made`);
    } else {
      stream.next++;
    }
    if (this.#checkpointTime && compareTimes(record.time, addSeconds(this.#checkpointTime, FIVE_MINUTES)) > 0) {
      this.#warn({ code: "time-after-checkpoint", subject, expected: "a time at most five minutes after the checkpoint's", found: showTime(record.time) });
    }
    if (stream.latest && compareTimes(record.time, addSeconds(stream.latest, -FIVE_MINUTES)) < 0) {
      this.#warn({ code: "clock-went-back", subject, expected: `a time at most five minutes before ${showTime(stream.latest)}`, found: showTime(record.time) });
    }
    if (!stream.latest || compareTimes(record.time, stream.latest) > 0) stream.latest = record.time;
    stream.records++;
    stream.ended = false;
    if (record.kind !== "gap.declared") stream.onlyGaps = false;
    this.#kind(record, stream, assurance, fail);
  }

  #openOf(issuer: string): Map<string, boolean> {
    let open = this.#open.get(issuer);
    if (!open) this.#open.set(issuer, (open = new Map()));
    return open;
  }

  #kind(record: CairnRecord, stream: StreamState, assurance: Assurance, fail: (code: string, expected: string, found: string) => void): void {
    switch (record.kind) {
      case "task.started":
        if (record.parent === undefined) this.rooted = true;
        break;
      case "action.requested":
        this.#openOf(stream.issuer).set(record.id, false);
        this.actions.actions++;
        this.actions[assurance]++;
        break;
      case "action.completed": {
        const { requested, status } = bodyOf(record), open = this.#openOf(stream.issuer);
        if (typeof requested !== "string" || !isRecordId(requested) || typeof status !== "string") {
          fail("record-body", "the request that came out, and its status", "an action.completed without them");
        } else if (!open.has(requested)) {
          fail("action-unrequested", `an open request ${requested} of the same issuer`, "none: it is missing, or has its outcome");
        } else if (status === "accepted") {
          open.set(requested, true);
        } else {
          open.delete(requested);
        }
        break;
      }
      case "effect.observed":
        this.actions.effects++;
        break;
      case "gap.declared": {
        const { reason, count } = bodyOf(record);
        this.gaps++;
        this.#warn({ code: "gap-declared", subject: { kind: "record", id: record.id }, expected: "no declared gap", found: `one of ${String(count)}: ${String(reason)}` });
        break;
      }
      case "task.ended":
        this.#ended(record, stream, fail);
        break;
    }
  }

  #ended(record: CairnRecord, stream: StreamState, fail: (code: string, expected: string, found: string) => void): void {
    const { emitters } = bodyOf(record);
    const counts: { emitter: string; stream: string; records: number }[] = [];
    if (!Array.isArray(emitters)) return fail("record-body", "counts of each emitter's records", "a task.ended without them");
    for (const one of emitters as unknown[]) {
      const { emitter, stream: id, records } = (typeof one === "object" && one !== null ? one : {}) as Record<string, unknown>;
      if (typeof emitter !== "string" || typeof id !== "string" || !/^[0-9a-f]{32}$/.test(id) || typeof records !== "number" || !Number.isSafeInteger(records) || records < 0) {
        return fail("record-body", "counts of each emitter's records", "one of another form");
      }
      counts.push({ emitter, stream: id, records });
    }
    stream.ended = true;
    const own = counts.find((count) => count.stream === stream.id);
    if (own?.records !== record.seq + 1) fail("count-mismatch", `its own count of ${record.seq + 1} records`, own ? `${own.records}` : "none");
    for (const count of counts) {
      if (count.stream === stream.id) continue;
      const before = this.#counts.get(count.stream);
      if (!before || before.records < count.records) this.#counts.set(count.stream, { emitter: count.emitter, records: count.records, by: record.id });
    }
  }

  /** Whether another emitter's end counted this stream. */
  isListed(id: string): boolean {
    return this.#counts.has(id);
  }

  /** What can be said only when everything was read. */
  end(): void {
    if (this.records === 0) this.#fail({ code: "trail-empty", subject: { kind: "trail", id: this.#trace }, expected: "records", found: "none" });
    for (const open of this.#open.values()) {
      for (const [id, accepted] of open) {
        if (!accepted) this.#fail({ code: "action-open", subject: { kind: "record", id }, expected: "an outcome of this request", found: "none" });
      }
    }
    for (const stream of this.streams.values()) {
      if (!stream.ended && !(stream.onlyGaps && stream.records > 0)) {
        this.#fail({ code: "emitter-open", subject: { kind: "stream", id: stream.id }, expected: "a task.ended as its last record", found: `${stream.records} records of ${stream.issuer} without that end` });
      }
    }
    for (const [id, count] of this.#counts) {
      const stream = this.streams.get(id);
      const subject: Subject = { kind: "stream", id };
      if (!stream) {
        this.#fail({ code: "emitter-missing", subject, expected: `${count.records} records of ${count.emitter}, which record ${count.by} counts`, found: "none" });
        continue;
      }
      if (stream.records < count.records) {
        this.#fail({ code: "records-missing", subject, expected: `${count.records} records of ${count.emitter}, which record ${count.by} counts`, found: `${stream.records}` });
      }
    }
  }
}

/** A record's time as it was written. */
export function showTime(time: Instant): string {
  return `${new Date(time.seconds * 1000).toISOString().slice(0, 19)}.${String(time.micros).padStart(6, "0")}Z`;
}
