import { utf8 } from "./bytes";
import { checkSignatures } from "./checkpoints";
import { readAnchorLine, type AnchorLine } from "./lines";
import type { LogKeys } from "./log-keys";
import type { Member } from "./member";
import { isConsistent } from "./merkle";
import { describeHead, readCheckpoint, readNote, type Checkpoint } from "./note";
import { orFail, type Notes } from "./notes";
import { judge, type Judgement, type TrustPolicy } from "./policy";
import { Stop, type Subject } from "./stop";
import { latestOf, showUtc, Times, type Anchor, type Claim } from "./times";
import { judgeToken } from "./timestamp";

const FIVE_MINUTES = 300;
const LINE = 1 << 20;
const LINES = 1 << 16;

/**
 * Reads anchors.jsonl, where there is one: the bundle's own checkpoint is an anchor too. Contradictions among them are noted
 * (docs/spec/timestamps.md §4, §6).
 */
export async function readAnchors(member: Member | undefined, newest: Checkpoint, judgement: Judgement, policy: TrustPolicy, keys: LogKeys, notes: Notes): Promise<Times> {
  const anchors: Anchor[] = [{ size: newest.size, claims: claimsOf(judgement) }];
  let last = -1n;
  for (let line; (line = await member?.line(LINE)); ) {
    if (member!.lines > LINES) throw new Stop("file-too-large", "file", "anchors.jsonl", `at most ${LINES} lines`, "more");
    const read = readAnchorLine(line) ?? member!.malformed(), fail = notes.failOf({ kind: "anchor", id: `line ${member!.lines}` });
    const checkpoint = orFail(() => readCheckpoint(readNote(read.checkpoint)), (found) => fail("checkpoint-malformed", "a signed checkpoint", found));
    if (!checkpoint) continue;
    if (checkpoint.size <= last) member!.malformed();
    last = checkpoint.size;
    const claims = judgeAnchor(read, checkpoint, newest, policy, keys, notes);
    if (claims) anchors.push({ size: checkpoint.size, claims });
  }
  const times = new Times(anchors);
  for (const { anchor, claim, earlier } of times.contradictions(FIVE_MINUTES)) {
    const fail = notes.failOf({ kind: "anchor", id: `${newest.origin} size ${anchor.size}` });
    fail("time-contradicted", `a time after ${showUtc(earlier.time)}, when ${earlier.name} knew no tree as large`, `${showUtc(latestOf(claim))}, by the word of ${claim.name}`);
  }
  return times;
}

/** The claims of an anchor; undefined where it does not hold. */
function judgeAnchor(line: AnchorLine, checkpoint: Checkpoint, newest: Checkpoint, policy: TrustPolicy, keys: LogKeys, notes: Notes): Claim[] | undefined {
  const before = notes.integrity.count, subject: Subject = { kind: "anchor", id: `${checkpoint.origin} size ${checkpoint.size}` }, fail = notes.failOf(subject);
  if (checkpoint.origin !== newest.origin) fail("checkpoint-origin", `the origin ${newest.origin} of the bundle's checkpoint`, checkpoint.origin);
  const judged = checkpoint.origin === newest.origin ? judge(policy, checkpoint, keys, keys.at(checkpoint.size)) : judge(policy, checkpoint);
  checkSignatures(judged, checkpoint, fail);
  if (!isConsistent(checkpoint, newest, line.consistency)) fail("head-inconsistent", `a path to the checkpoint of ${describeHead(newest)}`, "one that does not lead there");
  if (notes.integrity.count > before) return undefined;
  const claims = claimsOf(judged);
  for (const token of line.tokens) {
    const result = judgeToken(token, utf8(checkpoint.note.text), policy.timestampers);
    if (result.fault === undefined) claims.push({ by: "timestamper", name: result.timestamper, time: result.time, accuracy: result.accuracy });
    else if (result.fault === "unknown") notes.warn({ code: "timestamp-unknown", subject, expected: "a token by a timestamper of the trust policy", found: result.found });
    else fail(`timestamp-${result.fault}`, "a time stamp token over this checkpoint that holds", result.found);
  }
  return claims;
}

const claimsOf = (judged: Judgement): Claim[] =>
  judged.claims.map(({ by, name, time }) => ({ by, name, time: { seconds: Number(time), micros: 0 }, accuracy: undefined }));
