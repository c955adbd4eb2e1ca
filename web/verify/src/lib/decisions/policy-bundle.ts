import { Malformed, utf8, type Bytes } from "../bytes";
import { isDuration, readPolicyManifest, type PolicyManifest } from "./bundle-manifest";
import type { CedarInstance } from "./cedar";
import { isArray, isObject, parseJson, type Json } from "./json-value";
import { unseal } from "./sealed";

/** A policy bundle that decisions were made under (docs/spec/policy-bundle.md §3, §4, §10). */

export interface Policy {
  readonly id: string;
  readonly text: string;
  readonly reason: string | undefined;
  readonly credential: string | undefined;
  /** Who may approve what it permits; none: nobody needs to. */
  readonly approvers: readonly string[];
}

export interface Uid {
  readonly type: string;
  readonly id: string;
}

export interface Entity {
  readonly uid: Uid;
  readonly attributes: ReadonlyMap<string, Json>;
  readonly parents: readonly Uid[];
  readonly tags: Json | undefined;
}

export interface PolicyBundle {
  readonly manifest: PolicyManifest;
  readonly schema: string;
  /** Types of actions that a request could be for. */
  readonly actions: ReadonlySet<string>;
  readonly entities: readonly Entity[];
  readonly policies: ReadonlyMap<string, Policy>;
}

const MOST_POLICIES = 10_000;
const DEEPEST_POLICY = 1000;
const ANNOTATIONS: readonly string[] = ["id", "description", "reason", "approval", "approval_timeout", "credential"];
/** Attributes of an agent that requests give. */
const AGENT: readonly string[] = ["trust_domain", "path", "owner", "authenticated"];

const refuse = (what: string): never => {
  throw new Malformed(`not a usable policy bundle: ${what}`);
};

/**
 * Reads a sealed bundle, with the engine that parses its policies. Throws {@link Malformed} for what is none; that policies hold to the
 * schema is not asked, since no decision depends on it.
 */
export function readPolicyBundle(sealed: Bytes, engine: CedarInstance, version: string): PolicyBundle {
  const files = unseal(sealed);
  const manifest = readPolicyManifest(parseJson(utf8(files.get("bundle.json")!)));
  if (manifest.engine !== undefined && version !== manifest.engine && !version.startsWith(`${manifest.engine}.`)) refuse(`it is for Cedar ${manifest.engine}`);
  const schema = files.get("schema.cedarschema") ?? refuse("there is no schema");
  const policies = new Map<string, Policy>();
  for (const [path, text] of files) {
    if (path.endsWith(".cedar")) readPolicies(text, engine, manifest, policies);
  }
  const entities = files.get("entities.json");
  return { manifest, schema, actions: readActions(schema, engine), entities: entities === undefined ? [] : readEntities(parseJson(utf8(entities))), policies };
}

interface SchemaJson {
  readonly json?: Readonly<Record<string, { readonly actions?: Readonly<Record<string, { readonly appliesTo?: { readonly principalTypes: readonly string[] } }>> }>>;
}

function readActions(schema: string, engine: CedarInstance): ReadonlySet<string> {
  const answer = JSON.parse(engine.call("schemaToJson", JSON.stringify(schema))) as SchemaJson;
  const spaces = answer.json ?? refuse("its schema is none");
  // Own members only: a namespace or action may have any name.
  const actions = Object.hasOwn(spaces, "") ? spaces[""]!.actions ?? {} : {};
  return new Set(Object.entries(actions).filter(([, action]) => (action.appliesTo?.principalTypes.length ?? 0) > 0).map(([name]) => name));
}

interface Parts {
  readonly policies?: readonly string[];
  readonly policy_templates?: readonly string[];
}

interface PolicyJson {
  readonly json?: { readonly effect: string; readonly annotations?: Readonly<Record<string, string | null>> };
}

function readPolicies(text: string, engine: CedarInstance, manifest: PolicyManifest, into: Map<string, Policy>): void {
  const parts = JSON.parse(engine.callText("policySetTextToParts", text)) as Parts;
  if (!parts.policies || (parts.policy_templates?.length ?? 0) > 0) refuse("a file does not hold policies alone");
  for (const policy of parts.policies!) {
    const answer = engine.call("policyToJson", JSON.stringify(policy));
    if (isDeeper(answer, DEEPEST_POLICY)) refuse("a policy is nested too deep");
    const { json } = JSON.parse(answer) as PolicyJson;
    const read = readPolicy(policy, json ?? refuse("a policy is none"), manifest);
    if (into.has(read.id)) refuse("two policies have one id");
    into.set(read.id, read);
    if (into.size > MOST_POLICIES) refuse("it has too many policies");
  }
}

function readPolicy(text: string, json: NonNullable<PolicyJson["json"]>, manifest: PolicyManifest): Policy {
  const notes = new Map(Object.entries(json.annotations ?? {}).map(([name, value]) => [name, value ?? ""]));
  const id = notes.get("id") ?? "";
  if (!/^[!-~]{1,128}$/.test(id)) refuse("a policy has no id of 1 to 128 printable ASCII characters");
  for (const name of notes.keys()) if (!ANNOTATIONS.includes(name)) refuse(`the annotation @${name} is unknown`);
  if (json.effect !== "permit" && ["approval", "approval_timeout", "credential"].some((name) => notes.has(name))) refuse("a forbid has an annotation of permits");
  const approval = notes.get("approval");
  const approvers = approval === undefined ? [] : [...new Set(approval.split(",").map(trim).filter((one) => one !== ""))];
  if (approval !== undefined && approvers.length === 0) refuse("an @approval names nobody");
  const timeout = notes.get("approval_timeout");
  if (timeout !== undefined && (!isDuration(timeout) || approvers.length === 0)) refuse("an @approval_timeout is no duration, or stands alone");
  const credential = notes.get("credential");
  if (credential !== undefined && !manifest.credentials.has(credential)) refuse("a @credential names none of the bundle's");
  return { id, text, reason: notes.get("reason"), credential, approvers };
}

const SPACE = "[\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const EDGES = new RegExp(`^${SPACE}+|${SPACE}+$`, "g");
/** Without Unicode's white space (White_Space) at its ends. */
const trim = (text: string): string => text.replace(EDGES, "");

function readEntities(root: Json): readonly Entity[] {
  if (!isArray(root)) return refuse("entities.json is no array");
  const seen = new Set<string>();
  return root.map((item) => {
    if (!isObject(item)) return refuse("an entity is no object");
    for (const name of item.keys()) if (!["uid", "attrs", "parents", "tags"].includes(name)) refuse("an entity has a member of another name");
    const uid = readUid(item.get("uid")) ?? refuse("an entity has no uid");
    const attributes = item.get("attrs") ?? new Map<string, Json>(), parents = item.get("parents") ?? [];
    if (!isObject(attributes) || (item.has("attrs") && item.get("attrs") === null)) return refuse("an entity's attrs are no object");
    if (!isArray(parents) || (item.has("parents") && item.get("parents") === null)) return refuse("an entity's parents are no array");
    if (uid.type === "Agent" && AGENT.some((name) => attributes.has(name))) refuse("an entity sets what requests give");
    const key = JSON.stringify([uid.type, uid.id]);
    if (seen.has(key)) refuse("two entities have one name");
    seen.add(key);
    return { uid, attributes, parents: parents.map((parent) => readUid(parent) ?? refuse("a parent is no uid")), tags: item.get("tags") };
  });
}

/** `{"type":…,"id":…}`, bare or within `__entity`. */
function readUid(value: Json | undefined): Uid | undefined {
  const inner = isObject(value) && value.has("__entity") ? value.get("__entity") : value;
  if (!isObject(inner)) return undefined;
  const type = inner.get("type"), id = inner.get("id");
  return typeof type === "string" && typeof id === "string" ? { type, id } : undefined;
}

/** Whether JSON is nested deeper than that. */
function isDeeper(json: string, most: number): boolean {
  let depth = 0, inText = false;
  for (let i = 0; i < json.length; i++) {
    const one = json[i];
    if (inText) {
      if (one === "\\") i++;
      else if (one === '"') inText = false;
    } else if (one === '"') {
      inText = true;
    } else if (one === "{" || one === "[") {
      if (++depth > most) return true;
    } else if (one === "}" || one === "]") {
      depth--;
    }
  }
  return false;
}
