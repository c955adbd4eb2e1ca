import { compare, fromUtf8, latin1, Malformed, utf8, type Bytes } from "../bytes";

/** Sealed policy bundles (docs/spec/policy-bundle.md §1, §2). */

const HEADER = utf8("cairn-policy v1\n");
const MOST_BYTES = 8 << 20;
const MOST_FILES = 1000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const LONGEST_NAME = 122;

/** The files of a sealed bundle, each UTF-8 without a byte order mark. Throws {@link Malformed} for any other form. */
export function unseal(bytes: Bytes): ReadonlyMap<string, string> {
  const refuse = (what: string): never => {
    throw new Malformed(`not a sealed policy bundle: ${what}`);
  };
  if (bytes.length < HEADER.length || compare(bytes.subarray(0, HEADER.length), HEADER) !== 0) refuse("another first line");
  const files = new Map<string, string>();
  let at = HEADER.length, total = 0, before: Bytes | undefined;
  while (at < bytes.length) {
    const end = bytes.subarray(at, at + 257).indexOf(0x0a);
    const line = /^([^ ]+) (0|[1-9]\d{0,8})$/.exec(end < 0 ? "" : latin1(bytes.subarray(at, at + end))) ?? refuse(`no line with a path and a length at ${at}`);
    const path = line[1]!, length = Number(line[2]), start = at + end + 1;
    if (!isPart(path)) refuse("a path that no file of a bundle has");
    if (before && compare(before, utf8(path)) >= 0) refuse("files in another order");
    if (start + length >= bytes.length || bytes[start + length] !== 0x0a) refuse("another length");
    const content = bytes.subarray(start, start + length);
    const text = fromUtf8(content) ?? refuse(`${path} is not UTF-8`);
    if (text.startsWith("\ufeff")) refuse(`${path} begins with a byte order mark`);
    total += length;
    files.set(path, text);
    if (files.size > MOST_FILES || total > MOST_BYTES) refuse("too many files or bytes");
    before = utf8(path);
    at = start + length + 1;
  }
  if (!files.has("bundle.json")) refuse("there is no bundle.json");
  return files;
}

function isPart(path: string): boolean {
  if (path === "bundle.json" || path === "schema.cedarschema" || path === "entities.json") return true;
  const name = path.startsWith("tests/") ? path.slice(6) : path;
  return name.length <= LONGEST_NAME && NAME.test(name) && name.endsWith(name === path ? ".cedar" : ".json");
}
