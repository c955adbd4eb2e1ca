// Prints how many records a second each form of the verifier does on one generated bundle: node measure.mjs [RECORDS].
// Run `npm run build` before; the C# verifier is timed when ./cairn was built.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "vite";
import { chromium } from "playwright-core";

const root = import.meta.dirname, wanted = Number(process.argv[2] ?? 100_000);
const folder = mkdtempSync(join(tmpdir(), "cairn-measure-"));
try {
  await build({ root, configFile: false, logLevel: "warn", build: { ssr: join(root, "tests/making/large.ts"), outDir: folder, emptyOutDir: false, rolldownOptions: { output: { entryFileNames: "large.mjs" } } }, ssr: { noExternal: [/^@noble/] } });
  const { largeBundle } = await import(pathToFileURL(join(folder, "large.mjs")).href);
  const { bundle, policy, records } = largeBundle(wanted);
  const paths = [join(folder, "large.zip"), join(folder, "large.policy")];
  writeFileSync(paths[0], bundle);
  writeFileSync(paths[1], policy);
  console.log(`${records} records of 100-record statements, ${(statSync(paths[0]).size / 1e6).toFixed(1)} MB zip`);
  const rate = (name, milliseconds) => console.log(`${name.padEnd(28)} ${(milliseconds / 1000).toFixed(2).padStart(7)} s ${Math.round((1000 * records) / milliseconds).toLocaleString("en").padStart(10)} records/s`);
  const run = (name, command, ...args) => {
    const begun = performance.now(), done = spawnSync(command, [...args, paths[0], "--trust", paths[1], "--output", "json"], { encoding: "utf8", maxBuffer: 1 << 28 });
    if (done.status !== 0) throw new Error(`${name}: ${done.stderr}`);
    rate(name, performance.now() - begun);
  };
  run("node cairn-verify.mjs", process.execPath, join(root, "dist/cairn-verify.mjs"));
  const cairn = join(root, "../../.build/current/cairn");
  if (existsSync(cairn)) run("cairn verify (C#)", cairn, "verify");
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
  const page = await browser.newPage();
  await page.goto(pathToFileURL(join(root, "dist/verify.html")).href);
  await page.setInputFiles("#bundle", paths[0]);
  await page.setInputFiles("#policy", paths[1]);
  await page.evaluate(() => {
    globalThis.seen = { longest: 0, last: performance.now() };
    setInterval(() => {
      const now = performance.now();
      seen.longest = Math.max(seen.longest, now - seen.last);
      seen.last = now;
    }, 5);
  });
  const begun = performance.now();
  await page.click("#verify");
  await page.waitForFunction(() => document.documentElement.dataset.state !== undefined, undefined, { timeout: 600_000 });
  rate("verify.html in Chromium", performance.now() - begun);
  console.log(await page.textContent("#status"), `longest pause of the page ${Math.round(await page.evaluate(() => seen.longest))} ms`);
  await browser.close();
} finally {
  rmSync(folder, { recursive: true });
}
