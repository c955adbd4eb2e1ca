// Bundles tests/*.test.ts and runs them with Node's test runner. Arguments: names of tests to run (all without any).
// The last line is "N passed, N failed"; the exit code is 0 only when nothing failed.
import { spawn } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";

const root = import.meta.dirname;
const out = join(root, ".tests");
const wanted = process.argv.slice(2);
const names = readdirSync(join(root, "tests"))
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => name.slice(0, -".test.ts".length))
  .filter((name) => wanted.length === 0 || wanted.includes(name));
rmSync(out, { recursive: true, force: true });
await build({
  root,
  configFile: false,
  logLevel: "warn",
  build: {
    ssr: true,
    outDir: out,
    minify: false,
    rolldownOptions: {
      input: Object.fromEntries(names.map((name) => [name, join(root, "tests", `${name}.test.ts`)])),
      output: { entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" },
    },
  },
  ssr: { noExternal: [/^@noble/] },
});

let output = "";
const code = await new Promise((resolve, reject) => {
  const child = spawn(process.execPath, ["--test", "--test-reporter=spec", ...names.map((name) => join(out, `${name}.mjs`))], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.on("data", (piece) => {
    output += piece;
    process.stdout.write(piece);
  });
  child.on("error", reject);
  child.on("close", resolve);
});
const count = (name) => Number(new RegExp(`^\\u2139 ${name} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
const failed = count("fail") + count("cancelled");
console.log(`${count("pass")} passed, ${failed + (code !== 0 && failed === 0 ? 1 : 0)} failed`);
process.exitCode = code !== 0 || count("pass") === 0 ? 1 : 0;
