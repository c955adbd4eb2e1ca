// An MCP server over stdio that does what its caller says, right or wrong. It uses no library, so that it can also be wrong.
import { writeFileSync } from "node:fs";

let tools = [
  { name: "line", description: "answers with the very bytes it received", inputSchema: { type: "object" }, annotations: { readOnlyHint: true } },
  { name: "write", description: "writes bytes to stdout", inputSchema: { type: "object" }, annotations: { readOnlyHint: false, destructiveHint: true } },
  { name: "sleep", inputSchema: { type: "object" } },
];
const pageSize = 2;
const waiting = new Map();
let nextId = 1000;
let buffer = Buffer.alloc(0);

const send = (message) => process.stdout.write(JSON.stringify(message) + "\n");
const answer = (id, result) => send({ jsonrpc: "2.0", id, result });
const fail = (id, code, message) => send({ jsonrpc: "2.0", id, error: { code, message } });
const text = (value) => ({ content: [{ type: "text", text: value }] });
const ask = (method, params) =>
  new Promise((resolve) => {
    const id = nextId++;
    waiting.set(id, resolve);
    send({ jsonrpc: "2.0", id, method, params });
  });

const calls = {
  line: (id, args, raw) => answer(id, text(raw.toString("base64"))),
  write: (id, args) => {
    process.stdout.write(Buffer.from(args.base64, "base64"));
    answer(id, text("written"));
  },
  spill: (id, args) => process.stdout.write(Buffer.from(args.base64, "base64")),
  fail: (id, args) => answer(id, { ...text(args.text ?? "it failed"), isError: true }),
  error: (id, args) => fail(id, args.code ?? -32602, args.text ?? "no such thing"),
  sleep: (id, args) => setTimeout(() => answer(id, text("awake")), args.ms),
  never: () => {},
  exit: (id, args) => process.exit(args.code),
  kill: () => process.kill(process.pid, "SIGKILL"),
  big: (id, args) => answer(id, text("x".repeat(args.bytes))),
  ask: async (id, args) => answer(id, { ...text("asked"), structuredContent: await ask(args.method, args.params) }),
  env: (id, args) => answer(id, text(process.env[args.name] ?? "")),
  change: (id, args) => {
    tools = args.tools;
    send({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
    answer(id, text("changed"));
  },
  result: (id, args) => answer(id, args.result),
  later: (id, args) => setTimeout(() => answer(id, args.result), args.ms),
  deaf: (id) => {
    answer(id, text("deaf"));
    process.stdin.pause();
    setInterval(() => {}, 1000);
  },
  stubborn: (id) => {
    process.on("SIGTERM", () => {});
    setInterval(() => {}, 1000);
    answer(id, text("stubborn"));
  },
  mark: (id, args) => {
    writeFileSync(args.file, "the server saw this call");
    answer(id, text("marked"));
  },
};

const handlers = {
  initialize: (id, params) =>
    answer(id, { protocolVersion: params.protocolVersion, capabilities: { tools: { listChanged: true } }, serverInfo: { name: "puppet", version: "1.2.3" } }),
  "tools/list": (id, params) => {
    const from = Number(params?.cursor ?? 0);
    const next = from + pageSize < tools.length ? { nextCursor: String(from + pageSize) } : {};
    answer(id, { tools: tools.slice(from, from + pageSize), ...next });
  },
  "tools/call": (id, params, raw) => (calls[String(params?.name)] ?? (() => fail(id, -32602, `unknown tool ${params?.name}`)))(id, params?.arguments ?? {}, raw),
  "resources/read": (id, params) => answer(id, { contents: [{ uri: params?.uri, text: "read" }] }),
  "prompts/get": (id) => answer(id, { messages: [] }),
  "x/raw": (id, params, raw) => answer(id, { base64: raw.toString("base64") }),
  "tasks/get": (id, params) => answer(id, params?.answer),
  "tasks/result": (id, params) => answer(id, params?.answer),
  ping: (id) => answer(id, {}),
};

function take(message, raw) {
  if (message.method === undefined) {
    waiting.get(message.id)?.(message.result ?? message.error);
    waiting.delete(message.id);
  } else if (message.id !== undefined) {
    (handlers[message.method] ?? (() => fail(message.id, -32601, "method not found")))(message.id, message.params, raw);
  }
}

process.stdin.on("data", (chunk) => {
  buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
  let newline;
  while ((newline = buffer.indexOf(10)) >= 0) {
    const raw = buffer.subarray(0, newline + 1);
    buffer = buffer.subarray(newline + 1);
    if (raw.toString().trim() === "") {
      continue;
    }
    const message = JSON.parse(raw.toString());
    for (const one of Array.isArray(message) ? message : [message]) {
      take(one, raw);
    }
  }
});
