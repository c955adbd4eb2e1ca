import { Malformed, type Bytes } from "./bytes";
import type { LogKeys } from "./log-keys";
import { keyLabel, readCheckpoint, readNote, type Checkpoint } from "./note";
import type { Fail, Notes } from "./notes";
import { judge, type Judgement, type TrustPolicy } from "./policy";
import { Stop } from "./stop";

/** The bundle's checkpoint, and whose signatures it has (docs/spec/verification.md §3). */

/** Reads the checkpoint. Throws {@link Stop} for bytes that are none. */
export function readBundleCheckpoint(bytes: Bytes): Checkpoint {
  try {
    return readCheckpoint(readNote(bytes));
  } catch (error) {
    if (error instanceof Malformed) throw new Stop("checkpoint-malformed", "checkpoint", "checkpoint", "a signed checkpoint", error.message);
    throw error;
  }
}

/** Judges it by the keys that its log had, as the policy and the successions give them. */
export function judgeCheckpoint(checkpoint: Checkpoint, origin: string, policy: TrustPolicy, keys: LogKeys, notes: Notes): Judgement {
  const judgement = judge(policy, checkpoint, keys), fail = notes.failOf({ kind: "checkpoint", id: checkpoint.origin });
  if (checkpoint.origin !== origin) fail("checkpoint-origin", `the manifest's origin ${origin}`, checkpoint.origin);
  checkSignatures(judgement, checkpoint, fail);
  if (!judgement.quorumMet) {
    fail("quorum-not-met", `the quorum ${policy.quorum}`, judgement.goodWitnesses.length === 0 ? "no cosignature" : `those of ${judgement.goodWitnesses.join(", ")}`);
  }
  return judgement;
}

/** Whose signatures are missing or do not verify, but for the quorum. */
export function checkSignatures(judged: Judgement, checkpoint: Checkpoint, fail: Fail): void {
  if (judged.own.length === 0) fail("checkpoint-origin", "an origin for which the policy has log keys", checkpoint.origin);
  for (const key of judged.badLogs) fail("checkpoint-signature", `signatures by ${keyLabel(key)} that verify`, "one that does not");
  for (const key of judged.absent) fail("checkpoint-unsigned", `a signature by ${keyLabel(key)}`, "none");
  for (const key of judged.retired) fail("key-retired", `no signature by ${keyLabel(key)}, which was retired before this tree`, "one");
  if (judged.extensionsUnsigned) fail("checkpoint-unsigned", "a signature over the extension lines", "none");
  for (const witness of judged.badWitnesses) fail("cosignature-invalid", `cosignatures by ${witness.name} that verify`, "one that does not");
}
