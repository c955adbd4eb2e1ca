// Makes dist/verify.html, one file with everything in it, and dist/cairn-verify.mjs, and prints their SHA-256. The same sources
// and lock file give the same bytes: nothing of the time, the machine or the folder goes into them.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";

const root = import.meta.dirname;
const dist = join(root, "dist");

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
const policy = `default-src 'none'; script-src ${source(script)}; style-src ${source(style)}; worker-src blob:; base-uri 'none'; form-action 'none'`;
const parts = { CSP: policy, STYLE: style, SCRIPT: script };
const page = readFileSync(join(root, "src/page/page.html"), "utf8").replaceAll(/@(CSP|STYLE|SCRIPT)@/g, (_, name) => parts[name]);

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
writeFileSync(join(dist, "verify.html"), page);
writeFileSync(join(dist, "cairn-verify.mjs"), await bundle("src/node/cli.ts", { node: true }));
for (const name of ["verify.html", "cairn-verify.mjs"]) {
  const bytes = readFileSync(join(dist, name));
  console.log(`${createHash("sha256").update(bytes).digest("hex")}  ${name}  ${bytes.length} bytes`);
}
