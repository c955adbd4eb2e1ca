import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { concat, utf8, type Bytes } from "../../src/lib/bytes";
import { ABOUT_THE_LOG, ANCHOR_LIES, anchored } from "./anchors";
import { change, CHANGE_LIES } from "./changes";
import { decided, decidedOf, small } from "./decided";
import { CONTAINER, damageBytes, damageFile, pack } from "./damage";
import { FORMS, formed } from "./forms";
import { changeKeys, KEY_LIES } from "./key-changes";
import { Random } from "./random";
import { alterRevoked, TRUST_WAYS, twist } from "./rotations";
import { FAULTS, tell, type Made } from "./story";
import { KEY_WAYS, twistKeys } from "./successions";
import type { Name } from "../../src/lib/zip";

/**
 * The ways in which bundles are made for the agreement of both verifiers. To add one: a function here that gives bundles from a
 * seed, each with a name by which it is found again.
 */

export interface Case {
  readonly name: string;
  readonly bundle: Bytes;
  readonly policy: Bytes | undefined;
}

export type Way = (seed: number) => Iterable<Case>;

/** The policy mostly, and none sometimes. */
const mostly = (random: Random, made: { policy: Bytes }): Bytes | undefined => (random.chance(90) ? made.policy : undefined);

/** Damages each of the files that are there, or those named, many times over. */
function* damaged(random: Random, made: Made, count: number, wanted?: readonly Name[]): Iterable<Case> {
  for (let i = 0; i < count; i++) yield { name: `file ${i}`, bundle: damageFile(random, made, wanted && random.pick(wanted)), policy: made.policy };
}

function* alteredPolicies(random: Random, made: Made, count: number): Iterable<Case> {
  const bundle = pack(random, made), lines = new TextDecoder().decode(made.policy).split("\n");
  for (let i = 0; i < count; i++) {
    const at = random.below(lines.length - 1), altered = [...lines];
    switch (random.below(4)) {
      case 0: altered.splice(at, 1); break;
      case 1: altered.splice(at, 0, lines[at]!); break;
      case 2: altered[at] = lines[at]!.split(" ").filter((_, word, all) => word !== random.below(all.length)).join(" "); break;
      default: {
        const line = lines[at]!, place = random.below(line.length);
        altered[at] = line.slice(0, place) + random.pick(["x", " ", "#", "\t", "+", "/", "\u00e9", "\u00a0"]) + line.slice(place + 1);
      }
    }
    yield { name: `policy ${i}`, bundle, policy: utf8(altered.join("\n")) };
  }
}

/** @param rotations The vectors with changes of trust bundles. @param changes Those with changes of the log's keys. @param revocations Those with a revoked key. */
export const waysOf = (rotations: readonly Made[], changes: readonly Made[], revocations: { readonly made: readonly Made[]; readonly key: string }): Readonly<Record<string, Way>> => ({
  *stories_with_a_lie_in_them(seed) {
    for (const [i, fault] of FAULTS.entries()) {
      const random = new Random(seed * 1009 + i), made = tell(random, fault);
      yield { name: fault, bundle: pack(random, made), policy: fault.startsWith("own policy") ? undefined : mostly(random, made) };
    }
  },
  *records_that_are_none(seed) {
    for (let i = 0; i < 60; i++) {
      const random = new Random(seed * 1013 + i), made = tell(random, "record garbled");
      yield { name: `record ${i}`, bundle: pack(random, made), policy: made.policy };
    }
  },
  *unusual_forms_that_were_signed(seed) {
    for (const [i, form] of FORMS.entries()) {
      const random = new Random(seed * 1019 + i), made = formed(random, form);
      yield { name: form, bundle: pack(random, made), policy: mostly(random, made) };
    }
  },
  *certificates_with_a_bit_changed(seed) {
    for (let i = 0; i < 60; i++) {
      const random = new Random(seed * 1021 + i), form = random.pick(["leaf bit", "intermediate bit", "root bit"] as const), made = formed(random, form);
      yield { name: `${form} ${i}`, bundle: pack(random, made), policy: made.policy };
    }
  },
  *tokens_with_a_bit_changed(seed) {
    for (let i = 0; i < 30; i++) {
      const random = new Random(seed * 8017 + i), made = anchored(random, tell(random, "none", false), "token bit");
      yield { name: `token ${i}`, bundle: pack(random, made), policy: made.policy };
    }
  },
  *containers_of_another_form(seed) {
    const made = tell(new Random(seed * 2003), "none");
    for (const [i, way] of CONTAINER.entries()) {
      const random = new Random(seed * 2003 + i);
      yield { name: way, bundle: pack(random, made, way), policy: made.policy };
    }
  },
  *damaged_bytes_and_files(seed) {
    for (let story = 0; story < 10; story++) {
      const random = new Random(seed * 3001 + story), made = tell(random, "none"), bundle = pack(random, made, random.chance(30) ? "deflated" : undefined);
      yield { name: `good ${story}`, bundle, policy: made.policy };
      for (let i = 0; i < 12; i++) yield { name: `bytes ${story} ${i}`, bundle: damageBytes(random, bundle), policy: made.policy };
      for (const one of damaged(random, made, 24)) yield { ...one, name: `${one.name} of ${story}` };
    }
  },
  *altered_policies(seed) {
    for (let story = 0; story < 4; story++) {
      const random = new Random(seed * 4001 + story);
      for (const one of alteredPolicies(random, story === 0 ? formed(random, "none") : tell(random, "none"), 20)) yield { ...one, name: `${one.name} of ${story}` };
    }
  },
  *anchors_with_a_lie_about_them(seed) {
    for (const [i, lie] of ANCHOR_LIES.entries()) {
      const random = new Random(seed * 8009 + i), made = anchored(random, tell(random, "none", ABOUT_THE_LOG.has(lie) || random.chance(20)), lie);
      yield { name: lie, bundle: pack(random, made), policy: mostly(random, made) };
    }
  },
  *damaged_anchors(seed) {
    for (let story = 0; story < 3; story++) {
      const random = new Random(seed * 8011 + story), made = anchored(random, tell(random, "none"), "none");
      for (const one of damaged(random, made, 16, ["anchors.jsonl", "anchors.jsonl", "checkpoint", "trust.policy"])) yield { ...one, name: `${one.name} of ${story}` };
      for (const one of alteredPolicies(random, made, 4)) yield { ...one, name: `${one.name} of ${story}` };
    }
  },
  *changes_of_trust_bundles_that_were_altered(seed) {
    for (const [i, way] of TRUST_WAYS.entries()) {
      for (let j = 0; j < 3; j++) {
        const random = new Random(seed * 5003 + 64 * i + j), made = random.pick(rotations);
        yield { name: `${way} ${j}`, bundle: twist(random, made, way), policy: mostly(random, made) };
      }
    }
  },
  *roots_that_come_and_go_with_a_lie_about_them(seed) {
    for (const [i, lie] of CHANGE_LIES.entries()) yield { name: lie, ...change(new Random(seed * 7001 + i), lie) };
  },
  *damaged_bundles_with_changes_of_trust_bundles(seed) {
    for (const [i, made] of rotations.entries()) {
      const random = new Random(seed * 6007 + i), whole = pack(random, made);
      for (let j = 0; j < 6; j++) yield { name: `bytes of ${i} ${j}`, bundle: damageBytes(random, whole), policy: made.policy };
      for (const one of damaged(random, made, 8, ["trust.jsonl", "trust.jsonl", "trust.jsonl", "certificates.jsonl", "checkpoint", "statements.bin", "proofs.jsonl", "records.jsonl", "heads.jsonl"])) yield { ...one, name: `${one.name} of ${i}` };
    }
  },
  *revoked_keys_under_other_policies_and_with_altered_records(seed) {
    for (const [i, made] of revocations.made.entries()) {
      for (let j = 0; j < 6; j++) {
        const random = new Random(seed * 9007 + 64 * i + j), way = random.pick(TRUST_WAYS);
        yield { name: `${j < 4 ? "policy" : way} ${i} ${j}`, bundle: j < 4 ? pack(random, made) : twist(random, made, way), policy: alterRevoked(random, made.policy, revocations.key) };
      }
    }
  },
  *changes_of_the_log_s_keys_that_somebody_altered(seed) {
    for (const [i, made] of changes.entries()) {
      for (const [j, way] of KEY_WAYS.entries()) {
        // Each way on a tenth of the bundles and policies; other ones with each seed.
        if ((i + j + seed) % 10 === 0) yield { name: `${way} ${i}`, ...twistKeys(new Random(seed * 9001 + i * 101 + j), made, way) };
      }
    }
  },
  *made_up_changes_of_the_log_s_keys(seed) {
    for (const [i, lie] of KEY_LIES.entries()) for (let j = 0; j < 3; j++) yield { name: `${lie} ${j}`, ...changeKeys(new Random(seed * 7919 + 64 * i + j), lie) };
  },
  *decisions_of_altered_inputs_and_policies(seed) {
    for (let i = 0; i < 4; i++) yield { name: `decided ${i}`, ...decided(new Random(seed * 9001 + i), 16) };
    const padded = (length: number): Bytes => concat(small.input, new Uint8Array(length - small.input.length).fill(0x20));
    for (const length of [1 << 20, (1 << 20) + 1]) yield { name: `input of ${length} bytes`, ...decidedOf([{ sealed: small.policy.sealed, input: padded(length) }]) };
  },
});

/** The vectors, each under each policy there and without one. */
export function* vectorsOf(folder: string): Iterable<Case> {
  const names = readdirSync(folder), read = (name: string): Bytes => new Uint8Array(readFileSync(join(folder, name)));
  const policies = names.filter((name) => name.endsWith(".policy"));
  for (const name of names.filter((one) => one.endsWith(".zip"))) {
    const bundle = read(name);
    for (const policy of policies) yield { name: `${name} ${policy}`, bundle, policy: read(policy) };
    yield { name: `${name} unpinned`, bundle, policy: undefined };
  }
}
