import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { BrowserContext, Page } from "playwright-core";

/** What somebody does on the pages, from the authorization URL to the client's callback. */
export interface Walk {
  /** A person of the demo by the first name; absent: the browser is signed in already. */
  readonly as?: "Ada" | "Vic" | "Mina";
  /** What the provider is called. Default: as in the demo. */
  readonly at?: string;
  /** To be chosen; absent: there is no choice. */
  readonly organisation?: "Acme Cloud" | "Globex";
  /** Boxes to tick beside those that are, by their scopes. */
  readonly tick?: readonly string[];
  /** Boxes to untick, by their labels. */
  readonly untick?: readonly string[];
  /** Default: Approve. */
  readonly decide?: "Approve" | "Deny";
  /** Sees the consent page as it comes. */
  readonly onConsent?: (page: Page) => Promise<void>;
}

/** Walks the pages as a person does, by what is to be seen on them. Resolves to the page, which is at the callback then. */
export async function walk(browser: BrowserContext, url: string, how: Walk): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(url);
  if (how.as !== undefined) {
    await page.getByRole("button", { name: `Continue with ${how.at ?? "Beacon accounts"}` }).click();
    await page.getByRole("button", { name: how.as }).click();
  }
  if (how.organisation !== undefined) {
    await page.getByRole("radio", { name: how.organisation, exact: true }).check();
    await page.getByRole("button", { name: "Continue" }).click();
  }
  await page.getByRole("heading", { name: /^Allow / }).waitFor();
  await how.onConsent?.(page);
  for (const scope of how.tick ?? []) await page.getByRole("checkbox", { name: scope }).check();
  for (const label of how.untick ?? []) await page.getByRole("checkbox", { name: label, exact: true }).uncheck();
  await page.getByRole("button", { name: how.decide ?? "Approve" }).click();
  return page;
}

/** A program on this machine that waits for its code. */
export interface CallbackServer {
  readonly port: number;
  /** The next request to it, as a URL. */
  readonly next: () => Promise<URL>;
  readonly close: () => void;
}

/** @param path where it expects the code */
export async function startCallback(path = "/callback"): Promise<CallbackServer> {
  const waiting: ((url: URL) => void)[] = [];
  const come: URL[] = [];
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? "/", `http://${req.headers.host}`);
    res.writeHead(200, { "content-type": "text/plain" }).end("You can close this window.");
    if (url.pathname !== path) return;
    const taker = waiting.shift();
    if (taker === undefined) come.push(url);
    else taker(url);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: (server.address() as AddressInfo).port,
    next: () => {
      const url = come.shift();
      return url === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(url);
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
