import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { base64, fromBase64, fromUtf8, utf8, type Bytes } from "../../src/lib/bytes";
import { readManifest } from "../../src/lib/manifest";
import { readZip } from "../../src/lib/zip";
import { MemorySource } from "../../src/node/files";
import type { Random } from "./random";
import { flip, type Made } from "./story";
import { manifest, ordered, zip, type Files } from "./zip";

/** The vectors with changes of trust bundles or revoked keys, and what can be done to their trust.jsonl and their policy. */

const REVOKED = /^(revoked-.*|revocation-.*)\.zip$/;
const NAMES = /^(ca-rotated|new-root-too-early|removed-root-used|trust-change-.*|trust-changes-left-out)\.zip$/;

/** Reads them: their files (all stored), and the policy that they are verified under. */
export const readRotations = (folder: string): Promise<Made[]> => read(folder, NAMES, "rotation.policy");

/** The same for those with revoked keys; with the key of the helper, as policies name it. */
export async function readRevocations(folder: string): Promise<{ readonly made: readonly Made[]; readonly key: string }> {
  const known = readFileSync(join(folder, "revoked-known.policy"), "utf8");
  return { made: await read(folder, REVOKED, "revoked.policy"), key: /^revoked (\S+)/m.exec(known)![1]! };
}

/** The policy with another word on the quorum and on the helper's key, whose anchors lie in the same half minute. */
export function alterRevoked(random: Random, policy: Bytes, key: string): Bytes {
  const text = fromUtf8(policy)!.replace("quorum none", random.pick(["quorum none", "quorum W"]));
  const time = `2026-01-01T00:02:${String(random.below(40)).padStart(2, "0")}Z`;
  const line = random.pick(["", `revoked ${key} ${time}\n`, `revoked ${key} ${time}\n`, `revoked ${key.toUpperCase()} ${time}\n`, `revoked ${key} ${time.slice(0, -1)}\n`, `revoked ${key} ${time}\nrevoked ${key} ${time}\n`, `revoked ${key.replace(/./, "0")} ${time}\n`, `revoked ${key}\n`]);
  return utf8(text + line);
}

async function read(folder: string, wanted: RegExp, policyName: string): Promise<Made[]> {
  const policy = new Uint8Array(readFileSync(join(folder, policyName)));
  const names = readdirSync(folder).filter((name) => wanted.test(name)).sort();
  return Promise.all(names.map(async (name) => {
    const bytes = new Uint8Array(readFileSync(join(folder, name)));
    const files: Files = new Map([...(await readZip(new MemorySource(bytes))).values()].map((entry) => [entry.name, bytes.slice(entry.data, entry.data + entry.size)]));
    const { trace, origin, created } = readManifest(files.get("manifest.json")!);
    files.delete("manifest.json");
    return { files, policy, manifest: { created }, trace, origin, leaves: [], mlDsa: true };
  }));
}

export const TRUST_WAYS = [
  "line dropped", "line twice", "lines swapped", "lines in any order", "index off", "index beyond", "index of another", "statement of another", "statement bit", "statement empty", "statement from statements.bin",
  "positions for all", "all for positions", "positions off", "positions more", "positions none", "bodies none", "body twice", "body empty", "body bit", "body garbled", "body of another", "body and sibling swapped",
  "sibling dropped", "sibling added", "sibling altered", "path dropped", "path added", "path altered", "no file", "empty file", "file of an empty line",
] as const;

interface Line {
  index: number;
  statement: string;
  records: "all" | number[];
  bodies: string[];
  siblings: string[];
  path: string[];
}

/** The bundle with that done to one of its lines, and its manifest written again. */
export function twist(random: Random, made: Made, way: (typeof TRUST_WAYS)[number]): Bytes {
  const files: Files = new Map(made.files);
  const text = (name: string): string[] => fromUtf8(files.get(name) ?? new Uint8Array(0))!.split("\n").slice(0, -1);
  const put = (name: string, lines: readonly string[]): void => void files.set(name, utf8(lines.map((line) => line + "\n").join("")));
  let lines = text("trust.jsonl").map((line) => JSON.parse(line) as Line);
  if (lines.length > 0) {
    const at = random.below(lines.length), line = lines[at]!, other = random.pick(lines);
    const hash = (): string => base64(random.bytes(32));
    switch (way) {
      case "line dropped": lines.splice(at, 1); break;
      case "line twice": lines.splice(at, 0, line); break;
      case "lines swapped": if (at > 0) [lines[at - 1], lines[at]] = [line, lines[at - 1]!]; break;
      case "lines in any order": lines = Array.from({ length: 4 }, () => random.pick(lines)); break;
      case "index off": line.index += random.pick([-1, 1]); break;
      case "index beyond": line.index += random.pick([7, 8, 2 ** 40]); break;
      case "index of another": line.index = other.index; break;
      case "statement of another": line.statement = other.statement; break;
      case "statement bit": line.statement = base64(flip(random, fromBase64(line.statement)!)); break;
      case "statement empty": line.statement = ""; break;
      case "statement from statements.bin": {
        const all = files.get("statements.bin")!;
        line.statement = base64(all.subarray(2, 2 + ((all[0]! << 8) | all[1]!)));
        line.index = 0;
        break;
      }
      case "positions for all": line.records = [0]; break;
      case "all for positions": line.records = "all"; break;
      case "positions off": line.records = [random.pick([0, 2, 65535, 65536])]; break;
      case "positions more": line.records = random.pick([[0, 1], [1, 2], [1, 70000]]); break;
      case "positions none": line.records = []; break;
      case "bodies none": line.bodies = []; if (random.chance(50)) line.records = []; break;
      case "body twice": line.bodies.push(line.bodies[0]!); if (random.chance(50)) line.records = [0, 1]; break;
      case "body empty": line.bodies[0] = ""; break;
      case "body bit": line.bodies[0] = base64(flip(random, fromBase64(line.bodies[0]!)!)); break;
      case "body garbled": line.bodies[0] = base64(utf8(garble(random, fromUtf8(fromBase64(line.bodies[0]!)!)!))); break;
      case "body of another": line.bodies = other.bodies; break;
      case "body and sibling swapped": line.siblings = [hash()]; line.records = [0]; break;
      case "sibling dropped": line.siblings.pop(); break;
      case "sibling added": line.siblings.push(hash()); break;
      case "sibling altered": line.siblings = [hash()]; break;
      case "path dropped": line.path.pop(); break;
      case "path added": line.path.push(hash()); break;
      case "path altered": line.path[random.below(line.path.length)] = hash(); break;
      default:
    }
  }
  if (files.has("trust.jsonl") || way === "empty file" || way === "file of an empty line") put("trust.jsonl", way === "empty file" ? [] : way === "file of an empty line" ? [""] : lines.map((line) => JSON.stringify(line)));
  if (way === "no file") files.delete("trust.jsonl");
  files.set("manifest.json", manifest(files, made.trace, made.origin, made.manifest));
  return zip(ordered(files));
}

/** What a record with a change must not be; most of it the record's hash tells, too. */
function garble(random: Random, text: string): string {
  return random.pick<(text: string) => string>([
    (one) => one.replace(/"new":"sha256:./, '"new":"sha256:x'), (one) => one.replace(/"new":"[^"]*",?/, ""), (one) => one.replace(/"new":"[^"]*"/, '"new":null'), (one) => one.replace(/"new":"[^"]*"/, (found) => found.toUpperCase().replace('"NEW"', '"new"')),
    (one) => one.replace(/"old":"[^"]*"/, '"old":null'), (one) => one.replace(/"old":"[^"]*"/, '"old":"x"'), (one) => one.replace(/"old":"[^"]*",/, ""), (one) => one.replace(/"new"/, '"old":"sha256:00","new"'),
    (one) => one.replace(/"bundle":"[^"]*"/, '"bundle":""'), (one) => one.replace(/"bundle":"[^"]*"/, '"bundle":null'), (one) => one.replace(/"bundle":"[^"]*"/, '"bundle":7'), (one) => one.replace(/,"bundle":"[^"]*"/, ""), (one) => one.replace(/"bundle":"../, '"bundle":"!!'),
    (one) => one.replace('"example.org"', '"example.com"'), (one) => one.replace('"example.org"', '"Example.org"'), (one) => one.replace('"example.org"', '""'), (one) => one.replace('"example.org"', "7"), (one) => one.replace(/"trust_domain":"[^"]*",/, ""),
    (one) => one.replace("ledger.trust_changed", "ledger.enrolled"), (one) => one.replace("ledger.trust_changed", "ledger.other"), (one) => one.replace(/"trace":"./, '"trace":"1'), (one) => one.replace('"v":1', '"v":2'), (one) => one.replace(/"time":"2026/, '"time":"2027'), () => "{}", () => "[]",
  ])(text);
}
