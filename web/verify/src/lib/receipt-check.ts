import { base64, equal, hex } from "./bytes";
import { isSignedBy, rootFromEntry, rootFromOlder, thumbprint, type CoseReceipt } from "./cose-receipt";
import { LogKeys } from "./log-keys";
import type { TreeHead } from "./merkle";
import { describeHead, keyLabel, type Checkpoint, type VerifierKey } from "./note";
import { isAccepted, judge, type TrustPolicy } from "./policy";
import { proves, type Receipt } from "./receipt";
import type { Statement } from "./statement";

/** What a policy says of receipts (docs/spec/receipts.md §2, §6, §7); accepted exactly when nothing failed. */
export interface ReceiptVerdict {
  readonly failures: readonly string[];
  /** The keys of the policy that signed a good receipt. */
  readonly keys: readonly VerifierKey[];
  /** The statement's index; undefined for receipts of consistency, and where none is good. */
  readonly index: bigint | undefined;
  /** The tree that good receipts are of: for consistency the newer one. */
  readonly head: TreeHead | undefined;
  /** Whether a checkpoint proves index and size. */
  readonly placeProved: boolean;
}

/** A tlog-proof (§2). */
export function checkTlogProof(receipt: Receipt, statement: Statement, policy: TrustPolicy): ReceiptVerdict {
  const failures = faultsOf(policy, receipt.checkpoint), judged = judge(policy, receipt.checkpoint);
  const leads = proves(receipt, statement.bytes);
  if (!leads) failures.push(`the statement does not lead from index ${receipt.index} to the checkpoint's tree of ${describeHead(receipt.checkpoint)}`);
  return {
    failures,
    keys: judged.own.filter((key) => !judged.absent.includes(key) && !judged.badLogs.includes(key)),
    index: receipt.index,
    head: receipt.checkpoint,
    placeProved: failures.length === 0,
  };
}

/** COSE Receipts of inclusion (§6). */
export function checkInclusionReceipts(statement: Statement, receipts: readonly CoseReceipt[], policy: TrustPolicy, checkpoint?: Checkpoint): ReceiptVerdict {
  const failures: string[] = [], good: { key: VerifierKey; index: bigint; head: TreeHead }[] = [];
  receipts.forEach((receipt, i) => {
    const fail = (what: string): void => void failures.push(`receipt ${i + 1}: ${what}`);
    const { kind, first, second } = receipt.proof;
    if (kind !== "inclusion") return fail("expected a receipt of inclusion, found one of consistency");
    const key = keyOf(receipt, policy, first, fail);
    if (!key) return;
    if (receipt.subject !== statement.stream) return fail(`expected the statement's sub ${statement.stream}, found ${receipt.subject ?? "none"}`);
    const root = rootFromEntry(receipt, statement.bytes);
    if (!root) return fail(`a path of ${receipt.proof.path.length} hashes does not fit leaf ${second} of ${first}`);
    if (!isSignedBy(receipt, key, root)) return fail(`the statement at index ${second} leads to the root ${base64(root)} of size ${first}, which the signature by ${keyLabel(key)} is not over`);
    good.push({ key, index: second, head: { size: first, root } });
  });
  const largest = good.reduce<(typeof good)[number] | undefined>((best, one) => (best && best.head.size >= one.head.size ? best : one), undefined);
  if (!largest) return nothing(failures, policy);
  const keys = unique(good.map((one) => one.key));
  for (const origin of new Set(good.map((one) => one.key.name))) {
    const largestOf = good.filter((one) => one.key.name === origin).reduce((size, one) => (one.head.size > size ? one.head.size : size), 0n);
    failures.push(...missing(policy, origin, largestOf, keys));
    const places = new Set(good.filter((one) => one.key.name === origin).map((one) => one.index));
    if (places.size > 1) failures.push(`the receipts of ${origin} give the statement the indices ${[...places].join(" and ")}`);
  }
  failures.push(...quorum(policy, checkpoint, largest.key.name, largest.head));
  return { failures, keys, index: largest.index, head: largest.head, placeProved: checkpoint !== undefined && failures.length === 0 };
}

/** COSE Receipts of consistency (§7). */
export function checkConsistencyReceipts(receipts: readonly CoseReceipt[], older: Checkpoint, policy: TrustPolicy, newer?: Checkpoint): ReceiptVerdict {
  const failures = faultsOf(policy, older).map((fault) => `older checkpoint: ${fault}`), good: { key: VerifierKey; head: TreeHead }[] = [];
  receipts.forEach((receipt, i) => {
    const fail = (what: string): void => void failures.push(`receipt ${i + 1}: ${what}`);
    const { kind, first, second, path } = receipt.proof;
    if (kind !== "consistency") return fail("expected a receipt of consistency, found one of inclusion");
    const key = keyOf(receipt, policy, second, fail);
    if (!key) return;
    if (receipt.issuer !== older.origin || receipt.subject !== older.origin) return fail(`expected iss and sub ${older.origin}, the older checkpoint's, found ${receipt.issuer} and ${receipt.subject ?? "none"}`);
    if (first !== older.size) return fail(`expected it from the tree of ${older.size}, the older checkpoint's, found it from ${first}`);
    const root = rootFromOlder(receipt, older);
    if (!root) return fail(`a path of ${path.length} hashes does not lead from the root ${base64(older.root)} of ${first} to a tree of ${second}`);
    if (!isSignedBy(receipt, key, root)) return fail(`the path leads to the root ${base64(root)} of size ${second}, which the signature by ${keyLabel(key)} is not over`);
    good.push({ key, head: { size: second, root } });
  });
  const [one] = good;
  if (!one) return nothing(failures, policy);
  const keys = unique(good.map(({ key }) => key));
  failures.push(...missing(policy, older.origin, one.head.size, keys));
  if (good.some(({ head }) => head.size !== one.head.size || !equal(head.root, one.head.root))) failures.push("the receipts lead to more than one tree; verify those of one tree at a time");
  failures.push(...quorum(policy, newer, older.origin, one.head));
  return { failures, keys, index: undefined, head: one.head, placeProved: newer !== undefined && failures.length === 0 };
}

/** The key of the policy that signed a tree of that size; a receipt of a log that the policy does not name counts for nothing. */
function keyOf(receipt: CoseReceipt, policy: TrustPolicy, size: bigint, fail: (what: string) => void): VerifierKey | undefined {
  const named = [...policy.logs, ...policy.retired.map(({ key }) => key)].filter((key) => key.name === receipt.issuer);
  if (named.length === 0) return undefined;
  const key = named.find((one) => {
    const own = thumbprint(one);
    return own && receipt.kid && equal(own, receipt.kid);
  });
  if (!key) {
    fail(`expected a key of ${receipt.issuer} that the policy names, found ${receipt.kid ? `kid ${hex(receipt.kid)}` : "no kid"}`);
    return undefined;
  }
  const past = policy.retired.find((retired) => retired.key === key);
  if (past && size > past.size) {
    fail(`the log key ${keyLabel(key)} was retired and speaks for trees of at most ${past.size} statements, not of ${size}`);
    return undefined;
  }
  return key;
}

const unique = (keys: readonly VerifierKey[]): VerifierKey[] => [...new Set(keys)];

function nothing(failures: readonly string[], policy: TrustPolicy): ReceiptVerdict {
  const names = [...new Set(policy.logs.map((key) => key.name))].join(", ") || "none";
  return {
    failures: failures.length > 0 ? failures : [`no receipt by a log that the policy names; it names ${names}`],
    keys: [],
    index: undefined,
    head: undefined,
    placeProved: false,
  };
}

/** A good receipt by each key (§6, 2): whoever breaks one algorithm must not get by with leaving out the other. */
const missing = (policy: TrustPolicy, origin: string, size: bigint, good: readonly VerifierKey[]): string[] =>
  new LogKeys(policy, origin, size).newest.filter((key) => !good.includes(key)).map((key) => `no receipt by log key ${keyLabel(key)}`);

function quorum(policy: TrustPolicy, checkpoint: Checkpoint | undefined, origin: string, head: TreeHead): string[] {
  if (!checkpoint) {
    return policy.quorum === undefined ? [] : [`the policy asks for the quorum ${policy.quorum}, and a COSE receipt carries no cosignatures: give the signed checkpoint of size ${head.size}`];
  }
  const failures = faultsOf(policy, checkpoint).map((fault) => `checkpoint: ${fault}`);
  if (checkpoint.origin !== origin || checkpoint.size !== head.size || !equal(checkpoint.root, head.root)) {
    failures.unshift(`expected a checkpoint of ${origin} with ${describeHead(head)}, found one of ${checkpoint.origin} with ${describeHead(checkpoint)}`);
  }
  return failures;
}

/** Why the policy does not accept a checkpoint (trust-policy.md §4). */
function faultsOf(policy: TrustPolicy, checkpoint: Checkpoint): string[] {
  const judged = judge(policy, checkpoint);
  if (isAccepted(judged)) return [];
  return [
    ...(judged.own.length === 0 ? [`no log key of the policy has the name ${checkpoint.origin}`] : []),
    ...judged.absent.map((key) => `no signature by ${keyLabel(key)}`),
    ...judged.badLogs.map((key) => `the signature by ${keyLabel(key)} is not good`),
    ...judged.retired.map((key) => `a signature by ${keyLabel(key)}, which was retired before this tree`),
    ...judged.badWitnesses.map((witness) => `the cosignature by ${witness.name} is not good`),
    ...(judged.extensionsUnsigned ? ["extension lines that no signature is over"] : []),
    ...(judged.quorumMet ? [] : [`the quorum ${policy.quorum} is not met`]),
  ];
}
