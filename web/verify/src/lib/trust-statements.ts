import { equal, type Bytes } from "./bytes";
import type { Issuers } from "./issuers";
import { readTrustLine, type TrustLine } from "./lines";
import type { Member } from "./member";
import { RightEdge, type TreeHead } from "./merkle";
import { orFail, type Fail, type Notes } from "./notes";
import { Places } from "./places";
import { compareTimes, readRecord, type Instant } from "./record";
import { readKeyRevocation, type KeyRevocation, type Revocations } from "./revocations";
import { leafHash } from "./sha256";
import { domainOf } from "./spiffe";
import { readStatement, type Statement } from "./statement";
import { readTrustChange, type TrustChange, type TrustTimeline } from "./trust-changes";

const LINE = 16 << 20;

/** Who signed a statement, with the SHA-256 of the key's SubjectPublicKeyInfo. */
interface Signed {
  readonly issuer: string;
  readonly key: string;
}

/** Reads trust.jsonl: statements with changes of trust bundles and revocations of keys, before those they speak for (docs/spec/verification.md §10, §14). */
export async function readTrustStatements(member: Member, newest: TreeHead, issuers: Issuers, timeline: TrustTimeline, revocations: Revocations, notes: Notes): Promise<void> {
  const places = new Places(newest), signed: (Signed & { readonly index: bigint })[] = [];
  for (let line; (line = await member.line(LINE)); ) {
    const read = readTrustLine(line) ?? member.malformed(), by = await readOne(read, places, issuers, timeline, revocations, notes);
    if (by) signed.push({ ...by, index: read.index });
  }
  // Not before: a later line may revoke the key of an earlier one.
  for (const { issuer, index, key } of signed) revocations.check(issuer, index, key, false);
}

/** One statement with changes and revocations: they are accepted when nothing about it failed. Gives who signed it, where a key was found. */
async function readOne(line: TrustLine, places: Places, issuers: Issuers, timeline: TrustTimeline, revocations: Revocations, notes: Notes): Promise<Signed | undefined> {
  const note = notes.failOf({ kind: "statement", id: `${line.index}` });
  let sound = true;
  const fail: Fail = (code, expected, found) => {
    sound = false;
    note(code, expected, found);
  };
  places.order(line.index, fail);
  const malformed = (found: string): void => fail("trust-change-malformed", "a signed statement with changes of trust bundles or revocations of keys", found);
  const statement = orFail(() => readStatement(line.statement), malformed);
  if (!statement) return undefined;
  places.check(line.statement, line.index, line.path, fail);
  checkBodies(line, statement, fail);
  const read = orFail(() => readChanges(line.bodies), malformed);
  if (!read) return undefined;
  const rule = issuers.ruleFor(statement);
  if (rule?.role !== "operator") fail("trust-change-untrusted", `an emitter line that makes ${statement.issuer} an operator`, rule ? `one that makes it ${rule.role}` : "none");
  const key = await issuers.check(statement, line.index, rule, read.latest, fail), by = key === undefined ? undefined : { issuer: statement.issuer, key };
  if (!sound) return by;
  for (const revocation of read.revocations) revocations.accept(revocation, domainOf(statement.issuer), line.index);
  for (const change of read.changes) {
    if (change.domain !== domainOf(statement.issuer)) continue;
    const last = timeline.last(change.domain);
    if (change.old === last) timeline.accept(change, line.index);
    else note("trust-change-missing", `a change that takes the place of ${last ?? "none"}`, `one of ${change.old ?? "none"}`);
  }
  return by;
}

/** Compares the records of a line with those that its statement signs (§4, 4). */
export function checkBodies(line: TrustLine, statement: Statement, fail: Fail): void {
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

/** The changes and revocations in a statement's records, and the latest time of these. Throws {@link Malformed}. */
function readChanges(bodies: readonly Bytes[]): { changes: readonly TrustChange[]; revocations: readonly KeyRevocation[]; latest: Instant | undefined } {
  const changes: TrustChange[] = [], revocations: KeyRevocation[] = [];
  let latest: Instant | undefined;
  for (const body of bodies) {
    const record = readRecord(body), change = readTrustChange(record), revocation = readKeyRevocation(record);
    if (!latest || compareTimes(record.time, latest) > 0) latest = record.time;
    if (change) changes.push(change);
    if (revocation) revocations.push(revocation);
  }
  return { changes, revocations, latest };
}
