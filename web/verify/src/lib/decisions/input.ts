import { Malformed } from "../bytes";
import { Digits, isArray, isObject, parseJson, type Json } from "./json-value";

/** The input document of a decision (docs/spec/policy-bundle.md §5). */
export interface DecisionInput {
  readonly principal: string;
  readonly owner: string;
  readonly authenticated: string;
  readonly delegation: readonly string[];
  readonly scopes: readonly string[];
  readonly type: string;
  readonly name: string;
  readonly uri: string;
  readonly server: string;
  readonly time: string;
  readonly depth: bigint;
  readonly writes: boolean | undefined;
  readonly approved: boolean;
  /** The arguments asked for, as far as they were given. */
  readonly arguments: Json | undefined;
  /** Why the arguments could not be read. */
  readonly refused: string | undefined;
}

const refuse = (what: string): never => {
  throw new Malformed(`not a decision's input document: ${what}`);
};

/** Reads a document. Throws {@link Malformed}. */
export function readInput(bytes: Uint8Array): DecisionInput {
  const root = object(parseJson(bytes), "the document");
  const v = root.get("v");
  if (!(v instanceof Digits) || v.text !== "1") refuse("v is not 1");
  const principal = object(root.get("principal"), "principal"), action = object(root.get("action"), "action");
  const resource = object(root.get("resource"), "resource"), context = object(root.get("context"), "context");
  texts(root, "asked");
  const refused = root.get("refused");
  if (refused !== undefined && refused !== null && typeof refused !== "string") refuse("refused is no text");
  return {
    principal: text(principal, "id"),
    owner: text(principal, "owner"),
    authenticated: text(principal, "authenticated"),
    delegation: texts(principal, "delegation"),
    scopes: texts(principal, "scopes"),
    type: text(action, "type"),
    name: text(action, "name"),
    uri: text(resource, "uri"),
    server: text(resource, "server"),
    time: text(context, "time"),
    depth: integer(context, "depth"),
    writes: context.has("writes") ? flag(context, "writes") : undefined,
    approved: flag(context, "approved"),
    arguments: root.get("arguments"),
    refused: refused as string | null | undefined ?? undefined,
  };
}

const object = (value: Json | undefined, name: string): ReadonlyMap<string, Json> => (isObject(value) ? value : refuse(`${name} is no object`));

function text(owner: ReadonlyMap<string, Json>, name: string): string {
  const value = owner.get(name);
  return typeof value === "string" ? value : refuse(`${name} is no text`);
}

function flag(owner: ReadonlyMap<string, Json>, name: string): boolean {
  const value = owner.get(name);
  return typeof value === "boolean" ? value : refuse(`${name} is neither true nor false`);
}

function texts(owner: ReadonlyMap<string, Json>, name: string): readonly string[] {
  const value = owner.get(name) ?? (owner.has(name) ? null : []);
  return isArray(value) && value.every((item): item is string => typeof item === "string") ? value : refuse(`${name} is no array of texts`);
}

function integer(owner: ReadonlyMap<string, Json>, name: string): bigint {
  const value = owner.get(name), whole = value instanceof Digits ? value.whole : undefined;
  return whole !== undefined && BigInt.asIntN(64, whole) === whole ? whole : refuse(`${name} is no integer`);
}
