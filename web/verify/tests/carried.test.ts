import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { launch, open, verify, violations } from "./making/browser";

/** What a bundle of `cairn export` carries for people: the page that verifies it, and the report. */
const root = join(import.meta.dirname, "..");
const program = join(root, "../../.build/current/cairn");
const folder = mkdtempSync(join(tmpdir(), "cairn-carried-"));
const run = promisify(execFile);
// An owner is a text of a record, and so is a program's name: these would do harm where they became markup.
const evil = `x"'><img src=x onerror="window.hacked=1"><script>window.hacked=1<`;
let browser: Browser;

const cairn = async (...words: string[]): Promise<string> => (await run(program, words, { env: { ...process.env, CAIRN_DATA: join(folder, "data") }, maxBuffer: 1 << 26 })).stdout;
const at = (name: string): string => join(folder, name);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

before(async () => {
  if (!existsSync(program)) throw new Error(`no ${program}: run ./cairn --version, which builds it`);
  browser = await launch();
  mkdirSync(at("work"));
  copyFileSync("/bin/true", join(at("work"), evil));
  await cairn("exec", "--owner", evil, "--", join(at("work"), evil));
  const [trail] = JSON.parse(await cairn("trails", "--output", "json")) as { trace: string }[];
  await cairn("export", trail!.trace, "-o", at("trail.cairn.zip"));
  writeFileSync(at("trust.policy"), await cairn("keys"));
  await run("unzip", ["-q", at("trail.cairn.zip"), "verify.html", "report.html", "-d", folder]);
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

test("Bundle_carries_the_verifier_whose_digest_the_program_tells", async () => {
  const carried = readFileSync(at("verify.html"));
  assert.equal(await cairn("verifier"), `${sha256(carried)}  verify.html\n`);
  assert.ok(carried.equals(readFileSync(join(root, "dist/verify.html"))));
  await cairn("verifier", "-o", at("taken.html"));
  assert.ok(carried.equals(readFileSync(at("taken.html"))));
});

test("Verifier_from_a_bundle_opened_from_disk_verifies_the_bundle_that_it_came_in", async () => {
  const { page, errors, requests } = await open(browser, pathToFileURL(at("verify.html")).href);
  await verify(page, at("trail.cairn.zip"), at("trust.policy"));
  assert.equal(await page.textContent("#answer"), "Verified");
  assert.deepEqual(errors, []);
  assert.deepEqual(requests, []);
  await page.context().close();
});

test("Build_in_another_folder_gives_the_same_page", async () => {
  const copy = at("elsewhere");
  for (const name of ["src", "build.mjs", "package.json", "package-lock.json"]) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  await run(process.execPath, ["build.mjs", at("made")], { cwd: copy });
  assert.equal(sha256(readFileSync(join(at("made"), "verify.html"))), sha256(readFileSync(join(root, "dist/verify.html"))));
});

test("Report_is_made_anew_from_its_bundle_with_the_same_bytes", async () => {
  await cairn("report", "--bundle", at("trail.cairn.zip"), "--trust", at("trust.policy"), "-o", at("one.html"));
  await cairn("report", "--bundle", at("trail.cairn.zip"), "--trust", at("trust.policy"), "-o", at("two.html"));
  assert.ok(readFileSync(at("one.html")).equals(readFileSync(at("two.html"))));
  const differing = readFileSync(at("one.html"), "utf8").split("\n").filter((line, i) => line !== readFileSync(at("report.html"), "utf8").split("\n")[i]);
  assert.deepEqual(differing.length, 1, "only the line that tells by whose policy it was judged differs");
});

for (const scheme of ["light", "dark"] as const) {
  test(`Report_has_no_accessibility_violations_in_${scheme}_colours`, async () => {
    const { page, errors, requests } = await open(browser, pathToFileURL(at("report.html")).href, scheme);
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(errors, []);
    assert.deepEqual(requests, []);
    await page.context().close();
  });
}

test("Report_is_read_on_a_narrow_screen_and_by_keyboard_alone", async () => {
  const { page } = await open(browser, pathToFileURL(at("report.html")).href, "light", 400);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 400);
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to the report");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.match(await page.evaluate(() => location.hash), /^#r\d+$/);
  assert.equal(await page.locator("tr:target").count(), 1);
  await page.context().close();
});

test("Report_prints_with_headers_on_each_page_and_no_row_cut", async () => {
  const { page } = await open(browser, pathToFileURL(at("report.html")).href, "dark");
  assert.ok((await page.pdf({ format: "A4" })).length > 20_000);
  assert.ok((await page.pdf({ format: "Letter" })).length > 20_000);
  await page.emulateMedia({ media: "print" });
  const style = (of: string, what: string): Promise<string> => page.locator(of).first().evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), what);
  assert.equal(await style(".evidence thead", "display"), "table-header-group");
  assert.equal(await style(".evidence tbody tr", "break-inside"), "avoid");
  assert.equal(await style("body", "color"), "rgb(0, 0, 0)");
  await page.context().close();
});

test("Hostile_texts_in_a_report_stay_texts", async () => {
  const { page } = await open(browser, pathToFileURL(at("report.html")).href);
  assert.ok((await page.textContent("body"))!.includes(evil.slice(0, 20)), "the owner's name is on the page");
  assert.equal(await page.locator("img, script").count(), 0);
  assert.equal(await page.evaluate(() => (window as unknown as { hacked?: number }).hacked), undefined);
  await page.context().close();
});
