import { Malformed, fromUtf8, type Bytes } from "./bytes";
import { JsonScanner } from "./json";
import { isSpiffeId } from "./spiffe";

/** Records: their common members and the one of their own (docs/spec/records.md). */

/** The own member of each known kind (records.md §4). */
const OWN: Readonly<Record<string, string>> = {
  "task.started": "request",
  "task.ended": "outcome",
  "context.captured": "context",
  "delegation.granted": "delegation",
  "delegation.ended": "delegation",
  "policy.decided": "policy",
  "policy.loaded": "bundle",
  "approval.requested": "approval",
  "approval.recorded": "approval",
  "credential.issued": "credential",
  "credential.used": "credential",
  "credential.refused": "credential",
  "credential.expired": "credential",
  "credential.revoked": "credential",
  "action.requested": "action",
  "action.completed": "action",
  "effect.observed": "effect",
  "gap.declared": "gap",
  "ledger.key_rotated": "ledger",
  "ledger.trust_changed": "ledger",
  "ledger.key_revoked": "ledger",
  "ledger.enrolled": "ledger",
  "ledger.accessed": "ledger",
  "ledger.exported": "ledger",
  "ledger.shredded": "ledger",
  "ledger.held": "ledger",
  "ledger.released": "ledger",
};

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const KIND = /^[a-z0-9_]+\.[a-z0-9_]+$/;
const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z$/;
const TRACE = /^(?!0+$)[0-9a-f]{32}$/;
const SPAN = /^(?!0+$)[0-9a-f]{16}$/;

export const isTraceId = (text: string): boolean => TRACE.test(text);
export const isRecordId = (text: string): boolean => ID.test(text);

/** An instant: whole seconds since 1970, and microseconds (0 to 999,999). */
export interface Instant {
  readonly seconds: number;
  readonly micros: number;
}

/** Positive when `a` is later than `b`. */
export const compareTimes = (a: Instant, b: Instant): number => a.seconds - b.seconds || a.micros - b.micros;

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Reads a record's time (records.md §3); undefined for any other text. */
export function readTime(text: string): Instant | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second, micros] = match.slice(1).map(Number) as [number, number, number, number, number, number, number];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > DAYS[month - 1]! + (leap && month === 2 ? 1 : 0)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return { seconds: daysBefore(year, month, day) * 86400 + hour * 3600 + minute * 60 + second, micros };
}

export function addMicros(time: Instant, micros: number): Instant {
  const sum = time.micros + micros, seconds = Math.floor(sum / 1_000_000);
  return { seconds: time.seconds + seconds, micros: sum - seconds * 1_000_000 };
}

/** Days from 1970-01-01 to a date of the Gregorian calendar. */
export function daysBefore(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1, era = Math.floor(y / 400), yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468;
}

/** What a verifier uses of a record. */
export interface CairnRecord {
  readonly id: string;
  readonly kind: string;
  readonly time: Instant;
  readonly trace: string;
  readonly span: string;
  readonly parent: string | undefined;
  readonly seq: number;
  readonly actor: string;
  /** Name and bytes (JSON) of the own member. */
  readonly own: string;
  readonly body: Bytes;
}

const scanner = new JsonScanner();
const actorScanner = new JsonScanner();
const attributeScanner = new JsonScanner();
const ascii = new TextDecoder("latin1");

const refuse = (what: string): never => {
  throw new Malformed(`not a record: ${what}`);
};

/** Reads a record (records.md §1 to §3). Throws {@link Malformed}. */
export function readRecord(bytes: Bytes): CairnRecord {
  const members = scanner.object(bytes);
  // One character for each byte: what is taken from it below holds ASCII alone.
  const text = ascii.decode(bytes);
  let v: string | undefined, id: string | undefined, kind: string | undefined, time: string | undefined, trace: string | undefined;
  let span: string | undefined, parent: string | undefined, task: string | undefined, seq: string | undefined;
  let actor: Bytes | undefined, own: string | undefined, body: Bytes | undefined;
  for (let i = 0; i < members.count; i++) {
    const start = members.start[i]!, end = members.end[i]!;
    const name = members.escaped[i]
      ? (JSON.parse(fromUtf8(bytes.subarray(members.nameStart[i]! - 1, members.nameEnd[i]! + 1))!) as string)
      : text.slice(members.nameStart[i], members.nameEnd[i]);
    switch (name) {
      case "v": v = text.slice(start, end); break;
      case "seq": seq = text.slice(start, end); break;
      case "id": id = word(text, start, end, name); break;
      case "kind": kind = word(text, start, end, name); break;
      case "time": time = word(text, start, end, name); break;
      case "trace": trace = word(text, start, end, name); break;
      case "span": span = word(text, start, end, name); break;
      case "parent": parent = word(text, start, end, name); break;
      case "task": task = word(text, start, end, name); break;
      case "actor": actor = bytes.subarray(start, end); break;
      case "attributes": checkAttributes(bytes.subarray(start, end)); break;
      default:
        if (own !== undefined) refuse("two members beyond the common ones");
        own = fromUtf8(bytes.subarray(members.nameStart[i]!, members.nameEnd[i]!))!;
        if (members.escaped[i]) own = name;
        body = bytes.subarray(start, end);
    }
  }
  if (v !== "1") refuse("v is not 1");
  if (id === undefined || !ID.test(id)) return refuse("id is no UUID of version 7");
  if (kind === undefined || kind.length > 64 || !KIND.test(kind)) return refuse("kind is not word.word");
  const instant = time === undefined ? undefined : readTime(time);
  if (!instant) return refuse("time is not YYYY-MM-DDThh:mm:ss.ffffffZ");
  if (trace === undefined || !TRACE.test(trace)) return refuse("trace is no trace id");
  if (span === undefined || !SPAN.test(span)) return refuse("span is no span id");
  if (parent !== undefined && !SPAN.test(parent)) refuse("parent is no span id");
  if (task !== undefined && !SPAN.test(task)) refuse("task is no span id");
  if (seq === undefined || !/^[0-9]+$/.test(seq)) return refuse("seq is no integer from 0");
  if (!actor) return refuse("there is no actor");
  if (own === undefined || !body) return refuse("there is no member of its own");
  if (body[0] !== 0x7b) refuse(`${own} is no object`);
  if (Object.hasOwn(OWN, kind) && OWN[kind] !== own) refuse(`a ${kind} has the member ${OWN[kind]}, found ${own}`);
  return { id, kind, time: instant, trace, span, parent, seq: Number(seq), actor: actorId(actor), own, body };
}

/** A text without escapes. */
function word(text: string, start: number, end: number, name: string): string {
  const value = text.slice(start + 1, end - 1);
  if (text.charCodeAt(start) !== 0x22 || value.includes("\\")) refuse(`${name} is no text without escapes`);
  return value;
}

let lastActor: Bytes | undefined;
let lastActorId = "";

function actorId(bytes: Bytes): string {
  if (lastActor && lastActor.length === bytes.length) {
    let same = true;
    for (let i = 0; same && i < bytes.length; i++) same = lastActor[i] === bytes[i];
    if (same) return lastActorId;
  }
  if (bytes[0] !== 0x7b) refuse("actor is no object");
  const members = actorScanner.object(bytes);
  const found = new Map<string, Bytes>();
  for (let i = 0; i < members.count; i++) {
    const quoted = fromUtf8(bytes.subarray(members.nameStart[i]! - 1, members.nameEnd[i]! + 1))!;
    found.set(JSON.parse(quoted) as string, bytes.subarray(members.start[i]!, members.end[i]!));
  }
  const id = found.get("id");
  if (!id || id[0] !== 0x22) return refuse("actor.id is no text");
  const name = fromUtf8(id.subarray(1, -1))!;
  if (!isSpiffeId(name)) refuse("actor.id is no SPIFFE ID without escapes");
  for (const member of ["instance", "owner"]) if (found.get(member)?.[0] !== 0x22) refuse(`actor.${member} is no text`);
  lastActor = bytes.slice();
  lastActorId = name;
  return name;
}

/** Attributes are texts, booleans, numbers and arrays of them (records.md §3). */
function checkAttributes(bytes: Bytes): void {
  if (bytes[0] !== 0x7b) refuse("attributes is no object");
  const members = attributeScanner.object(bytes);
  for (let i = 0; i < members.count; i++) {
    const first = bytes[members.start[i]!];
    if (first === 0x7b || first === 0x6e) refuse("an attribute is no text, boolean, number or array of them");
    if (first !== 0x5b) continue;
    const value = JSON.parse(fromUtf8(bytes.subarray(members.start[i]!, members.end[i]!))!) as unknown[];
    if (value.some((item) => item === null || typeof item === "object")) refuse("an attribute's array holds more than texts, booleans and numbers");
  }
}

/** The own member's value. Its bytes were checked, so that parsing cannot fail or take them differently. */
export function bodyOf(record: CairnRecord): Readonly<Record<string, unknown>> {
  return JSON.parse(fromUtf8(record.body)!) as Record<string, unknown>;
}
