import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium, withoutChromium } from "../fakes/chromium.ts";
import { generateFrom, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { startWidgets, type Widgets, widgetSpec } from "../fakes/widgets.ts";

// A real browser decides about origins, so only a real browser can show that ours are right.

let browser: Browser;
let widgets: Widgets;
let gateway: TestGateway;
let allowed: Site;
let foreign: Site;

interface Site {
  readonly origin: string;
  readonly server: Server;
}

/** An empty page of an origin of its own. */
async function startSite(): Promise<Site> {
  const server = createServer((_req, res) => {
    res.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Elsewhere</title>");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

beforeAll(async () => {
  browser = await launchChromium();
  [allowed, foreign, widgets] = await Promise.all([startSite(), startSite(), startWidgets(["key-a"])]);
  const { api } = await generateFrom(widgetSpec);
  gateway = await startGateway(api, widgets.url, "api: test\nbrand: { name: Widgets }", {
    ALLOWED_ORIGINS: allowed.origin,
  });
});

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
  await widgets?.close();
  for (const site of [allowed, foreign]) site?.server.close();
});

async function pageAt(url: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(url);
  return page;
}

/** What a page's own script gets back from the gateway, in both eras. */
interface Talk {
  readonly session: string | null;
  readonly sessionCall: string;
  readonly statelessCall: string;
}

/** Runs inside the page: initialises, calls a tool in that session, and calls it once more without one. */
async function talk(url: string): Promise<Talk> {
  const post = (headers: Record<string, string>, method: string, params: object): Promise<Response> =>
    fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "x-api-key": "key-a",
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
  const clientInfo = { name: "page", version: "1" };
  const opened = await post({}, "initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo });
  const session = opened.headers.get("mcp-session-id");
  const call = { name: "get_widget", arguments: { id: "w1" } };
  const inSession = await post({ "mcp-session-id": session ?? "" }, "tools/call", call);
  const version = "2026-07-28";
  const meta = { "io.modelcontextprotocol/protocolVersion": version, "io.modelcontextprotocol/clientCapabilities": {} };
  const headers = { "mcp-protocol-version": version, "mcp-method": "tools/call", "mcp-name": "get_widget" };
  const alone = await post(headers, "tools/call", { ...call, _meta: meta });
  return { session, sessionCall: await inSession.text(), statelessCall: await alone.text() };
}

describe.skipIf(withoutChromium)("a page of another origin", () => {
  it("initialises and calls in both eras when its origin is allowed", async () => {
    const page = await pageAt(allowed.origin);
    const { session, sessionCall, statelessCall } = await page.evaluate(talk, gateway.url);
    expect(session).toMatch(/^[\x21-\x7e]+$/);
    expect(sessionCall).toContain('"name":"First"');
    expect(statelessCall).toContain('"name":"First"');
    expect(widgets.requests).toHaveLength(2);
  });

  it("reads why its key is refused", async () => {
    const page = await pageAt(allowed.origin);
    const answer = await page.evaluate(async (url) => {
      const response = await fetch(url, { headers: { accept: "application/json" } });
      return { status: response.status, challenge: response.headers.get("www-authenticate") };
    }, gateway.url);
    expect(answer).toEqual({ status: 401, challenge: expect.stringContaining("Bearer") });
  });

  it("can neither read nor cause anything when its origin is not allowed", async () => {
    const before = widgets.requests.length;
    const page = await pageAt(foreign.origin);
    const outcome = await page.evaluate(talk, gateway.url).then(
      () => "answered",
      (refused: Error) => refused.message,
    );
    expect(outcome).toMatch(/Failed to fetch/);
    expect(widgets.requests.length).toBe(before);
  });

  it("cannot call with a request that needs no preflight either", async () => {
    const before = widgets.requests.length;
    const page = await pageAt(foreign.origin);
    const sent = await page.evaluate(async (url) => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "list_widgets" } });
      return (await fetch(url, { method: "POST", mode: "no-cors", headers: { "content-type": "text/plain" }, body }))
        .type;
    }, gateway.url);
    expect(sent).toBe("opaque");
    expect(widgets.requests.length).toBe(before);
  });
});

/** Runs inside the page: which client each block is for, and what is to be pasted. */
function readBlocks(sections: readonly Element[]): { readonly client: string; readonly text: string }[] {
  const textOf = (section: Element, selector: string): string => section.querySelector(selector)?.textContent ?? "";
  return sections.map((section) => ({ client: textOf(section, "h2"), text: textOf(section, "pre") }));
}

describe.skipIf(withoutChromium)("the setup page", () => {
  for (const path of ["/", "/mcp"])
    it(`is what a browser gets at ${path}, with the real URL and no fault`, async () => {
      const page = await browser.newPage();
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") faults.push(message.text());
      });
      await page.goto(`${gateway.base}${path}`);
      expect(await page.title()).toContain("Widgets");
      const text = (await page.locator("body").textContent()) ?? "";
      expect(text).toContain(`http://localhost:${new URL(gateway.base).port}/mcp`);
      expect(text).toContain("x-api-key");
      expect(faults.filter((fault) => !fault.includes("favicon"))).toEqual([]);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBe(0);
    });

  it("shows every client a block that holds the URL and the key's header", async () => {
    const page = await pageAt(`${gateway.base}/`);
    const blocks = await page.locator("section").evaluateAll(readBlocks);
    expect(blocks.map(({ client }) => client)).toEqual([
      "Claude Code",
      "Claude Desktop",
      "Cursor",
      "VS Code",
      "Codex",
      "Gemini CLI",
      "Windsurf",
      "Check a key",
    ]);
    for (const { client, text } of blocks) {
      expect([client, text]).toEqual([client, expect.stringContaining(`:${new URL(gateway.base).port}/mcp`)]);
      expect([client, text]).toEqual([client, expect.stringContaining("x-api-key")]);
      if (text.startsWith("{")) expect(JSON.parse(text)).toEqual(expect.any(Object));
    }
  });

  it("links lead somewhere", async () => {
    const page = await pageAt(`${gateway.base}/`);
    const links = await page.locator("a").evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).href));
    const own = links.filter((link) => link.startsWith(gateway.base));
    expect(own.length).toBeGreaterThanOrEqual(2);
    for (const link of own) expect([link, (await fetch(link)).status]).toEqual([link, 200]);
  });
});
