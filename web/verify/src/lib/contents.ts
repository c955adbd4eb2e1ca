import { concat, equal, fromHex, type Bytes } from "./bytes";
import { MOST_INPUT } from "./decisions/check";
import { readContentLine, type ContentLine } from "./lines";
import type { Member } from "./member";
import { bodyOf, type CairnRecord } from "./record";
import { startHmac } from "./sha256";
import type { Failure } from "./stop";

const CONTENT_LINE = 1 << 10;
const COMMITMENT = /^hmac-sha256:([0-9a-f]{64})$/;

/** Compares disclosed content with the records that commit to it (docs/spec/verification.md §6). */
export class ContentReader {
  readonly #lines: Member;
  readonly #bytes: Member;
  readonly #fail: (failure: Failure) => void;
  #next: ContentLine | undefined;
  #input: Bytes | "too-large" | undefined;
  #count = 0;

  constructor(lines: Member, bytes: Member, fail: (failure: Failure) => void) {
    this.#lines = lines;
    this.#bytes = bytes;
    this.#fail = fail;
  }

  /** Lines read so far, the one that waits for its record included. */
  get count(): number {
    return this.#count;
  }

  /** Reads the first line, before any record. */
  begin(): Promise<void> {
    return this.#advance();
  }

  async #advance(): Promise<void> {
    const line = await this.#lines.line(CONTENT_LINE);
    this.#next = line && (readContentLine(line) ?? this.#lines.malformed());
    if (line) this.#count++;
  }

  /** Takes the contents of a record, where the next lines name it. Gives the input of a decision, if it is among them and holds. */
  async record(record: CairnRecord): Promise<Bytes | "too-large" | undefined> {
    this.#input = undefined;
    while (this.#next?.record === record.id) {
      const line = this.#next, subject = { kind: "content", id: `${line.record} ${line.member}` } as const;
      const mac = startHmac(line.key), isInput = record.kind === "policy.decided" && line.member === "input";
      const isKept = isInput && line.bytes <= MOST_INPUT, pieces: Bytes[] = [];
      let left = line.bytes;
      while (left > 0n) {
        const piece = await this.#bytes.some(left > 65536n ? 65536 : Number(left));
        if (piece.length === 0) break;
        mac.update(piece);
        if (isKept) pieces.push(piece.slice());
        left -= BigInt(piece.length);
      }
      const committed = commitmentOf(record, line.member);
      if (!committed) this.#fail({ code: "content-unclaimed", subject, expected: "a member that commits to content", found: "none" });
      else if (left > 0n) this.#fail({ code: "content-mismatch", subject, expected: `${line.bytes} bytes`, found: `${line.bytes - left}` });
      else if (!equal(mac.digest(), committed)) this.#fail({ code: "content-mismatch", subject, expected: "the content and key that the record commits to", found: "others" });
      else if (isInput) this.#input = isKept ? concat(...pieces) : "too-large";
      await this.#advance();
    }
    return this.#input;
  }

  /** After the last record: nothing is left over. */
  async end(): Promise<void> {
    if (this.#next) {
      const { record, member } = this.#next;
      this.#fail({ code: "content-unclaimed", subject: { kind: "content", id: `${record} ${member}` }, expected: "a record in the order of contents", found: "none; nothing after it was compared" });
    }
    if ((await this.#bytes.some(1)).length > 0) this.#fail({ code: "content-unclaimed", subject: { kind: "file", id: "content.bin" }, expected: "the contents of content.jsonl", found: "more bytes" });
  }
}

/** The value that a record's member commits to, of the redacted form where it is kept so (records.md §5). */
function commitmentOf(record: CairnRecord, member: string): Uint8Array | undefined {
  const body = bodyOf(record);
  const held = Object.hasOwn(body, member) ? body[member] : undefined;
  if (typeof held !== "object" || held === null) return undefined;
  const { content, commitment, bytes, media, redacted_commitment: redacted } = held as Record<string, unknown>;
  const read = (value: unknown): Uint8Array | undefined => (typeof value === "string" ? fromHex(COMMITMENT.exec(value)?.[1] ?? "x") : undefined);
  const whole = read(commitment), form = read(redacted);
  if (!whole || typeof media !== "string" || !Number.isSafeInteger(bytes) || (bytes as number) < 0) return undefined;
  if (content === "redacted") return form;
  return (content === "none" || content === "full") && redacted === undefined ? whole : undefined;
}
