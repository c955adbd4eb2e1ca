// Makes dist/verify.html, one file with everything in it, and dist/cairn-verify.mjs, and prints their SHA-256. The same sources
// and lock file give the same bytes: nothing of the time, the machine or the folder goes into them. An argument names another folder.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "vite";

const root = import.meta.dirname;
const dist = resolve(process.argv[2] ?? join(root, "dist"));

/** Bundles one entry and gives its code. */
async function bundle(entry, { node = false, define = {} } = {}) {
  const result = await build({
    root,
    configFile: false,
    logLevel: "warn",
    define,
    ...(node ? { ssr: { noExternal: [/^@noble/] } } : {}),
    build: {
      write: false,
      target: "es2022",
      minify: node ? false : "oxc",
      ...(node ? { ssr: join(root, entry) } : {}),
      rolldownOptions: { input: join(root, entry), output: { format: node ? "es" : "iife", codeSplitting: false } },
      modulePreload: false,
    },
  });
  const output = (Array.isArray(result) ? result[0] : result).output;
  if (output.length !== 1 || output[0].type !== "chunk") throw new Error(`${entry} became ${output.length} files`);
  return output[0].code.replaceAll("\r\n", "\n");
}

/** How a policy names the text of an inline script or style. */
const source = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
/** No text of a script can end its element. */
const inline = (code) => code.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");

const worker = await bundle("src/page/worker.ts");
const script = inline(await bundle("src/page/main.ts", { define: { WORKER_CODE: JSON.stringify(worker) } }));
const style = readFileSync(join(root, "src/page/style.css"), "utf8");
// 'wasm-unsafe-eval' lets the page compile WebAssembly, and no script: the policy engine, whose digest is checked before (decision 0182).
const policy = `default-src 'none'; script-src ${source(script)} 'wasm-unsafe-eval'; style-src ${source(style)}; worker-src blob:; base-uri 'none'; form-action 'none'`;
const parts = { CSP: policy, STYLE: style, SCRIPT: script };
const page = readFileSync(join(root, "src/page/page.html"), "utf8").replaceAll(/@(CSP|STYLE|SCRIPT)@/g, (_, name) => parts[name]);

mkdirSync(dist, { recursive: true });
for (const [name, text] of [["verify.html", page], ["cairn-verify.mjs", await bundle("src/node/cli.ts", { node: true })]]) {
  // Put in place whole: who reads it meanwhile finds the old file or the new one.
  const next = join(dist, `.${name}.${process.pid}`);
  writeFileSync(next, text);
  renameSync(next, join(dist, name));
  console.log(`${createHash("sha256").update(text).digest("hex")}  ${name}  ${Buffer.byteLength(text)} bytes`);
}
