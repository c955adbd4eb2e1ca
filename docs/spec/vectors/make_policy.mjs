// Makes the vectors of policy-bundle.md in policy/, from the specification alone and by Cedar in JavaScript; it shares no code
// with Cairn. Run in a folder where @cedar-policy/cedar-wasm 4.13.0 is installed:
//   node make_policy.mjs REPOSITORY
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "x.js"));
const cedar = require("@cedar-policy/cedar-wasm/nodejs");
const repository = process.argv[2];
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

// §1, §2
function read(folder) {
  const files = {};
  for (const name of readdirSync(folder)) if (/^(bundle\.json|schema\.cedarschema|entities\.json|[A-Za-z0-9][\w.-]*\.cedar)$/.test(name)) files[name] = readFileSync(join(folder, name));
  const tests = join(folder, "tests");
  if (existsSync(tests)) for (const name of readdirSync(tests)) if (name.endsWith(".json")) files[`tests/${name}`] = readFileSync(join(tests, name));
  return files;
}

function seal(files) {
  const paths = Object.keys(files).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Buffer.concat([Buffer.from("cairn-policy v1\n"), ...paths.flatMap((p) => [Buffer.from(`${p} ${files[p].length}\n`), files[p], Buffer.from("\n")])]);
}

// §3
const like = (pattern, text) => pattern === undefined || new RegExp(`^${pattern.split("*").map((p) => p.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^]*")}$`).test(text);
const matches = (rule, action, server, name) => like(rule.action, action) && like(rule.server, server) && like(rule.name, name);

class Refused extends Error {}

// §6, arguments
function argument(name, kind, value) {
  const no = () => { throw new Refused(`argument ${name}`); };
  if (kind === "text") return typeof value === "string" ? value : no();
  if (kind === "flag") return typeof value === "boolean" ? value : no();
  if (kind === "integer") return Number.isSafeInteger(value) ? value : no();
  if (kind === "texts") return Array.isArray(value) && value.every((v) => typeof v === "string") ? value : no();
  if (kind === "decimal") {
    const text = String(value);
    if (!["number", "string"].includes(typeof value) || text.length > 24 || !/^-?\d+(\.\d+)?$/.test(text) || /\.\d{4}\d*[1-9]/.test(text)) no();
    const [whole, fraction = ""] = text.split(".");
    return { __extn: { fn: "decimal", arg: `${whole}.${fraction.slice(0, 4).replace(/0+$/, "") || "0"}` } };
  }
  throw new Error(`kind ${kind} is not in these vectors`);
}

function question(bundle, input) {
  const { principal, action, resource, context } = input;
  const domainAndPath = /^spiffe:\/\/([^/]*)(.*)$/.exec(principal.id);
  const agent = { type: "Agent", id: principal.id };
  const target = action.type === "tool.call" ? { type: "Tool", id: `${resource.server}/${action.name}` } : { type: "Resource", id: resource.uri };
  const chain = principal.delegation;
  const asked = Object.assign({}, ...bundle.manifest.arguments.filter((r) => matches(r, action.type, resource.server, action.name)).map((r) => r.members).reverse());
  const given = {};
  for (const [name, kind] of Object.entries(asked)) if (input.arguments?.[name] != null) given[name] = argument(name, kind, input.arguments[name]);
  const own = [
    { uid: agent, attrs: { trust_domain: domainAndPath[1], path: domainAndPath[2], owner: principal.owner, authenticated: principal.authenticated }, parents: [] },
    { uid: target, attrs: {}, parents: resource.server ? [{ type: "Server", id: resource.server }] : [] },
  ];
  const same = (a, b) => a.type === b.type && a.id === b.id;
  const entities = bundle.entities.map((e) => {
    const mine = own.find((o) => same(o.uid, e.uid));
    const unasked = e.uid.type === "Agent" ? { ...(([, d, p]) => ({ trust_domain: d, path: p }))(/^spiffe:\/\/([^/]*)(.*)$/.exec(e.uid.id)), owner: "", authenticated: "" } : {};
    return { uid: e.uid, attrs: { ...(mine?.attrs ?? unasked), ...e.attrs }, parents: [...(mine?.parents ?? []), ...e.parents] };
  });
  return {
    principal: agent, action: { type: "Action", id: action.type }, resource: target,
    context: {
      name: action.name, server: resource.server, uri: resource.uri,
      delegation: { chain, depth: context.depth, ...(chain.length ? { initiator: chain[0], giver: chain.at(-1) } : {}) },
      scopes: principal.scopes, time: { __extn: { fn: "datetime", arg: context.time } },
      ...("writes" in context ? { writes: context.writes } : {}), approved: context.approved,
      ...(bundle.manifest.arguments.some((r) => like(r.action, action.type)) ? { arguments: given } : {}),
    },
    schema: bundle.schema, validateRequest: true, policies: { staticPolicies: bundle.policies },
    entities: [...entities, ...own.filter((o) => !bundle.entities.some((e) => same(e.uid, o.uid)))],
  };
}

// §7
function decide(bundle, input) {
  const failed = (determining) => ({ decision: "deny", determining, obligations: [], reason: "policy could not be evaluated", failed: true });
  let answer;
  try {
    answer = cedar.isAuthorized(question(bundle, input));
  } catch (e) {
    if (e instanceof Refused) return failed([]);
    throw e;
  }
  if (answer.type !== "success") return failed([]);
  const { decision, diagnostics } = answer.response;
  const determining = [...diagnostics.reason].sort();
  if (diagnostics.errors.length) return failed(determining);
  const notes = determining.map((id) => bundle.annotations[id]);
  const reason = (speaking, otherwise) => [...new Set(speaking.map((n) => n.reason).filter(Boolean))].join("; ") || otherwise;
  const out = (decision, obligations, why) => ({ decision, determining, obligations, reason: why, failed: false });
  if (decision === "deny") return out("deny", [], reason(notes, determining.length ? `forbidden by ${determining.join(", ")}` : "no policy permits it"));
  const asking = notes.filter((n) => n.approval);
  if (asking.length && !input.context.approved) {
    const lists = asking.map((n) => n.approval.split(",").map((a) => a.trim()).filter(Boolean));
    const all = [...new Set(lists[0])].filter((a) => lists.every((l) => l.includes(a)));
    return all.length ? out("needs_approval", all.map((a) => `approval:${a}`), reason(asking, `needs approval by ${all.join(" or ")}`)) : failed(determining);
  }
  const credentials = [...new Set(notes.map((n) => n.credential).filter(Boolean))];
  return credentials.length > 1 ? failed(determining) : out("allow", credentials.map((c) => `credential:${c}`), reason(notes, `permitted by ${determining.join(", ")}`));
}

const vectors = { engine: "cedar", engine_version: cedar.getCedarVersion(), engine_digest: `sha256:${sha256(readFileSync(require.resolve("@cedar-policy/cedar-wasm/nodejs").replace("cedar_wasm.js", "cedar_wasm_bg.wasm")))}`, bundles: [] };
for (const name of ["payments", "coding-agent", "read-only-assistant"]) {
  const files = read(join(repository, "samples/policies", name));
  const sealed = seal(files);
  writeFileSync(join(repository, "docs/spec/vectors/policy", `${name}.cairn-policy`), sealed);
  const bundle = { manifest: { arguments: [], ...JSON.parse(files["bundle.json"]) }, schema: files["schema.cedarschema"].toString(), entities: JSON.parse(files["entities.json"] ?? "[]"), policies: {}, annotations: {} };
  for (const path of Object.keys(files).filter((p) => p.endsWith(".cedar"))) {
    for (const text of cedar.policySetTextToParts(files[path].toString()).policies) {
      const { json } = cedar.policyToJson(text);
      bundle.policies[json.annotations.id] = text;
      bundle.annotations[json.annotations.id] = json.annotations;
    }
  }
  const decisions = [];
  for (const path of Object.keys(files).filter((p) => p.startsWith("tests/"))) {
    const { defaults, cases } = JSON.parse(files[path]);
    for (const c of cases) {
      const r = { principal: "spiffe://example.org/agent", owner: "", authenticated: "x509-svid", delegation: [], action: "tool.call", name: "", server: "", scopes: [], time: "2026-01-01T12:00:00.000Z", approved: false, ...defaults, ...c.request };
      const asked = [...new Set(bundle.manifest.arguments.filter((a) => matches(a, r.action, r.server, r.name)).flatMap((a) => Object.keys(a.members)))].sort();
      const input = {
        v: 1, principal: { id: r.principal, owner: r.owner, authenticated: r.authenticated, delegation: r.delegation, scopes: r.scopes },
        action: { type: r.action, name: r.name },
        resource: { uri: r.resource ?? `mcp://${encodeURIComponent(r.server)}/tools/${encodeURIComponent(r.name)}`, server: r.server },
        context: { time: r.time, depth: r.depth ?? r.delegation.length, ...(typeof r.writes === "boolean" ? { writes: r.writes } : {}), approved: r.approved },
        ...(asked.length ? { asked, ...(r.arguments ? { arguments: Object.fromEntries(asked.filter((a) => a in r.arguments).map((a) => [a, r.arguments[a]])) } : {}) } : {}),
      };
      decisions.push({ name: c.name, input: JSON.stringify(input), ...decide(bundle, input) });
    }
  }
  vectors.bundles.push({ name, digest: `sha256:${sha256(sealed)}`, decisions });
}
writeFileSync(join(repository, "docs/spec/vectors/policy/decisions.json"), JSON.stringify(vectors, null, 1) + "\n");
