import { equal, hex, Malformed } from "./bytes";
import { readRetirement, UnknownAlgorithm, type Retirement } from "./key-rotation";
import { readSuccessionLine, type SuccessionLine, type TrustLine } from "./lines";
import type { LogKeys } from "./log-keys";
import type { Member } from "./member";
import { isConsistent } from "./merkle";
import { describeHead, judgeKey, keyLabel, readCheckpoint, readNote, type Checkpoint } from "./note";
import type { Fail, Notes } from "./notes";
import { Places } from "./places";
import { ruleFor, type TrustPolicy } from "./policy";
import { compareTimes, readRecord, type Instant } from "./record";
import { readStatement, type Statement } from "./statement";
import { Stop } from "./stop";
import { checkBodies } from "./trust-statements";

/** Successions of the log's keys (docs/spec/verification.md §12). */

const LINE = 16 << 20;

/** A line's statement, for the check of its issuer, which comes when the roots of its time are known. */
export interface SuccessionStatement {
  readonly statement: Statement;
  readonly line: TrustLine;
  readonly latest: Instant | undefined;
  readonly fail: Fail;
}

/** Reads keys.jsonl; what holds moves the log's keys. */
export async function readSuccessions(member: Member, newest: Checkpoint, policy: TrustPolicy, keys: LogKeys, notes: Notes): Promise<readonly SuccessionStatement[]> {
  const statements: SuccessionStatement[] = [];
  const places = new Places(newest);
  let last = 0n;
  for (let bytes; (bytes = await member.line(LINE)); ) {
    const line = readSuccessionLine(bytes) ?? member.malformed();
    let sound = true;
    const failOf = (id: string): Fail => {
      const report = notes.failOf({ kind: "succession", id });
      return (code, expected, found) => {
        sound = false;
        report(code, expected, found);
      };
    };
    const fail = failOf(`line ${member.lines}`), failStatement = failOf(`${line.index}`);
    const checkpoint = readNotePart(line, fail);
    if (checkpoint && checkpoint.size <= last) throw new Stop("line-malformed", "file", member.entry.name, `a succession checkpoint of more than ${last} statements`, `${checkpoint.size} in line ${member.lines}`);
    const told = readStatementPart(line, newest, policy, places, fail, failStatement);
    if (told?.statement) statements.push({ statement: told.statement, line, latest: told.latest, fail: failStatement });
    if (!checkpoint) continue;
    if (checkpoint.origin !== newest.origin) fail("checkpoint-origin", `the origin ${newest.origin} of the bundle's checkpoint`, checkpoint.origin);
    if (!isConsistent(checkpoint, newest, line.consistency)) fail("head-inconsistent", `a path to the checkpoint of ${describeHead(newest)}`, "one that does not lead there");
    if (line.index >= checkpoint.size) fail("inclusion-path", `an index below the succession checkpoint's size ${checkpoint.size}`, `${line.index}`);
    if (line.index < last) fail("index-order", `an index from ${last}, the succession before it`, `${line.index}`);
    last = checkpoint.size;
    if (!told?.retirement) continue;
    checkSignatures(checkpoint, told.retirement, keys, fail);
    if (sound) keys.follow({ size: checkpoint.size, old: told.retirement.old, next: told.retirement.next });
  }
  return statements;
}

function readNotePart(line: SuccessionLine, fail: Fail): Checkpoint | undefined {
  try {
    const checkpoint = readCheckpoint(readNote(line.checkpoint));
    if (checkpoint.extensions.length === 0) return checkpoint;
    fail("succession-malformed", "a checkpoint without extension lines", "one with them");
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    fail("succession-malformed", "a signed checkpoint", error.message);
  }
  return undefined;
}

/** The operator's statement and its one retirement of keys of this log. `failStatement` is about the statement by its index. */
function readStatementPart(line: SuccessionLine, newest: Checkpoint, policy: TrustPolicy, places: Places, fail: Fail, failStatement: Fail): { statement: Statement; latest: Instant | undefined; retirement?: Retirement } | undefined {
  let read: { statement: Statement; latest: Instant | undefined } | undefined;
  try {
    const statement = readStatement(line.statement);
    places.check(line.statement, line.index, line.path, failStatement);
    checkBodies(line, statement, failStatement);
    const retirements: Retirement[] = [];
    let latest: Instant | undefined;
    for (const body of line.bodies) {
      const record = readRecord(body), retirement = readRetirement(record);
      if (!latest || compareTimes(record.time, latest) > 0) latest = record.time;
      if (retirement) retirements.push(retirement);
    }
    const rule = ruleFor(policy, statement.issuer, statement.key.by === "kid" ? hex(statement.key.kid) : undefined);
    if (rule?.role !== "operator") fail("succession-untrusted", `an emitter line that makes ${statement.issuer} an operator`, rule ? `one that makes it ${rule.role}` : "none");
    read = { statement, latest };
    if (retirements.length !== 1 || retirements[0]!.origin !== newest.origin) throw new Malformed(`expected one retirement of keys of ${newest.origin}, found ${retirements.length}, or of another log`);
    return { ...read, retirement: retirements[0]! };
  } catch (error) {
    if (error instanceof UnknownAlgorithm) fail("algorithm-unknown", "keys of known algorithms", error.message);
    else if (error instanceof Malformed) fail("succession-malformed", "an operator's statement that retires keys of the log", error.message);
    else throw error;
    return read;
  }
}

/** Old and new keys signed, and nobody else; no key that was retired; no algorithm of the verifier's own was given up. */
function checkSignatures(checkpoint: Checkpoint, { old, next }: Retirement, keys: LogKeys, fail: Fail): void {
  const all = [...old, ...next], { note } = checkpoint;
  if (note.signatures.length !== all.length || note.signatures.some((line) => !all.some((key) => key.name === line.name && equal(key.keyId, line.keyId)))) {
    fail("succession-malformed", `${all.length} signatures, by the old keys and the new ones`, `${note.signatures.length}, or others`);
  }
  for (const key of all) {
    if (judgeKey(note, key, checkpoint).state !== "good") fail("succession-unsigned", `a signature by the ${old.includes(key) ? "old" : "new"} log key ${keyLabel(key)} that verifies`, "none, or one that does not");
  }
  for (const key of keys.retiredBefore(checkpoint.size)) {
    if (judgeKey(note, key, checkpoint).state === "good") fail("key-retired", `no signature by ${keyLabel(key)}, which was retired before this tree`, "one");
  }
  const lost = keys.common(old).filter((key) => !next.some((one) => one.type === key.type));
  if (lost.length > 0) fail("succession-downgrade", "new keys of each algorithm of the old ones", `none of type ${lost.map((key) => key.type).join(", ")}`);
}
