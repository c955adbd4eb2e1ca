// Prints how many records a second each form of the verifier does on one bundle. Run `npm run build` before.
//   node measure.mjs [RECORDS]              a generated one; the C# verifier is timed too when ./cairn was built
//   node measure.mjs --of BUNDLE POLICY     that one, as JSON: {"records", "node": {"seconds", "cpu_seconds"}, "browser": {"seconds", "longest_pause_seconds"}}
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "vite";
import { chromium } from "playwright-core";

const root = import.meta.dirname;
const COUNT_CPU = "data:text/javascript,process.on('exit',()=>console.error('cpu '+(process.cpuUsage().user+process.cpuUsage().system)))";

/** A command that verifies the bundle, as a process of its own from start to end. */
function inProcess(name, command, args, [bundle, policy]) {
  const begun = performance.now();
  const done = spawnSync(command, [...args, bundle, "--trust", policy, "--output", "json"], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (done.status !== 0) throw new Error(`${name} did not verify it: ${done.stderr || done.stdout.slice(0, 2000) || done.error}`);
  const cpu = /^cpu (\d+)$/m.exec(done.stderr)?.[1];
  return { seconds: (performance.now() - begun) / 1000, records: JSON.parse(done.stdout).counts.records, ...(cpu ? { cpu_seconds: Number(cpu) / 1e6 } : {}) };
}

const inNode = (files) => inProcess("node cairn-verify.mjs", process.execPath, ["--import", COUNT_CPU, join(root, "dist/cairn-verify.mjs")], files);

/** verify.html from disk in a real browser, from the click until the page shows its answer. */
async function inBrowser([bundle, policy]) {
  const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
  if (!executablePath) throw new Error("no Chromium: run ./test, which installs it, or apt-get install chromium");
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
  try {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(join(root, "dist/verify.html")).href);
    await page.setInputFiles("#bundle", bundle);
    await page.setInputFiles("#policy", policy);
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
    await page.waitForFunction(() => document.documentElement.dataset.state !== undefined, undefined, { timeout: 1_800_000 });
    const seconds = (performance.now() - begun) / 1000, status = await page.textContent("#status");
    if (!/: verified\.$/.test(status)) throw new Error(`verify.html did not verify it: ${status}`);
    const records = Number((await page.textContent("#count")).split(" of ")[1].replace(/\D/g, ""));
    return { seconds, records, longest_pause_seconds: (await page.evaluate(() => seen.longest)) / 1000 };
  } finally {
    await browser.close();
  }
}

if (process.argv[2] === "--of") {
  const files = process.argv.slice(3, 5);
  const node = inNode(files), browser = await inBrowser(files);
  if (node.records !== browser.records) throw new Error(`node saw ${node.records} records and the browser ${browser.records}`);
  console.log(JSON.stringify({ records: node.records, node, browser }));
} else {
  const folder = mkdtempSync(join(tmpdir(), "cairn-measure-"));
  try {
    await build({ root, configFile: false, logLevel: "warn", build: { ssr: join(root, "tests/making/large.ts"), outDir: folder, emptyOutDir: false, rolldownOptions: { output: { entryFileNames: "large.mjs" } } }, ssr: { noExternal: [/^@noble/] } });
    const { largeBundle } = await import(pathToFileURL(join(folder, "large.mjs")).href);
    const { bundle, policy, records } = largeBundle(Number(process.argv[2] ?? 100_000));
    const files = [join(folder, "large.zip"), join(folder, "large.policy")];
    writeFileSync(files[0], bundle);
    writeFileSync(files[1], policy);
    console.log(`${records} records of 100-record statements, ${(statSync(files[0]).size / 1e6).toFixed(1)} MB zip`);
    const print = (name, { seconds }) => console.log(`${name.padEnd(28)} ${seconds.toFixed(2).padStart(7)} s ${Math.round(records / seconds).toLocaleString("en").padStart(10)} records/s`);
    print("node cairn-verify.mjs", inNode(files));
    const cairn = join(root, "../../.build/current/cairn");
    if (existsSync(cairn)) print("cairn verify (C#)", inProcess("cairn verify", cairn, ["verify"], files));
    const browser = await inBrowser(files);
    print("verify.html in Chromium", browser);
    console.log(`longest pause of the page ${Math.round(1000 * browser.longest_pause_seconds)} ms`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
