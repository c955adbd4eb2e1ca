import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { base64, fromBase64, fromUtf8, utf8, type Bytes } from "../../src/lib/bytes";
import { readManifest } from "../../src/lib/manifest";
import { readZip } from "../../src/lib/zip";
import { MemorySource } from "../../src/node/files";
import type { Random } from "./random";
import { flip, type Made } from "./story";
import { manifest, ordered, zip, type Files } from "./zip";

/** The vectors with changes of the log's keys, and what can be done to their keys.jsonl and their policy. */

const NAMES = /^(log-keys-|retired-log-keys-).*\.zip$/;
const POLICIES = ["old", "new", "both", "retired"] as const;

/** Reads them: their files (all stored), each under each of the four policies. */
export async function readKeyChanges(folder: string): Promise<Made[]> {
  const policies = POLICIES.map((name) => new Uint8Array(readFileSync(join(folder, `keys-${name}.policy`))));
  const made: Made[] = [];
  for (const name of readdirSync(folder).filter((one) => NAMES.test(one)).sort()) {
    const bytes = new Uint8Array(readFileSync(join(folder, name)));
    const files: Files = new Map([...(await readZip(new MemorySource(bytes))).values()].map((entry) => [entry.name, bytes.slice(entry.data, entry.data + entry.size)]));
    const { trace, origin, created } = readManifest(files.get("manifest.json")!);
    files.delete("manifest.json");
    for (const policy of policies) made.push({ files, policy, manifest: { created }, trace, origin, leaves: [], mlDsa: true });
  }
  return made;
}

export const KEY_WAYS = [
  "nothing", "line dropped", "line twice", "empty file", "file of an empty line", "no file", "note bit", "note empty", "note's signature dropped", "note's signature twice", "note's signature moved", "note of a stranger's line", "note with an extension line",
  "note of the bundle's checkpoint", "note of the anchor", "consistency dropped", "consistency added", "consistency altered", "index off", "index beyond", "statement bit", "statement empty", "body bit", "body garbled", "bodies none", "body twice", "sibling dropped", "path altered",
  "policy's sizes off", "policy without operator", "policy with one key", "policy with one retired key", "anchor's signature dropped", "anchor's signature moved", "checkpoint's signature dropped", "checkpoint's signature twice",
] as const;

interface Line {
  checkpoint: string;
  consistency: string[];
  index: number;
  statement: string;
  records: "all" | number[];
  bodies: string[];
  siblings: string[];
  path: string[];
}

/** The bundle with that done to it, its manifest written again, and its policy. */
export function twistKeys(random: Random, made: Made, way: (typeof KEY_WAYS)[number]): { bundle: Bytes; policy: Bytes } {
  const files: Files = new Map(made.files);
  const text = (name: string): string[] => fromUtf8(files.get(name) ?? new Uint8Array(0))!.split("\n").slice(0, -1);
  const lines = text("keys.jsonl").map((line) => JSON.parse(line) as Line), line = lines[0];
  const anchor = JSON.parse(text("anchors.jsonl")[0]!) as { checkpoint: string };
  const checkpoint = fromUtf8(files.get("checkpoint")!)!;
  let policy = fromUtf8(made.policy)!;
  const note = (edit: (note: string) => string): void => void (line && (line.checkpoint = base64(utf8(edit(fromUtf8(fromBase64(line.checkpoint)!)!)))));
  switch (way) {
    case "line dropped": lines.splice(0, 1); break;
    case "line twice": if (line) lines.push(line); break;
    case "note bit": if (line) line.checkpoint = base64(flip(random, fromBase64(line.checkpoint)!)); break;
    case "note empty": if (line) line.checkpoint = ""; break;
    case "note's signature dropped": note((one) => without(random, one)); break;
    case "note's signature twice": note((one) => one + random.pick(signaturesOf(one)) + "\n"); break;
    case "note's signature moved": note((one) => moved(random, one)); break;
    case "note of a stranger's line": note((one) => `${one}\u2014 stranger.example ${base64(random.bytes(68))}\n`); break;
    case "note with an extension line": note((one) => one.replace("\n\n", "\nx\n\n")); break;
    case "note of the bundle's checkpoint": if (line) line.checkpoint = base64(utf8(checkpoint)); break;
    case "note of the anchor": if (line) line.checkpoint = anchor.checkpoint; break;
    case "consistency dropped": line?.consistency.pop(); break;
    case "consistency added": line?.consistency.push(base64(random.bytes(32))); break;
    case "consistency altered": if (line) line.consistency = [base64(random.bytes(32))]; break;
    case "index off": if (line) line.index += random.pick([-1, 1]); break;
    case "index beyond": if (line) line.index += random.pick([7, 2 ** 40]); break;
    case "statement bit": if (line) line.statement = base64(flip(random, fromBase64(line.statement)!)); break;
    case "statement empty": if (line) line.statement = ""; break;
    case "body bit": if (line) line.bodies[0] = base64(flip(random, fromBase64(line.bodies[0]!)!)); break;
    case "body garbled": if (line) line.bodies[0] = base64(utf8(garble(random, fromUtf8(fromBase64(line.bodies[0]!)!)!))); break;
    case "bodies none": if (line) [line.bodies, line.records] = [[], []]; break;
    case "body twice": if (line) [line.bodies, line.records] = [[line.bodies[0]!, line.bodies[0]!], [0, 1]]; break;
    case "sibling dropped": line?.siblings.pop(); break;
    case "path altered": if (line) line.path[random.below(line.path.length)] = base64(random.bytes(32)); break;
    case "policy's sizes off": policy = policy.replaceAll(/^(retired \S+) \d+$/gm, (_, before: string) => `${before} ${random.pick([0, 1, 2, 3, 4, 5, 6])}`); break;
    case "policy without operator": policy = policy.replace(/^emitter operator.*\n/m, ""); break;
    case "policy with one key": policy = policy.replace(/^log .*\n/m, ""); break;
    case "policy with one retired key": policy = policy.replace(/^retired .*\n/m, ""); break;
    case "anchor's signature dropped": anchor.checkpoint = base64(utf8(without(random, fromUtf8(fromBase64(anchor.checkpoint)!)!))); break;
    case "anchor's signature moved": anchor.checkpoint = base64(utf8(moved(random, fromUtf8(fromBase64(anchor.checkpoint)!)!))); break;
    case "checkpoint's signature dropped": files.set("checkpoint", utf8(without(random, checkpoint))); break;
    case "checkpoint's signature twice": files.set("checkpoint", utf8(checkpoint + random.pick(signaturesOf(checkpoint)) + "\n")); break;
    default:
  }
  if (way === "empty file" || way === "file of an empty line") files.set("keys.jsonl", utf8(way === "empty file" ? "" : "\n"));
  else if (line) files.set("keys.jsonl", utf8(lines.map((one) => JSON.stringify(one) + "\n").join("")));
  if (way === "no file") files.delete("keys.jsonl");
  files.set("anchors.jsonl", utf8(JSON.stringify(anchor) + "\n"));
  files.set("manifest.json", manifest(files, made.trace, made.origin, made.manifest));
  return { bundle: zip(ordered(files)), policy: utf8(policy) };
}

const signaturesOf = (note: string): string[] => note.slice(note.lastIndexOf("\n\n") + 2).split("\n").slice(0, -1);

/** The note without one of its signature lines. */
function without(random: Random, note: string): string {
  return note.replace(random.pick(signaturesOf(note)) + "\n", "");
}

/** The note of another size, its signatures left as they are. */
const moved = (random: Random, note: string): string => note.replace(/\n(\d+)\n/, (_, size: string) => `\n${Number(size) + random.pick([-1, 1])}\n`);

/** What a record that retires keys must not be; most of it the record's hash tells, too. */
function garble(random: Random, text: string): string {
  return random.pick<(text: string) => string>([
    (one) => one.replace('"retired"', '"announced"'), (one) => one.replace('"retired"', '"gone"'), (one) => one.replace('"role":"log"', '"role":"vault"'), (one) => one.replace(/"origin":"[^"]*"/, '"origin":"other.example"'), (one) => one.replace(/"origin":"[^"]*",/, ""),
    (one) => one.replace(/"old_keys":\[[^\]]*\]/, '"old_keys":[]'), (one) => one.replace(/"new_keys":\[[^\]]*\]/, '"new_keys":[]'), (one) => one.replace(/"new_keys":\[[^\]]*\]/, '"new_keys":[7]'), (one) => one.replace(/"new_keys":\[[^\]]*\]/, '"new_keys":null'), (one) => one.replace(/"new_keys":\[[^\]]*\],/, ""),
    (one) => one.replace(/"new_keys":\[("[^"]*")/, '"new_keys":[$1,$1'), (one) => one.replace(/"old_keys":(\[[^\]]*\])/, '"old_keys":$1,"new_keys":$1'), (one) => one.replace(/"new_keys":\["([^"+]*)\+/, '"new_keys":["$1x+'), (one) => one.replace(/"new_keys":\["([^"+]*\+[0-9a-f]{8})\+AQ?/, '"new_keys":["$1+Bw'), (one) => one.replace("ledger.key_rotated", "ledger.enrolled"), () => "{}",
  ])(text);
}
