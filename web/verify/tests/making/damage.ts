import { concat, utf8, type Bytes } from "../../src/lib/bytes";
import { NAMES, type Name } from "../../src/lib/zip";
import type { Random } from "./random";
import { flip, type Made } from "./story";
import { manifest, ordered, zip, type Files, type ZipFile } from "./zip";

/** What can be done to a bundle after it was made: to its container, to its bytes, to the text of one of its files. */

const TEXTS = ["manifest.json", "checkpoint", "trust.jsonl", "certificates.jsonl", "heads.jsonl", "anchors.jsonl", "proofs.jsonl", "records.jsonl", "content.jsonl"];

export const CONTAINER = [
  "deflated", "some deflated", "bytes after deflated data", "deflated data cut", "deflated bit", "crc wrong", "stored size too large", "stored size too small", "deflated size too large", "deflated size too small",
  "missing file", "missing content", "unknown file", "path", "backslash", "dots", "duplicate", "duplicate in another case", "another order", "encrypted", "another method", "local header differs", "version", "time", "date", "flags", "extra length", "name with a zero", "name beyond ascii", "empty name",
  "comment", "comment length", "disk", "entries less", "entries more", "directory size", "directory offset", "gap before directory", "bytes before", "bytes after", "cut", "cut to little", "nothing", "bomb", "end record twice", "report.html", "verify.html",
] as const;

/** The bundle of a story, its container changed in that way where one is given. */
export function pack(random: Random, made: Made, way?: (typeof CONTAINER)[number]): Bytes {
  const files: Files = new Map(made.files);
  if (way === "missing content") files.delete("content.bin");
  files.set("manifest.json", manifest(files, made.trace, made.origin, made.manifest));
  let list: ZipFile[] = ordered(files);
  const at = random.below(list.length), one = list[at]!;
  const change = (more: Partial<ZipFile>): void => void (list[at] = { ...one, ...more });
  let end: ((view: DataView) => void) | undefined, gap = 0;
  const field = (offset: number, value: number, wide = false) => (view: DataView): void => (wide ? view.setUint32(offset, value, true) : view.setUint16(offset, value, true));
  switch (way) {
    case "deflated": list = list.map((file) => ({ ...file, deflate: true })); break;
    case "some deflated": list = list.map((file) => ({ ...file, deflate: random.chance(50) })); break;
    case "bytes after deflated data": change({ deflate: true, tail: random.pick([Uint8Array.of(0), random.bytes(1), random.bytes(300)]) }); break;
    case "deflated data cut": change({ deflate: true, fields: (view) => view.setUint32(14, Math.max(view.getUint32(14, true) - 1, 0), true) }); break;
    case "deflated bit": break;
    case "crc wrong": change({ fields: (view) => view.setUint32(10, view.getUint32(10, true) ^ 1, true) }); break;
    case "stored size too large": change({ fields: (view) => view.setUint32(18, view.getUint32(18, true) + 1, true) }); break;
    case "stored size too small": change({ fields: (view) => view.setUint32(18, Math.max(view.getUint32(18, true) - 1, 0), true) }); break;
    case "deflated size too large": change({ deflate: true, fields: (view) => view.setUint32(18, view.getUint32(18, true) + random.pick([1, 5000]), true) }); break;
    case "deflated size too small": change({ deflate: true, fields: (view) => view.setUint32(18, Math.max(view.getUint32(18, true) - 1, 0), true) }); break;
    case "missing file": list.splice(at, 1); break;
    case "unknown file": list.splice(at + 1, 0, { name: "notes.txt", data: utf8("x") }); break;
    case "path": change({ name: `../${one.name}` }); break;
    case "backslash": change({ name: `a\\${one.name}` }); break;
    case "dots": change({ name: random.pick(["..", "C:x", "/etc", "a..b"]) }); break;
    case "duplicate": list.splice(at, 0, one); break;
    case "duplicate in another case": list.splice(at + 1, 0, { ...one, name: one.name.toUpperCase() }); break;
    case "another order": if (at > 0) [list[at - 1], list[at]] = [list[at]!, list[at - 1]!]; break;
    case "encrypted": change({ fields: field(2, 1) }); break;
    case "another method": change({ fields: field(4, random.pick([1, 9, 12, 93, 99])) }); break;
    case "local header differs": change({ local: (view) => view.setUint8(random.below(26), 0xee) }); break;
    case "version": change({ fields: field(0, random.pick([10, 45])) }); break;
    case "time": change({ fields: field(6, 1) }); break;
    case "date": change({ fields: field(8, 0x22) }); break;
    case "flags": change({ fields: field(2, random.pick([2, 8, 0x800])) }); break;
    case "extra length": change({ fields: field(24, 4) }); break;
    case "name with a zero": change({ name: one.name + "\0" }); break;
    case "name beyond ascii": change({ name: one.name + "\u00e9" }); break;
    case "empty name": change({ name: "" }); break;
    case "comment": end = field(20, 4); break;
    case "comment length": end = field(20, 1); break;
    case "disk": end = field(random.pick([4, 6]), 1); break;
    case "entries less": end = (view) => [8, 10].forEach((place) => view.setUint16(place, list.length - 1, true)); break;
    case "entries more": end = (view) => [8, 10].forEach((place) => view.setUint16(place, list.length + random.pick([1, 60000]), true)); break;
    case "directory size": end = (view) => view.setUint32(12, view.getUint32(12, true) + random.pick([-1, 1, 100000]), true); break;
    case "directory offset": end = (view) => view.setUint32(16, view.getUint32(16, true) + random.pick([-1, 1, 0x7fffffff]), true); break;
    case "gap before directory": gap = 3; break;
    case "bomb": list = list.map((file) => (file.name === "records.jsonl" ? { name: file.name, data: new Uint8Array(3 << 20), deflate: true } : file)); break;
    case "report.html":
    case "verify.html": {
      files.set(way, utf8("<!doctype html><title>x</title>"));
      files.set("manifest.json", manifest(files, made.trace, made.origin, made.manifest));
      list = ordered(files);
      break;
    }
    default:
  }
  let bytes = zip(list, { ...(end ? { end } : {}), gap });
  switch (way) {
    case "deflated bit": {
      const file = { ...list[at]!, deflate: true };
      list[at] = file;
      bytes = flip(random, zip(list));
      break;
    }
    case "comment": bytes = concat(bytes, utf8("abcd")); break;
    case "bytes before": bytes = concat(random.bytes(4), bytes); break;
    case "bytes after": bytes = concat(bytes, random.bytes(1 + random.below(30))); break;
    case "cut": bytes = bytes.slice(0, random.below(bytes.length)); break;
    case "cut to little": bytes = bytes.slice(0, random.below(30)); break;
    case "nothing": bytes = new Uint8Array(0); break;
    case "end record twice": bytes = concat(bytes, bytes.slice(-22)); break;
    default:
  }
  return bytes;
}

/** Changes one bit, byte or piece of the bundle as it is. */
export function damageBytes(random: Random, bytes: Bytes): Bytes {
  const at = random.below(bytes.length);
  switch (random.below(4)) {
    case 0: return concat(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(4)));
    case 1: return concat(bytes.subarray(0, at), random.bytes(1 + random.below(4)), bytes.subarray(at));
    default: return flip(random, bytes);
  }
}

/** Changes one of the files before the manifest is written over it, or the manifest itself; the wanted file where it is there. */
export function damageFile(random: Random, made: Made, wanted?: Name): Bytes {
  const files: Files = new Map(made.files);
  const original = manifest(files, made.trace, made.origin, made.manifest);
  files.set("manifest.json", original);
  const name = wanted && files.has(wanted) ? wanted : random.pick(NAMES.filter((one) => files.has(one)));
  const before = files.get(name)!;
  const after = TEXTS.includes(name) && random.chance(60) ? damageText(random, before) : random.chance(70) ? flip(random, before) : damageBytes(random, concat(before, Uint8Array.of(0)));
  files.set(name, after);
  // A forger writes the manifest again; a broken disk does not.
  if (name !== "manifest.json" && random.chance(80)) files.set("manifest.json", manifest(files, made.trace, made.origin, made.manifest));
  return zip(ordered(files));
}

function damageText(random: Random, bytes: Bytes): Bytes {
  const text = new TextDecoder("latin1").decode(bytes);
  const lines = text.split("\n"), at = random.below(Math.max(lines.length - 1, 1)), line = lines[at]!;
  const token = (expression: RegExp, change: (found: string) => string): string => {
    const found = [...line.matchAll(expression)];
    if (found.length === 0) return line;
    const one = random.pick(found);
    return line.slice(0, one.index) + change(one[0]) + line.slice(one.index + one[0].length);
  };
  switch (random.below(9)) {
    case 0: lines.splice(at, 1); break;
    case 1: lines.splice(at, 0, line); break;
    case 2: if (at > 0) [lines[at - 1], lines[at]] = [line, lines[at - 1]!]; break;
    case 3: lines[at] = token(/\d+/g, (found) => random.pick(["0", "1", `${Number(found) + 1}`, "-1", "00", "9223372036854775807", "9223372036854775808", "1e3", "1.0", "65535", "65536"])); break;
    case 4: lines[at] = token(/"[^"]*"/g, () => random.pick(['""', '"x"', "null", "7", "[]", '"\\u0061"', '"AAAA"', '"AA=="', '"' + "A".repeat(43) + '="'])); break;
    case 5: lines[at] = token(/[,:{}[\]]/g, (found) => random.pick([` ${found}`, `${found} `, "", found + found])); break;
    case 6: lines[at] = line + random.pick(["\r", " ", "x", "\0", ","]); break;
    case 7: lines[at] = token(/"[^"]*":/g, (found) => random.pick([`"x":0,${found}`, `${found}0,${found}`, found.toUpperCase(), ""])); break;
    default: lines[at] = line.slice(0, random.below(line.length + 1));
  }
  return Uint8Array.from(lines.join("\n"), (character) => character.charCodeAt(0));
}
