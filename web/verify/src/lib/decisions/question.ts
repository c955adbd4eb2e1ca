import { argumentsOf, asksArguments, type ArgumentKind } from "./bundle-manifest";
import { domainOf, isSpiffeId } from "../spiffe";
import type { DecisionInput } from "./input";
import { Digits, isArray, isObject, objectOf, writeJson, type Json } from "./json-value";
import type { Entity, PolicyBundle, Uid } from "./policy-bundle";

/** The question that a decision puts to Cedar (docs/spec/policy-bundle.md §6): all of it, nothing left out. */

/** Names that the engine prepared the bundle's parts under. */
export const SCHEMA = "schema";
export const POLICIES = "policies";

/** An argument is not what the bundle says it must be: the request is denied. */
export class Refused extends Error {}

const uidJson = ({ type, id }: Uid): Json => objectOf({ type, id });
const same = (a: Uid, b: Uid): boolean => a.type === b.type && a.id === b.id;
const extension = (fn: string, arg: string): Json => objectOf({ __extn: objectOf({ fn, arg }) });

/** Cedar's StatefulAuthorizationCall as JSON. Throws {@link Refused}. */
export function question(bundle: PolicyBundle, input: DecisionInput): string {
  const principal: Uid = { type: "Agent", id: input.principal };
  const resource: Uid = input.type === "tool.call" ? { type: "Tool", id: `${input.server}/${input.name}` } : { type: "Resource", id: input.uri };
  const own: readonly Entity[] = [
    { uid: principal, attributes: agent(input.principal, input.owner, input.authenticated), parents: [], tags: undefined },
    { uid: resource, attributes: new Map(), parents: input.server === "" ? [] : [{ type: "Server", id: input.server }], tags: undefined },
  ];
  return writeJson(
    objectOf({
      principal: uidJson(principal),
      action: uidJson({ type: "Action", id: input.type }),
      resource: uidJson(resource),
      context: context(bundle, input),
      preparsedSchemaName: SCHEMA,
      validateRequest: true,
      entities: entities(bundle, own),
      preparsedPolicySetId: POLICIES,
    }),
  );
}

/** The attributes that an agent has of the request. */
const agent = (id: string, owner: string, authenticated: string): ReadonlyMap<string, Json> => {
  const domain = isSpiffeId(id) ? domainOf(id) : undefined;
  return objectOf({ trust_domain: domain ?? "", path: domain === undefined ? "" : id.slice("spiffe://".length + domain.length), owner, authenticated });
};

/** The bundle's entities, each merged with the request's of the same name, and the request's others. */
function entities(bundle: PolicyBundle, own: readonly Entity[]): Json {
  const merged = bundle.entities.map((entity): Entity => {
    const mine = own.find((one) => same(one.uid, entity.uid));
    const given = mine?.attributes ?? (entity.uid.type === "Agent" ? agent(entity.uid.id, "", "") : new Map<string, Json>());
    const parents = (mine?.parents ?? []).filter((parent) => !entity.parents.some((one) => same(one, parent)));
    return { ...entity, attributes: new Map([...given, ...entity.attributes]), parents: [...parents, ...entity.parents] };
  });
  const others = own.filter((one) => !bundle.entities.some((entity) => same(entity.uid, one.uid)));
  return [...merged, ...others].map(({ uid, attributes, parents, tags }) => objectOf({ uid: uidJson(uid), attrs: attributes, parents: parents.map(uidJson), tags }));
}

function context(bundle: PolicyBundle, input: DecisionInput): Json {
  const chain = input.delegation;
  return objectOf({
    name: input.name,
    server: input.server,
    uri: input.uri,
    delegation: objectOf({ chain, depth: new Digits(`${input.depth}`), initiator: chain[0], giver: chain.at(-1) }),
    scopes: input.scopes,
    time: extension("datetime", input.time),
    writes: input.writes,
    approved: input.approved,
    arguments: asksArguments(bundle.manifest, input.type) ? argumentsGiven(bundle, input) : undefined,
  });
}

function argumentsGiven(bundle: PolicyBundle, input: DecisionInput): Json {
  const given = new Map<string, Json>();
  for (const [name, kind] of argumentsOf(bundle.manifest, input.type, input.server, input.name) ?? []) {
    const value = isObject(input.arguments) ? input.arguments.get(name) : undefined;
    if (value !== undefined && value !== null) given.set(name, argument(name, kind, value));
  }
  return given;
}

const WORDS: Readonly<Record<ArgumentKind, string>> = {
  text: "a text", integer: "a whole number", decimal: "a number", flag: "true or false", texts: "an array of texts", json: "anything",
};

const fits = (kind: ArgumentKind, value: Json): boolean =>
  kind === "text" ? typeof value === "string"
  : kind === "integer" ? value instanceof Digits
  : kind === "decimal" ? value instanceof Digits || typeof value === "string"
  : kind === "flag" ? typeof value === "boolean"
  : kind === "texts" ? isArray(value) && value.every((item) => typeof item === "string")
  : true;

const kindOf = (value: Json): string =>
  value instanceof Digits ? "number" : isArray(value) ? "array" : isObject(value) ? "object" : value === null ? "null" : typeof value === "boolean" ? `${value}` : "string";

function argument(name: string, kind: ArgumentKind, value: Json): Json {
  if (!fits(kind, value)) throw new Refused(`argument ${name}: expected ${WORDS[kind]}, found ${kindOf(value)}`);
  return kind === "decimal" ? extension("decimal", decimal(name, value instanceof Digits ? value.text : (value as string))) : plain(name, value);
}

const MOST = BigInt(Number.MAX_SAFE_INTEGER);

/** A value without what Cedar would read as more than data. */
function plain(name: string, value: Json): Json {
  if (value instanceof Digits) {
    const whole = value.whole;
    if (whole === undefined || whole > MOST || whole < -MOST) throw new Refused(`argument ${name}: expected a whole number within ±(2^53-1), found another`);
    return new Digits(`${whole}`);
  }
  if (isArray(value)) return value.filter((item) => item !== null).map((item) => plain(name, item));
  if (!isObject(value)) return value;
  const members = new Map<string, Json>();
  for (const [member, one] of value) {
    if (one === null) continue;
    if (member.startsWith("__")) throw new Refused(`argument ${name}: names that begin with __ are reserved`);
    members.set(member, plain(name, one));
  }
  return members;
}

/** In Cedar's notation: at least one and at most four digits after the point, never rounded. */
function decimal(name: string, text: string): string {
  const match = text.length <= 24 ? /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) : null;
  const fraction = (match?.[3] ?? "").replace(/0+$/, "");
  if (!match || BigInt(match[2]!) >= 922337203685477n || fraction.length > 4) {
    throw new Refused(`argument ${name}: expected a number below 922337203685477 with at most four digits after the point and no exponent, found another`);
  }
  return `${match[1]}${BigInt(match[2]!)}.${fraction || "0"}`;
}
