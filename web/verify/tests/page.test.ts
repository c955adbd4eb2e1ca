import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { concat, utf8, type Bytes } from "../src/lib/bytes";
import { launch, launchFirefox, open as openAt, openWith, verify, violations, type Opened } from "./making/browser";
import { largeBundle } from "./making/large";
import { pack } from "./making/damage";
import { decidedOf, endless, small } from "./making/decided";
import { ENGINE } from "./making/engine";
import { Random } from "./making/random";
import { tell } from "./making/story";
import { withEngine } from "./making/zip";

/** verify.html as its users open it: from disk, in a real browser, with no network. */
const root = join(import.meta.dirname, "..");
const address = pathToFileURL(join(root, "dist/verify.html")).href;
const vectors = join(root, "../../docs/spec/vectors/bundles");
const folder = mkdtempSync(join(tmpdir(), "cairn-page-"));
const BROWSERS = ["Chromium", "Firefox"] as const;
const browsers = new Map<string, Browser>();

before(async () => {
  browsers.set("Chromium", await launch());
  browsers.set("Firefox", await launchFirefox());
});
after(async () => {
  for (const browser of browsers.values()) await browser.close();
  rmSync(folder, { recursive: true });
});

const open = (name: (typeof BROWSERS)[number]): Promise<Opened> => openWith(browsers.get(name)!, address);

const save = (name: string, bytes: Bytes): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};

const trust = join(vectors, "trust.policy");

let made: { bundle: string; policy: string } | undefined;

/** A good bundle of 40,000 records, some 20 MB, made when it is first wanted. */
function large(): { bundle: string; policy: string } {
  if (!made) {
    const { bundle, policy } = largeBundle(40_000, true);
    made = { bundle: save("large.zip", bundle), policy: save("large.policy", policy) };
  }
  return made;
}

for (const name of BROWSERS) {
  test(`Page_verifies_a_good_bundle_from_disk_without_any_request_in_${name}`, async () => {
    const { page, errors, requests } = await open(name);
    await verify(page, join(vectors, "good.zip"), trust);
    assert.equal(await page.textContent("#answer"), "Verified");
    assert.deepEqual(await page.locator(".card .state").allTextContents(), ["passed", "passed", "passed"]);
    assert.match((await page.textContent("#count"))!, /8 of 8 records/);
    assert.equal(await page.locator("#tree > ul > li").count(), 1);
    assert.equal(await page.locator("#tree li li").count(), 1);
    assert.match((await page.textContent(".card .limits"))!, /no-witnesses/);
    assert.deepEqual(errors, []);
    assert.deepEqual(requests, []);
    await page.context().close();
  });

  test(`Page_recomputes_decisions_with_the_engine_that_the_bundle_brings_and_shows_each_in_${name}`, async () => {
    const decisions = join(vectors, "../decisions");
    const bundle = save("decided.zip", await withEngine(readFileSync(join(decisions, "allowed-what-is-forbidden.zip")), ENGINE));
    const { page, errors, requests } = await open(name);
    await verify(page, bundle, join(decisions, "trust.policy"));
    assert.equal(await page.textContent("#answer"), "Not verified");
    assert.deepEqual(await page.locator(".card .state").allTextContents(), ["passed", "passed", "failed"]);
    assert.match((await page.textContent(".card.failed"))!, /8 policy decisions: 8 recomputed .* of which 1 came out otherwise/);
    assert.deepEqual(await page.locator(".card.failed .failures > li > code").allTextContents(), ["decision-differs"]);
    const shown: string[] = [];
    await page.fill("#filter", "policy.decided");
    for (let i = 0; i < 8; i++) {
      await page.focus("#timeline");
      if (i > 0) await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.waitForFunction((seen) => document.querySelectorAll(".proof > li").length === 6 && document.querySelector("#record pre")!.textContent !== seen, shown.at(-1) ?? "");
      shown.push((await page.textContent("#record pre"))!);
      const step = (await page.textContent(".proof > li:last-child"))!;
      if (shown.at(-1)!.includes('"ceiling"')) assert.match(step, /otherwise: decision deny.*recordeddecision allow/);
      else assert.match(step, /the same, from its input, policy bundle and engine/);
    }
    assert.equal(new Set(shown).size, 8);
    assert.deepEqual(errors, []);
    assert.deepEqual(requests, []);
    await page.context().close();
  });

  test(`Page_gives_up_on_a_decision_without_an_end_and_stays_usable_in_${name}`, async () => {
    const hang = endless(0), made = decidedOf([{ sealed: hang.policy.sealed, input: hang.input }, { sealed: small.policy.sealed, input: small.input }]);
    const { page, errors } = await open(name);
    await page.setInputFiles("#bundle", save("endless.zip", await withEngine(made.bundle, ENGINE)));
    await page.setInputFiles("#policy", save("endless.policy", made.policy));
    await page.evaluate(() => {
      const seen = { longest: 0, last: performance.now() };
      (window as unknown as { seen: typeof seen }).seen = seen;
      setInterval(() => {
        const now = performance.now();
        seen.longest = Math.max(seen.longest, now - seen.last);
        seen.last = now;
      }, 10);
    });
    await page.click("#verify");
    await page.waitForFunction(() => document.documentElement.dataset.state !== undefined, undefined, { timeout: 60_000 });
    assert.match((await page.textContent(".verdicts"))!, /2 policy decisions: 1 recomputed .* Not recomputed: 1 on which the engine gave up now/);
    assert.ok((await page.evaluate(() => (window as unknown as { seen: { longest: number } }).seen.longest)) < 5000);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test(`Page_counts_decisions_that_it_has_no_engine_for_in_${name}`, async () => {
    const decisions = join(vectors, "../decisions");
    const { page } = await open(name);
    await verify(page, join(decisions, "good.zip"), join(decisions, "trust.policy"));
    assert.equal(await page.textContent("#answer"), "Verified");
    assert.match((await page.textContent(".verdicts"))!, /decisions-not-recomputed that 8 of 8 policy decisions .* whose engine the bundle does not bring/);
    await page.context().close();
  });

  test(`Page_runs_no_engine_that_it_does_not_know_in_${name}`, async () => {
    const decisions = join(vectors, "../decisions"), altered = ENGINE.slice();
    // In a section of names: it would run just as well.
    altered[altered.length - 1]! ^= 1;
    const bundle = save("engine-altered.zip", await withEngine(readFileSync(join(decisions, "good.zip")), altered));
    const { page } = await open(name);
    await verify(page, bundle, join(decisions, "trust.policy"));
    assert.equal(await page.textContent("#answer"), "Not verified");
    assert.deepEqual(await page.locator(".card.failed .failures > li > code").allTextContents(), ["policy-unclaimed"]);
    assert.match((await page.textContent(".verdicts"))!, /8 policy decisions: 0 recomputed/);
    await page.context().close();
  });

  test(`Page_says_loudly_that_trust_is_not_pinned_in_${name}`, async () => {
    const { page } = await open(name);
    await verify(page, join(vectors, "good.zip"));
    assert.match((await page.textContent("#answer"))!, /trust is not pinned/);
    assert.match((await page.textContent(".warn"))!, /vouched for itself/);
    assert.equal(await page.locator(".banner.passed").count(), 0);
    await page.context().close();
  });

  test(`Page_names_each_failure_with_what_was_expected_and_found_in_${name}`, async () => {
    const { page } = await open(name);
    await verify(page, join(vectors, "middle-removed.zip"), trust);
    assert.equal(await page.textContent("#answer"), "Not verified");
    const codes = await page.locator(".card.failed .failures > li > code").allTextContents();
    assert.deepEqual(codes.sort(), ["action-unrequested", "records-missing", "sequence-gap"]);
    assert.match((await page.textContent(".card.failed .failures"))!, /expected.*found/s);
    await page.context().close();
  });

  test(`Page_refuses_a_policy_that_is_none_in_${name}`, async () => {
    const { page } = await open(name);
    await verify(page, join(vectors, "good.zip"), join(vectors, "good.zip"));
    assert.match((await page.textContent("#status"))!, /policy can't be used/);
    await page.context().close();
  });

  test(`Page_shows_a_record_with_its_proof_by_keyboard_alone_in_${name}`, async () => {
    const { page } = await open(name);
    await verify(page, join(vectors, "good.zip"), trust);
    await page.focus("#timeline");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#record-title");
    assert.deepEqual(await page.locator(".proof > li > strong").allTextContents(), ["Record", "Statement", "Ledger's tree", "Checkpoint", "Time"]);
    const record = JSON.parse((await page.textContent("#record pre"))!) as { kind: string };
    assert.ok((await page.textContent("#record-title"))!.startsWith(record.kind));
    const report = JSON.parse(readFileSync(join(vectors, "expected.json"), "utf8")) as { cases: unknown[] };
    assert.ok(report.cases.length > 0);
    await page.fill("#filter", "task.ended");
    assert.match((await page.textContent("#count"))!, /2 of 8 records/);
    await page.context().close();
  });

  test(`Page_takes_files_that_are_dropped_in_${name}`, async () => {
    const { page } = await open(name);
    const bytes = readFileSync(join(vectors, "good.zip")).toString("base64"), policy = readFileSync(trust, "utf8");
    await page.evaluate(
      ([zip, text]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(zip!), (one) => one.charCodeAt(0))], "good.zip"));
        data.items.add(new File([text!], "trust.policy"));
        document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
      },
      [bytes, policy],
    );
    await page.click("#verify");
    await page.waitForFunction(() => document.documentElement.dataset.state === "done");
    assert.equal(await page.textContent("#answer"), "Verified");
    await page.context().close();
  });

  test(`Hostile_texts_in_records_stay_texts_in_${name}`, async () => {
    const made = tell(new Random(7), "none");
    const evil = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`;
    const text = new TextDecoder().decode(made.files.get("records.jsonl")).replaceAll('"instance":"host-1/42"', () => `"instance":${JSON.stringify(`${evil}\u202e`)}`).replace(/"kind":"context.captured"/, '"kind":"made.up"');
    made.files.set("records.jsonl", utf8(text));
    const { page, errors } = await open(name);
    await verify(page, save("evil.zip", pack(new Random(7), made)), save("evil.policy", made.policy));
    assert.equal(await page.textContent("#answer"), "Not verified");
    await page.focus("#timeline");
    for (let i = 0; i < 5; i++) {
      await page.focus("#timeline");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#record pre");
    }
    assert.match((await page.textContent("#record pre"))!, /<img src=x/);
    assert.match((await page.textContent("#record pre"))!, /\\u202e/);
    assert.equal(await page.evaluate(() => (window as unknown as { hacked?: number }).hacked), undefined);
    assert.equal(await page.locator("#results img, #results script").count(), 0);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test(`Page_may_not_connect_to_anything_in_${name}`, async () => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked++;
      response.setHeader("access-control-allow-origin", "*").end("x");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.png`;
    const { page } = await open(name);
    const answers = await page.evaluate(async (url) => {
      const tried: string[] = [];
      const image = (): Promise<unknown> =>
        new Promise((resolve, reject) => {
          const made = new Image();
          made.onload = resolve;
          made.onerror = () => reject(new Error("refused"));
          made.src = url;
        });
      for (const act of [() => fetch(url), image]) tried.push(await act().then(() => "allowed", () => "refused"));
      tried.push(navigator.sendBeacon(url, "x") ? "queued" : "refused");
      return tried;
    }, target);
    assert.deepEqual(answers.slice(0, 2), ["refused", "refused"]);
    await page.context().close();
    await new Promise((resolve) => server.close(resolve));
    assert.equal(asked, 0);
  });

  test(`Page_answers_and_shows_progress_while_it_verifies_20_megabytes_in_${name}`, async () => {
    const { bundle, policy } = large();
    const { page, errors } = await open(name);
    await page.setInputFiles("#bundle", bundle);
    await page.setInputFiles("#policy", policy);
    await page.evaluate(() => {
      const seen = { progress: [] as number[], keys: 0 };
      (window as unknown as { seen: typeof seen }).seen = seen;
      const isVerifying = (): boolean => document.documentElement.dataset.state === undefined && !document.querySelector<HTMLElement>("#progress")!.hidden;
      new MutationObserver(() => {
        const { value } = document.querySelector<HTMLProgressElement>("#progress")!;
        if (isVerifying() && value !== seen.progress.at(-1)) seen.progress.push(value);
      }).observe(document.querySelector("#progress")!, { attributes: true });
      document.addEventListener("keydown", () => isVerifying() && seen.keys++);
    });
    await page.click("#verify");
    while ((await page.getAttribute("html", "data-state")) === null) await page.keyboard.press("Tab");
    assert.equal(await page.textContent("#answer"), "Verified");
    const seen = await page.evaluate(() => (window as unknown as { seen: { progress: number[]; keys: number } }).seen);
    assert.ok(seen.progress.length > 5, `progress was ${seen.progress.join(", ")}`);
    assert.deepEqual(seen.progress, seen.progress.toSorted((a, b) => a - b));
    assert.ok(seen.keys > 0, "no key was heard while it verified");
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test(`Page_has_only_the_rows_in_sight_of_40000_records_in_${name}`, async () => {
    const { bundle, policy } = large();
    const { page } = await open(name);
    await verify(page, bundle, policy);
    assert.match((await page.textContent("#count"))!, /40,\d\d\d of 40,\d\d\d records/);
    const rows = await page.locator("#timeline .row").count();
    assert.ok(rows > 5 && rows < 100, `${rows} rows exist`);
    await page.focus("#timeline");
    await page.keyboard.press("End");
    await page.waitForFunction(() => document.querySelector("#timeline")!.getAttribute("aria-activedescendant") !== null);
    await page.context().close();
  });
}

for (const scheme of ["light", "dark"] as const) {
  test(`Page_has_no_accessibility_violations_in_${scheme}_colours`, async () => {
    const { page } = await openAt(browsers.get("Chromium")!, address, scheme);
    assert.deepEqual(await violations(page), []);
    await verify(page, join(vectors, "middle-removed.zip"), trust);
    await page.focus("#timeline");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#record-title");
    assert.deepEqual(await violations(page), []);
    await page.context().close();
  });
}

test("Page_verifies_alike_without_workers_and_without_SubtleCrypto", async () => {
  const context = await browsers.get("Chromium")!.newContext();
  await context.addInitScript(() => {
    Object.defineProperty(globalThis, "Worker", { value: class { constructor() { throw new DOMException("no workers here", "SecurityError"); } } });
    Object.defineProperty(globalThis.crypto, "subtle", { value: undefined });
  });
  const page = await context.newPage();
  await page.goto(address);
  await verify(page, join(vectors, "good.zip"), trust);
  assert.equal(await page.textContent("#answer"), "Verified");
  await context.close();
});

test("Page_prints_its_verdicts_and_records", async () => {
  const { page } = await open("Chromium");
  await verify(page, join(vectors, "good.zip"), trust);
  const pdf = await page.pdf();
  assert.ok(pdf.length > 10_000);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.isVisible("#files"), false);
  assert.equal(await page.isVisible("#answer"), true);
  await page.context().close();
});

test("Page_is_one_file_whose_policy_names_its_own_script_and_style", () => {
  const html = readFileSync(join(root, "dist/verify.html"), "utf8");
  const script = /<script>([\s\S]*)<\/script>/.exec(html)![1]!, style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!;
  const policy = /content="(default-src[^"]*)"/.exec(html)![1]!;
  for (const text of [script, style]) assert.ok(policy.includes(createHash("sha256").update(text).digest("base64")));
  assert.ok(policy.startsWith("default-src 'none';"));
  // WebAssembly may be compiled: the policy engine. No script may be made from text.
  assert.ok(!/unsafe|connect-src|https?:/.test(policy.replace(" 'wasm-unsafe-eval'", "")));
  assert.equal((html.match(/<script|<link|<iframe|src=/g) ?? []).filter((one) => one === "<script").length, 1);
  assert.ok(concat(utf8(html)).length < 1 << 20);
});
