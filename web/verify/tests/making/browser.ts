import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";

/** The browser that tests look at pages with. */
const executable = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const axe = readFileSync(join(import.meta.dirname, "../node_modules/axe-core/axe.min.js"), "utf8");

export async function launch(): Promise<Browser> {
  if (!executable) throw new Error("no Chromium: run ./test, which installs it, or apt-get install chromium");
  return chromium.launch({
    executablePath: executable,
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
export async function open(browser: Browser, address: string, scheme: "light" | "dark" = "light", width?: number): Promise<Opened> {
  const context = await browser.newContext({ colorScheme: scheme, bypassCSP: false, ...(width ? { viewport: { width, height: 800 } } : {}) });
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
