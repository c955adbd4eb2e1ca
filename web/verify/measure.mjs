// Prints how many records a second each form of the verifier does on one bundle, and what the page costs meanwhile. Run `npm run
// build` before; the C# verifier is timed when ./cairn was built.
//   node measure.mjs [RECORDS] [--stored]   a generated one; stored, 163,000 records are a bundle of 100 MB; else it is compressed
//   node measure.mjs --of BUNDLE POLICY     that one in Node.js and Chromium, as JSON: {"records", "node": {"seconds", "cpu_seconds"}, "browser": {"seconds", "longest_pause_seconds"}}
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "vite";

const root = import.meta.dirname;
const COUNT_CPU = "data:text/javascript,process.on('exit',()=>console.error('cpu '+(process.cpuUsage().user+process.cpuUsage().system)))";

/** Megabytes of memory of the processes below this one, shared pages by their share. */
function memory() {
  const parents = new Map();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      parents.set(pid, /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    } catch (error) {
      if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error;
    }
  }
  const isBelow = (pid) => pid !== undefined && pid !== "0" && (pid === `${process.pid}` || isBelow(parents.get(pid)));
  let sum = 0;
  for (const pid of parents.keys()) {
    if (pid === `${process.pid}` || !isBelow(pid)) continue;
    try {
      sum += Number(/^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
    } catch (error) {
      if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error;
    }
  }
  return sum / 1000;
}

/** A command that verifies the bundle, as a process of its own from start to end. */
function inProcess(name, command, args, [bundle, policy]) {
  const begun = performance.now();
  const done = spawnSync(command, [...args, bundle, "--trust", policy, "--output", "json"], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (done.status !== 0) throw new Error(`${name} did not verify it: ${done.stderr || done.stdout.slice(0, 2000) || done.error}`);
  const cpu = /^cpu (\d+)$/m.exec(done.stderr)?.[1];
  return { seconds: (performance.now() - begun) / 1000, records: JSON.parse(done.stdout).counts.records, ...(cpu ? { cpu_seconds: Number(cpu) / 1e6 } : {}) };
}

const inNode = (files) => inProcess("node cairn-verify.mjs", process.execPath, ["--import", COUNT_CPU, join(root, "dist/cairn-verify.mjs")], files);

/** verify.html from disk in a real browser, from the click until the page shows its answer, and a second longer for its memory. */
async function inBrowser(start, [bundle, policy]) {
  const browser = await start();
  let watch;
  try {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(join(root, "dist/verify.html")).href);
    await page.setInputFiles("#bundle", bundle);
    await page.setInputFiles("#policy", policy);
    await page.evaluate(() => {
      globalThis.seen = { longest: 0, atTheEnd: 0, last: performance.now() };
      setInterval(() => {
        const now = performance.now(), part = document.documentElement.dataset.state === undefined ? "longest" : "atTheEnd";
        seen[part] = Math.max(seen[part], now - seen.last);
        seen.last = now;
      }, 5);
    });
    const before = memory();
    let most = before;
    watch = setInterval(() => (most = Math.max(most, memory())), 250);
    const begun = performance.now();
    await page.click("#verify");
    await page.waitForFunction(() => document.documentElement.dataset.state !== undefined, undefined, { timeout: 1_800_000 });
    const seconds = (performance.now() - begun) / 1000, status = await page.textContent("#status");
    if (!/: verified\.$/.test(status)) throw new Error(`verify.html did not verify it: ${status}`);
    const records = Number((await page.textContent("#count")).split(" of ")[1].replace(/\D/g, ""));
    await page.waitForTimeout(1000);
    const seen = await page.evaluate(() => globalThis.seen);
    return { seconds, records, status, longest_pause_seconds: seen.longest / 1000, last_pause_seconds: seen.atTheEnd / 1000, megabytes: [before, most].map(Math.round) };
  } finally {
    clearInterval(watch);
    await browser.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), "cairn-measure-")), built = join(root, ".measure");
/** A module of the tests, built for Node.js. */
async function load(name) {
  await build({ root, configFile: false, logLevel: "warn", build: { ssr: join(root, `tests/making/${name}.ts`), outDir: built, emptyOutDir: false, rolldownOptions: { output: { entryFileNames: `${name}.mjs` } } }, ssr: { noExternal: [/^@noble/] } });
  return import(pathToFileURL(join(built, `${name}.mjs`)).href);
}

try {
  const { launch, launchFirefox } = await load("browser");
  if (process.argv[2] === "--of") {
    const files = process.argv.slice(3, 5);
    const node = inNode(files), { seconds, records, longest_pause_seconds } = await inBrowser(launch, files);
    if (node.records !== records) throw new Error(`node saw ${node.records} records and the browser ${records}`);
    console.log(JSON.stringify({ records, node, browser: { seconds, records, longest_pause_seconds } }));
  } else {
    const { largeBundle } = await load("large");
    const { bundle, policy, records } = largeBundle(Number(process.argv[2] ?? 100_000), process.argv.includes("--stored"));
    const files = [join(folder, "large.zip"), join(folder, "large.policy")];
    writeFileSync(files[0], bundle);
    writeFileSync(files[1], policy);
    console.log(`${records} records of 100-record statements, ${(statSync(files[0]).size / 1e6).toFixed(1)} MB zip`);
    const print = (name, { seconds }) => console.log(`${name.padEnd(28)} ${seconds.toFixed(2).padStart(7)} s ${Math.round(records / seconds).toLocaleString("en").padStart(10)} records/s`);
    print("node cairn-verify.mjs", inNode(files));
    const cairn = join(root, "../../.build/current/cairn");
    if (existsSync(cairn)) print("cairn verify (C#)", inProcess("cairn verify", cairn, ["verify"], files));
    for (const [name, start] of [["Chromium", launch], ["Firefox", launchFirefox]]) {
      const browser = await inBrowser(start, files), [before, most] = browser.megabytes;
      print(`verify.html in ${name}`, browser);
      const pause = (seconds) => `${Math.round(1000 * seconds)} ms`;
      console.log(`  ${browser.status} Longest pause of the page ${pause(browser.longest_pause_seconds)} while verifying, ${pause(browser.last_pause_seconds)} when it shows the records; memory ${before} MB before, ${most} MB at most`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
  rmSync(built, { recursive: true, force: true });
}
