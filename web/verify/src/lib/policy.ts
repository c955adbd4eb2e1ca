import { fromBase64, fromDecimal, hex, latin1, Malformed, fromUtf8, type Bytes } from "./bytes";
import { readCertificate, type Certificate } from "./certificate";
import { LogKeys, sameKey } from "./log-keys";
import { judgeKey, readVerifierKey, type Checkpoint, type KeyResult, type VerifierKey } from "./note";
import type { Instant } from "./record";
import { readRevokedLine } from "./revocations";
import { sha256 } from "./sha256";
import { readPublicKey, type PublicKey } from "./signatures";
import { isSpiffeId, isTrustDomain } from "./spiffe";

/** Trust policies (docs/spec/trust-policy.md). */

export const MAX_POLICY = 8 << 20;
export type Role = "agent" | "gateway" | "importer" | "operator";

export interface EmitterRule {
  readonly role: Role;
  /** A SPIFFE ID; with `prefix`, that of all ids below it. */
  readonly id: string;
  readonly prefix: boolean;
  readonly key: { readonly kid: string; readonly key: PublicKey } | undefined;
}

interface Witness {
  readonly name: string;
  readonly key: VerifierKey;
}

interface Group {
  readonly name: string;
  readonly least: number;
  readonly members: readonly string[];
}

export interface TrustPolicy {
  readonly logs: readonly VerifierKey[];
  /** Keys that speak for trees of at most that size. */
  readonly retired: readonly { readonly key: VerifierKey; readonly size: bigint }[];
  readonly witnesses: readonly Witness[];
  readonly groups: readonly Group[];
  /** A witness's or group's name; undefined for none. */
  readonly quorum: string | undefined;
  readonly roots: ReadonlyMap<string, readonly Certificate[]>;
  readonly emitters: readonly EmitterRule[];
  readonly timestampers: readonly Timestamper[];
  /** Keys of emitters, by the SHA-256 of their SubjectPublicKeyInfo, with the time from which they are in doubt. */
  readonly revoked: ReadonlyMap<string, Instant>;
}

/** A timestamp authority (timestamps.md §1). */
export interface Timestamper {
  readonly name: string;
  readonly roots: readonly Certificate[];
}

/** Reads a policy (§1 to §3). Throws {@link Malformed} with the line's number. */
export function readPolicy(bytes: Bytes): TrustPolicy {
  if (bytes.length > MAX_POLICY) throw new Malformed("trust policy: more than 8 MiB");
  for (const byte of bytes) if ((byte < 0x20 && byte !== 0x09 && byte !== 0x0a) || byte === 0x7f) throw new Malformed("trust policy: a control byte");
  const logs: VerifierKey[] = [], retired: { key: VerifierKey; size: bigint }[] = [], witnesses: Witness[] = [], groups: Group[] = [], emitters: EmitterRule[] = [];
  const roots = new Map<string, Certificate[]>(), timestampers = new Map<string, Certificate[]>(), stampers = new Set<string>(), revoked = new Map<string, Instant>();
  const names = new Set<string>(), members = new Set<string>(), keys = new Set<string>(), rules = new Set<string>();
  let quorum: string | null | undefined;

  const defined = (name: string | undefined): string => {
    if (name === undefined || !names.has(name)) throw new Malformed(`no witness or group ${name} on an earlier line`);
    return name;
  };
  const define = (name: string): string => {
    if (name === "none" || names.has(name)) throw new Malformed(`the name ${name} is taken`);
    names.add(name);
    return name;
  };
  const take = (word: string, types: readonly number[]): VerifierKey => {
    const text = fromUtf8(Uint8Array.from(word, (character) => character.charCodeAt(0)));
    if (text === undefined) throw new Malformed("a key name that is not UTF-8");
    const key = readVerifierKey(text);
    if (!types.includes(key.type)) throw new Malformed(`a key of type ${key.type} does not belong here`);
    if (keys.has(hex(key.key))) throw new Malformed("a public key for the second time");
    keys.add(hex(key.key));
    return key;
  };
  const line = (words: readonly string[]): void => {
    const count = (least: number, most: number): void => {
      if (words.length < least || words.length > most) throw new Malformed(`${words[0]}: expected ${least} to ${most} words`);
    };
    switch (words[0]) {
      case "log":
        count(2, 3);
        logs.push(take(words[1]!, [1, 6]));
        break;
      case "retired": {
        count(3, 3);
        const size = fromDecimal(words[2]!);
        if (size === undefined) throw new Malformed("retired: expected a verifier key and a decimal size");
        retired.push({ key: take(words[1]!, [1, 6]), size });
        break;
      }
      case "witness": {
        count(3, 4);
        const name = define(words[1]!);
        witnesses.push({ name, key: take(words[2]!, [4, 6]) });
        break;
      }
      case "group": {
        if (words.length < 4) throw new Malformed("group: expected a name, a number and members");
        const own = words.slice(3).map(defined);
        for (const member of own) {
          if (members.has(member)) throw new Malformed(`${member} is a member already`);
          members.add(member);
        }
        const text = words[2]!;
        const least = text === "any" ? 1 : text === "all" ? own.length : /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : 0;
        if (least < 1 || least > own.length) throw new Malformed(`group: expected 1 to ${own.length}, found ${text}`);
        groups.push({ name: define(words[1]!), least, members: own });
        break;
      }
      case "quorum":
        count(2, 2);
        if (quorum !== undefined) throw new Malformed("a second quorum");
        quorum = words[1] === "none" ? null : defined(words[1]);
        break;
      case "trustdomain": {
        count(3, 3);
        const der = fromBase64(words[2]!);
        if (!isTrustDomain(words[1]!) || !der) throw new Malformed("trustdomain: expected a name and a certificate in base64");
        const domain = roots.get(words[1]!) ?? [];
        domain.push(readCertificate(der));
        roots.set(words[1]!, domain);
        break;
      }
      case "timestamper": {
        count(3, 3);
        const der = fromBase64(words[2]!);
        if (!der) throw new Malformed("timestamper: expected a name and a certificate in base64");
        if (stampers.has(words[2]!)) throw new Malformed("timestamper: a certificate for the second time");
        stampers.add(words[2]!);
        const own = timestampers.get(words[1]!) ?? [];
        own.push(readCertificate(der));
        timestampers.set(words[1]!, own);
        break;
      }
      case "revoked": {
        count(3, 3);
        const { key, since } = readRevokedLine(words[1]!, words[2]!);
        if (revoked.has(key)) throw new Malformed("revoked: a key for the second time");
        revoked.set(key, since);
        break;
      }
      case "emitter": {
        count(3, 4);
        const rule = readRule(words);
        const name = `${words[2]} ${rule.key?.kid ?? ""}`;
        if (rules.has(name)) throw new Malformed("emitter: one pattern with two rules");
        rules.add(name);
        emitters.push(rule);
        break;
      }
      default:
        throw new Malformed(`unknown line ${words[0]}`);
    }
  };

  let number = 0;
  for (const text of latin1(bytes).split("\n")) {
    number++;
    const words = text.split(/[\t ]+/).filter((word) => word !== "");
    if (words.length === 0 || words[0]!.startsWith("#")) continue;
    try {
      line(words);
    } catch (error) {
      if (error instanceof Malformed) throw new Malformed(`trust policy, line ${number}: ${error.message}`);
      throw error;
    }
  }
  if (quorum === undefined) throw new Malformed("trust policy: no quorum line");
  return { logs, retired, witnesses, groups, quorum: quorum ?? undefined, roots, emitters, timestampers: [...timestampers].map(([name, own]) => ({ name, roots: own })), revoked };
}

function readRule(words: readonly string[]): EmitterRule {
  const role = words[1]!, pattern = words[2]!, prefix = pattern.endsWith("/*"), id = prefix ? pattern.slice(0, -2) : pattern;
  if (role !== "agent" && role !== "gateway" && role !== "importer" && role !== "operator") throw new Malformed(`emitter: unknown role ${role}`);
  if (!isSpiffeId(id)) throw new Malformed("emitter: expected a SPIFFE ID, or one followed by /*");
  if (words[3] === undefined) return { role, id, prefix, key: undefined };
  const spki = fromBase64(words[3]);
  const key = spki && readPublicKey(spki);
  if (!key || key.type === "rsa" || (key.type === "ec" && key.curve !== "P-256")) throw new Malformed("emitter: expected a P-256 or Ed25519 key");
  return { role, id, prefix, key: { kid: hex(sha256(spki)), key } };
}

/** The rule that decides for an issuer (§3), by `kid` (hexadecimal) or, without one, by certificate. */
export function ruleFor(policy: TrustPolicy, issuer: string, kid?: string): EmitterRule | undefined {
  let best: EmitterRule | undefined;
  for (const rule of policy.emitters) {
    if (rule.key?.kid !== kid) continue;
    if (!rule.prefix) {
      if (rule.id === issuer) return rule;
    } else if (issuer.startsWith(rule.id + "/") && (!best || rule.id.length > best.id.length)) {
      best = rule;
    }
  }
  return best;
}

/** A checkpoint as a policy sees it (§4). */
export interface Judgement {
  /** Log keys whose name is the origin, and which must have signed. */
  readonly own: readonly VerifierKey[];
  /** Keys that signed although they were retired. */
  readonly retired: readonly VerifierKey[];
  readonly absent: readonly VerifierKey[];
  readonly badLogs: readonly VerifierKey[];
  readonly badWitnesses: readonly Witness[];
  readonly goodWitnesses: readonly string[];
  readonly extensionsUnsigned: boolean;
  readonly quorumMet: boolean;
  /** The earliest time in a good signature, in seconds since 1970. */
  readonly time: bigint | undefined;
  /** All of them. */
  readonly claims: readonly { readonly by: "log" | "witness"; readonly name: string; readonly time: bigint }[];
}

/** Judges a checkpoint: by the policy's keys for its size, or by the given ones of its log, of which `own` must have signed. */
export function judge(policy: TrustPolicy, checkpoint: Checkpoint, keys = new LogKeys(policy, checkpoint.origin, checkpoint.size), own = keys.newest): Judgement {
  const { note } = checkpoint, past = keys.retiredBefore(checkpoint.size);
  const retired: VerifierKey[] = [], absent: VerifierKey[] = [], badLogs: VerifierKey[] = [], badWitnesses: Witness[] = [], goodWitnesses: string[] = [];
  const claims: { by: "log" | "witness"; name: string; time: bigint }[] = [];
  let time: bigint | undefined, textSigned = false;
  const claim = (by: "log" | "witness", name: string, result: KeyResult): void => {
    if (result.state !== "good" || result.time === undefined) return;
    claims.push({ by, name, time: result.time });
    if (time === undefined || result.time < time) time = result.time;
  };
  for (const key of own) {
    const result = judgeKey(note, key, checkpoint);
    if (result.state === "bad") badLogs.push(key);
    else if (result.state === "absent") absent.push(key);
    else if (key.type === 1) textSigned = true;
    claim("log", key.name, result);
  }
  const others = [...policy.logs, ...policy.retired.map(({ key }) => key)].filter((key) => key.name !== checkpoint.origin);
  for (const key of [...keys.known.filter((one) => !own.some((other) => sameKey(one, other))), ...others]) {
    const { state } = judgeKey(note, key, checkpoint);
    if (state === "bad") badLogs.push(key);
    else if (state === "good" && past.some((one) => sameKey(one, key))) retired.push(key);
  }
  for (const witness of policy.witnesses) {
    const result = judgeKey(note, witness.key, checkpoint);
    if (result.state === "bad") badWitnesses.push(witness);
    if (result.state === "good") goodWitnesses.push(witness.name);
    claim("witness", witness.name, result);
  }
  const satisfied = new Set(goodWitnesses);
  for (const group of policy.groups) {
    if (group.members.filter((member) => satisfied.has(member)).length >= group.least) satisfied.add(group.name);
  }
  return {
    own,
    retired,
    absent,
    badLogs,
    badWitnesses,
    goodWitnesses,
    extensionsUnsigned: checkpoint.extensions.length > 0 && !textSigned,
    quorumMet: policy.quorum === undefined || satisfied.has(policy.quorum),
    time,
    claims,
  };
}

/** Whether the policy accepts the checkpoint (§4). */
export const isAccepted = (judged: Judgement): boolean =>
  judged.own.length > 0 && judged.retired.length === 0 && judged.absent.length === 0 && judged.badLogs.length === 0 && judged.badWitnesses.length === 0 && !judged.extensionsUnsigned && judged.quorumMet;
