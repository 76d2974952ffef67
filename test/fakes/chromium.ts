import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** A machine may do without Chromium by name, never in CI (see scripts/systemParts.mjs). */
export const withoutChromium: boolean = (process.env.SPECGATE_TEST_WITHOUT ?? "").split(",").includes("chromium");

const executablePath = (process.env.PATH ?? "")
  .split(delimiter)
  .flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)))
  .find((file) => existsSync(file));

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Debian's Chromium, without a window. Each of its contexts is another person's browser. */
export function launchChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error("no chromium on PATH: apt-get install -y chromium");
  return chromium.launch({ executablePath, headless: true, args: flags });
}
