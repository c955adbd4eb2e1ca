import { Malformed } from "../bytes";
import { isArray, isObject, type Json } from "./json-value";

/** bundle.json of a policy bundle (docs/spec/policy-bundle.md §3), as far as decisions follow from it. */

export const KINDS = ["text", "integer", "decimal", "flag", "texts", "json"] as const;
export type ArgumentKind = (typeof KINDS)[number];

interface ArgumentRule {
  readonly action: string | undefined;
  readonly server: string | undefined;
  readonly name: string | undefined;
  readonly members: ReadonlyMap<string, ArgumentKind>;
}

export interface PolicyManifest {
  readonly version: string;
  /** The engine's version that it asks for, or its beginning; undefined: any. */
  readonly engine: string | undefined;
  readonly arguments: readonly ArgumentRule[];
  readonly credentials: ReadonlySet<string>;
}

const refuse = (what: string): never => {
  throw new Malformed(`bundle.json: ${what}`);
};

/** Reads the manifest, all of it. Throws {@link Malformed}. */
export function readPolicyManifest(root: Json): PolicyManifest {
  const members = object(root, ["name", "version", "description", "mode", "engine", "arguments", "capture", "credentials", "approval_timeout"]);
  const printable = (name: string): string => {
    const value = text(members.get(name));
    return /^[ -~]{1,64}$/.test(value) ? value : refuse(`${name} is not 1 to 64 printable ASCII characters`);
  };
  printable("name");
  const version = printable("version");
  if (members.has("description")) text(members.get("description"));
  if (members.has("mode")) oneOf(members.get("mode"), ["enforce", "shadow"]);
  if (members.has("approval_timeout") && !isDuration(text(members.get("approval_timeout")))) refuse("approval_timeout is no duration");
  const engine = members.has("engine") ? object(members.get("engine"), ["name", "version"]) : undefined;
  if (engine?.has("name")) oneOf(engine.get("name"), ["cedar"]);
  for (const rule of list(members.get("capture"))) readCapture(rule);
  const credentials = members.has("credentials") ? object(members.get("credentials")) : new Map<string, Json>();
  for (const credential of credentials.values()) readCredential(credential);
  return {
    version,
    engine: engine?.has("version") ? text(engine.get("version")) : undefined,
    arguments: list(members.get("arguments")).map(readArguments),
    credentials: new Set(credentials.keys()),
  };
}

function readArguments(rule: Json): ArgumentRule {
  const members = object(rule, ["action", "server", "name", "members"]);
  const asked = object(members.get("members"));
  return { ...readPattern(members), members: new Map([...asked].map(([name, kind]) => [name, oneOf(kind, KINDS)])) };
}

function readCapture(rule: Json): void {
  const members = object(rule, ["action", "server", "name", "input", "content"]);
  readPattern(members);
  if (!members.has("input") && !members.has("content")) refuse("a rule of capture has neither input nor content");
  for (const name of ["input", "content"]) if (members.has(name)) oneOf(members.get(name), ["none", "redacted", "full"]);
}

function readCredential(credential: Json): void {
  const members = object(credential, ["audience", "scope", "ttl", "per_task"]);
  text(members.get("audience"));
  const scope = members.get("scope");
  if (!isArray(scope)) return refuse("scope is no array");
  scope.forEach(text);
  if (!isDuration(text(members.get("ttl")))) refuse("ttl is no duration");
  if (members.has("per_task") && typeof members.get("per_task") !== "boolean") refuse("per_task is neither true nor false");
}

function readPattern(members: ReadonlyMap<string, Json>): { action: string | undefined; server: string | undefined; name: string | undefined } {
  const part = (name: string): string | undefined => (members.has(name) ? text(members.get(name)) : undefined);
  return { action: part("action"), server: part("server"), name: part("name") };
}

const text = (value: Json | undefined): string => (typeof value === "string" ? value : refuse("a text is missing"));

function list(value: Json | undefined): readonly Json[] {
  if (value === undefined) return [];
  return isArray(value) ? value : refuse("an array is missing");
}

function object(value: Json | undefined, allowed?: readonly string[]): ReadonlyMap<string, Json> {
  if (!isObject(value)) return refuse("an object is missing");
  for (const name of value.keys()) if (allowed && !allowed.includes(name)) refuse(`the name ${name} is unknown`);
  return value;
}

function oneOf<T extends string>(value: Json | undefined, choices: readonly T[]): T {
  return choices.find((choice) => choice === value) ?? refuse(`expected one of ${choices.join(", ")}`);
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

/** A whole number and s, m, h or d; more than nothing, at most 366 days. */
export function isDuration(text: string): boolean {
  const match = /^(\d{1,8})([smhd])$/.exec(text);
  const seconds = match ? Number(match[1]) * SECONDS[match[2]!]! : 0;
  return seconds > 0 && seconds <= 366 * 86400;
}

/** Whether a text is the pattern's, in which `*` stands for any characters; an absent pattern takes any. */
function like(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  let p = 0, t = 0, star = -1, mark = 0;
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      mark = t;
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(p));
}

/** The members that the bundle asks for of an action's arguments, in ascending order; undefined where no rule matches. */
export function argumentsOf(manifest: PolicyManifest, action: string, server: string, name: string): readonly (readonly [string, ArgumentKind])[] | undefined {
  const matching = manifest.arguments.filter((rule) => like(rule.action, action) && like(rule.server, server) && like(rule.name, name));
  if (matching.length === 0) return undefined;
  const asked = new Map<string, ArgumentKind>();
  for (const rule of matching) for (const [member, kind] of rule.members) if (!asked.has(member)) asked.set(member, kind);
  return [...asked].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Whether a rule asks for arguments of this type of action, whatever its server and name. */
export const asksArguments = (manifest: PolicyManifest, action: string): boolean => manifest.arguments.some((rule) => like(rule.action, action));
