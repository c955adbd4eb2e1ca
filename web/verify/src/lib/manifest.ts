import { equal, fromUtf8, utf8, type Bytes } from "./bytes";
import { isTraceId, readTime } from "./record";
import { Stop } from "./stop";

/** The manifest (docs/spec/bundle.md §4): signed by nobody, it helps to name what was altered. */

export interface Counts {
  readonly statements: number;
  readonly records: number;
  readonly heads: number;
  readonly certificates: number;
  readonly contents: number;
}

export interface Manifest {
  readonly trace: string;
  readonly origin: string;
  readonly created: string;
  readonly counts: Counts;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

const COUNTS = ["statements", "records", "heads", "certificates", "contents"] as const;
const CREATED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** Reads a manifest: written again from what was read, it must have the same bytes. Throws {@link Stop}. */
export function readManifest(bytes: Bytes): Manifest {
  const fail = (found: string): never => {
    throw new Stop("manifest-malformed", "manifest", "manifest.json", "the manifest of a cairn-bundle/1, byte for byte", found);
  };
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes) ?? fail("bytes that are not UTF-8"));
  } catch (error) {
    if (error instanceof SyntaxError) return fail("bytes that are not JSON");
    throw error;
  }
  const object = (one: unknown): Record<string, unknown> => (typeof one === "object" && one !== null && !Array.isArray(one) ? (one as Record<string, unknown>) : fail("another form"));
  const text = (one: unknown): string => (typeof one === "string" && !/[\0\p{Noncharacter_Code_Point}\p{Surrogate}]/u.test(one) ? one : fail("another form"));
  const number = (one: unknown): number => (typeof one === "number" && Number.isSafeInteger(one) && one >= 0 ? one : fail("another form"));
  const root = object(value), counted = object(root.counts);
  const counts = Object.fromEntries(COUNTS.map((name) => [name, number(counted[name])])) as unknown as Counts;
  if (!Array.isArray(root.files)) return fail("another form");
  const files = root.files.map((one: unknown) => {
    const file = object(one);
    return { name: text(file.name), bytes: number(file.bytes), sha256: text(file.sha256) };
  });
  const manifest: Manifest = { trace: text(root.trace), origin: text(root.origin), created: text(root.created), counts, files };
  if (root.format !== "cairn-bundle/1") fail(`the format ${String(root.format)}`);
  if (!isTraceId(manifest.trace)) fail("a trace that is no trace id");
  if (!CREATED.test(manifest.created) || !readTime(manifest.created.replace("Z", ".000000Z"))) fail("another form of created");
  if (files.some((file) => !/^[0-9a-f]{64}$/.test(file.sha256))) fail("a digest in another form");
  const again = JSON.stringify({ format: "cairn-bundle/1", trace: manifest.trace, origin: manifest.origin, created: manifest.created, counts, files }, undefined, 2) + "\n";
  if (!equal(utf8(again), bytes)) fail("other bytes than its members are written with");
  return manifest;
}
