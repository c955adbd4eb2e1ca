import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium, firefox, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

/** The browsers that tests look at pages with, as Debian has them. */
const chromiums = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const firefoxes = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];
const axe = readFileSync(join(import.meta.dirname, "../node_modules/axe-core/axe.min.js"), "utf8");

function installed(paths: readonly string[], name: string): string {
  return paths.find(existsSync) ?? fail(`no ${name}: run ./test, which installs it, or apt-get install ${name}`);
}

function fail(message: string): never {
  throw new Error(message);
}

/** Firefox as it was released, driven by WebDriver BiDi: no build of its own is needed (docs/decisions/0192-firefox-by-webdriver-bidi.md). */
export const launchFirefox = (): Promise<Browser> => firefox.launch({ channel: "moz-firefox", executablePath: installed(firefoxes, "firefox-esr") });

export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: installed(chromiums, "chromium"),
    args: [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

export interface Opened {
  readonly page: Page;
  /** What the page wrote to the console as errors, and what it asked of any network. */
  readonly errors: string[];
  readonly requests: string[];
}

/** Opens a page by its address, in light or dark colours. */
export const open = (browser: Browser, address: string, scheme: "light" | "dark" = "light", width?: number): Promise<Opened> =>
  openWith(browser, address, { colorScheme: scheme, bypassCSP: false, ...(width ? { viewport: { width, height: 800 } } : {}) });

/** Opens a page by its address. */
export async function openWith(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext(options);
  const page = await context.newPage(), errors: string[] = [], requests: string[] = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("request", (request) => !/^(file|blob|data):/.test(request.url()) && requests.push(request.url()));
  await page.goto(address);
  return { page, errors, requests };
}

/** What axe finds on the page as it is now. */
export async function violations(page: Page): Promise<string[]> {
  // Through the debugger, since the page's policy lets no script in.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const result = await (window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe.run();
    return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ").slice(0, 300)}`);
  });
}

/** Has verify.html, which is open, verify a bundle. */
export async function verify(page: Page, bundle: string, policy?: string): Promise<void> {
  await page.setInputFiles("#bundle", bundle);
  if (policy) await page.setInputFiles("#policy", policy);
  await page.click("#verify");
  await page.waitForFunction(() => document.documentElement.dataset.state !== undefined, undefined, { timeout: 120_000 });
}
