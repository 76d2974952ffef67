import type { BrowserContext, Browser as Chromium, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { callerOf } from "../fakes/caller.ts";
import { launchChromium, withoutChromium } from "../fakes/chromium.ts";
import { type OAuthGateway, startOAuthGateway } from "../fakes/oauthGateway.ts";
import { connectClient, openAccount } from "../fakes/webAccount.ts";

// The account and admin pages in a real browser, by people of the demo: Ada is an administrator and in both organisations (Acme Cloud,
// Globex; two status pages each), Mina is in Acme Cloud alone.

let gateway: OAuthGateway;
let chromium: Chromium;
const contexts: BrowserContext[] = [];
const faults: string[] = [];

beforeAll(async () => {
  if (withoutChromium) return;
  [gateway, chromium] = await Promise.all([
    startOAuthGateway({
      brand: { name: "Acme Status", colour: "#0f766e", supportUrl: "https://acme.example/help" },
    }),
    launchChromium(),
  ]);
});

afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  expect(faults.splice(0)).toEqual([]);
});

afterAll(async () => {
  await chromium?.close();
  await gateway?.close();
});

type Person = "Ada" | "Vic" | "Mina";

/** A browser of somebody's own, signed in by the buttons of the pages, at `path`. Whatever its console complains of is a fault. */
async function signedIn(person: Person, path = "/account", options: object = {}): Promise<Page> {
  const context = await chromium.newContext({ permissions: ["clipboard-read", "clipboard-write"], ...options });
  contexts.push(context);
  const page = await context.newPage();
  await page.goto(`${gateway.base}${path}`);
  await page.getByRole("button", { name: "Continue with Beacon accounts" }).click();
  await page.getByRole("button", { name: person }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("status of")) faults.push(message.text());
  });
  return page;
}

async function keyStatus(key: string): Promise<number> {
  return (await fetch(gateway.url, { headers: { "x-api-key": key, accept: "application/json" } })).status;
}

/** Makes a key by the dialog, and reads it where it is shown. */
async function createKey(page: Page, name: string, organisation?: string): Promise<string> {
  await page.getByRole("button", { name: "Create key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  if (organisation !== undefined) await dialog.getByLabel("Organisation").selectOption({ label: organisation });
  await dialog.getByRole("radio", { name: /Read-only/ }).waitFor();
  await dialog.getByRole("button", { name: "Create key" }).click();
  return dialog.getByRole("textbox", { name: "API key" }).inputValue();
}

function rowOf(page: Page, name: string): ReturnType<Page["getByRole"]> {
  return page.getByRole("row", { name });
}

describe.skipIf(withoutChromium)("the account page", () => {
  it("lets Mina make a key, copies it, shows it once, and ends it", async () => {
    const page = await signedIn("Mina");
    const key = await createKey(page, "Nightly report");
    await page.getByRole("dialog").getByRole("button", { name: "Copy", exact: true }).click();
    await page.getByText("Copied", { exact: true }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key);
    for (const key of ["Escape", "Escape", "Escape"]) await page.keyboard.press(key); // it is not to be lost by accident
    await page.getByRole("button", { name: "I have copied it" }).click();
    expect(await keyStatus(key)).toBe(200);
    expect((await callerOf(gateway.url, key).call("get_me")).text).toContain("usr_mina");
    await page.reload();
    await rowOf(page, "Nightly report").waitFor();
    expect(await page.content()).not.toContain(key);
    await page.getByRole("button", { name: "Revoke Nightly report" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await rowOf(page, "Nightly report").waitFor({ state: "detached" });
    expect(await keyStatus(key)).toBe(401);
  });

  it("rotates Ada's key of Globex", async () => {
    const page = await signedIn("Ada");
    const old = await createKey(page, "Rotated", "Globex");
    await page.getByRole("button", { name: "I have copied it" }).click();
    await page.getByRole("button", { name: "Rotate Rotated" }).click();
    await page.getByRole("radio", { name: "It ends at once" }).check();
    await page.getByRole("button", { name: "Make the new key" }).click();
    const fresh = await page.getByRole("dialog").getByRole("textbox", { name: "API key" }).inputValue();
    expect([await keyStatus(old), await keyStatus(fresh)]).toEqual([401, 200]);
    expect((await callerOf(gateway.url, fresh).call("get_me")).text).toContain("org_globex");
  });

  it("shows Mina nothing of Globex, nor of Ada in Acme Cloud", async () => {
    const ada = await openAccount(gateway, { person: "usr_ada" });
    for (const organisation of ["org_acme", "org_globex"])
      await ada.send("POST /account/keys", { name: `Ada in ${organisation}`, preset: "read", organisation });
    const page = await signedIn("Mina");
    await page.getByRole("heading", { name: "API keys" }).waitFor();
    const text = (await page.locator("body").textContent()) ?? "";
    expect(text).not.toMatch(/globex|Ada in/i);
    expect(await page.getByLabel("Organisation").count()).toBe(0);
    expect(await page.getByRole("link", { name: "Administration" }).count()).toBe(0);
    await page.goto(`${gateway.base}/admin`);
    await page.getByRole("heading", { name: "This page is for administrators" }).waitFor();
  });

  it("disconnects an assistant of Mina's", async () => {
    const mina = await openAccount(gateway, { person: "usr_mina" });
    const { accessToken } = await connectClient(gateway, mina, { organisation: "org_acme", page: "page_acme_main" });
    const page = await signedIn("Mina");
    await page.getByRole("button", { name: /^Disconnect MCP — Test client/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
    await page.getByText("Nothing is connected.").waitFor();
    expect(await tokenStatus(accessToken)).toBe(401);
  });

  it("sends Mina to sign in when her session is over, and signs her out", async () => {
    const page = await signedIn("Mina");
    await page.context().clearCookies({ name: "__Host-mcp_session" });
    await page.getByRole("button", { name: "Create key" }).click();
    await page.waitForURL(/\/account\/sign-in\?to=\/account$/);
    const again = await signedIn("Mina");
    await again.getByRole("button", { name: "Sign out" }).click();
    await again.getByRole("heading", { name: "Sign in to Acme Status" }).waitFor();
    await again.goto(`${gateway.base}/account`);
    expect(again.url()).toContain("/account/sign-in");
  });
});

async function tokenStatus(token: string): Promise<number> {
  return (await fetch(gateway.url, { headers: { authorization: `Bearer ${token}`, accept: "application/json" } }))
    .status;
}

describe.skipIf(withoutChromium)("the admin page", () => {
  it("lets Ada find Mina's connection and end it: its next call is 401", async () => {
    const mina = await openAccount(gateway, { person: "usr_mina" });
    const { accessToken } = await connectClient(gateway, mina, { organisation: "org_acme", page: "page_acme_main" });
    expect(await tokenStatus(accessToken)).toBe(200);
    const page = await signedIn("Ada", "/admin");
    await page.getByRole("searchbox").fill("nobody of that name");
    await page.getByText("No connection matches.").waitFor();
    await page.getByRole("searchbox").fill("mina");
    await page.getByRole("button", { name: /^Revoke MCP — Test client.* of Mina Park$/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByText("No connection matches.").waitFor();
    expect(await tokenStatus(accessToken)).toBe(401);
    await page.getByRole("checkbox", { name: "Also those that are over" }).check();
    await rowOf(page, "MCP — Test client").first().getByText("revoked").waitFor();
  });

  it("turns hosted MCP off, and on again, with the exact URL to copy", async () => {
    const page = await signedIn("Ada", "/admin");
    await page.getByRole("tab", { name: "Hosted MCP" }).click();
    expect(await page.getByRole("textbox", { name: /MCP server URL/ }).inputValue()).toBe(gateway.url);
    const metadata = `${gateway.base}/.well-known/oauth-protected-resource/mcp`;
    for (const [from, to, status] of [
      ["On", "Off", 404],
      ["Off", "On", 200],
    ] as const) {
      await page.getByRole("heading", { name: `Hosted MCP is ${from}` }).waitFor();
      const action = `Turn ${to.toLowerCase()}`;
      await page.getByRole("button", { name: action }).click();
      await page.getByRole("dialog").getByRole("button", { name: action }).click();
      await page.getByRole("heading", { name: `Hosted MCP is ${to}` }).waitFor();
      expect((await fetch(metadata)).status).toBe(status);
    }
    await page.getByText("Changed by usr_ada").waitFor();
  });

  it("filters the audit log, shows more of it, and exports what the filters give", async () => {
    const mina = await openAccount(gateway, { person: "usr_mina" });
    const made = await mina.send("POST /account/keys", { name: "For the log", preset: "write" });
    const caller = callerOf(gateway.url, String(made.body.key));
    for (let at = 0; at < 26; at++) await caller.call("create_label", { name: `label ${at}`, color: "#0f766e" });
    await caller.call("create_monitor", {});
    const ada = await openAccount(gateway, { person: "usr_ada" });
    const written = async (): Promise<unknown> =>
      (await ada.send("GET /admin/audit?tool=create_label&limit=100")).body.items?.length;
    await vi.waitFor(async () => expect(await written()).toBe(52), { timeout: 20_000, interval: 100 });
    const page = await signedIn("Ada", "/admin");
    await page.getByRole("tab", { name: "Audit log" }).click();
    await page.reload();
    const narrowed = page.waitForResponse(/tool=create_label/);
    await page.getByLabel("Tool").fill("create_label");
    await narrowed;
    await page.getByRole("button", { name: "create_monitor" }).waitFor({ state: "detached" });
    await page.getByText("50 shown, there are more").waitFor();
    await page.getByRole("button", { name: "Show more" }).click();
    await page.getByText("52 shown", { exact: true }).waitFor();
    await page.getByLabel("Outcome").selectOption({ label: "Done" });
    await page.getByText("26 shown", { exact: true }).waitFor();
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Export JSON lines" }).click();
    const lines = (await textOf(await (await download).createReadStream())).trim().split("\n");
    expect(lines).toHaveLength(26);
    expect(lines.every((line) => (JSON.parse(line) as { outcome: string }).outcome === "ok")).toBe(true);
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.getByLabel("Outcome").selectOption({ label: "Refused" });
    await page.getByRole("button", { name: "create_monitor" }).first().click();
    expect(await page.getByLabel("Tool").inputValue()).toBe("create_monitor");
    await page.getByLabel("From").fill("2001-01-01");
    await page.getByLabel("To", { exact: true }).fill("2001-01-02");
    await page.getByText("No record matches.").waitFor();
  });

  it("is left and right by arrow keys, and a dialog gives the focus back", async () => {
    const page = await signedIn("Ada", "/admin");
    await page.getByRole("tab", { name: "Connections" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.getByRole("heading", { name: "Hosted MCP is On" }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Hosted MCP");
    const turnOff = page.getByRole("button", { name: "Turn off" });
    await turnOff.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Cancel");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Turn off");
    await page.keyboard.press("Home");
    expect(page.url()).toContain("#hosted-mcp");
  });
});

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}

/** Runs inside the page: controls that nobody can name, and text that contrasts too little with what is behind it (WCAG 2.2 AA). */
function barriers(): readonly string[] {
  const found: string[] = [];
  for (const one of document.querySelectorAll<HTMLInputElement>("input:not([type=hidden]), select, button, a[href]")) {
    const labels = [...(one.labels ?? [])].map(({ textContent }) => textContent).join(" ");
    const name = one.getAttribute("aria-label") ?? `${labels}${one.textContent}`;
    if (name.trim() === "" && one.querySelector("img[alt]") === null)
      found.push(`no name: ${one.outerHTML.slice(0, 120)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`two of the id ${id}`);
  for (const one of document.querySelectorAll("[aria-labelledby]"))
    if (document.getElementById(one.getAttribute("aria-labelledby") ?? "") === null)
      found.push(`labelled by nothing: ${one.tagName}`);
  const channels = (colour: string): readonly number[] => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: readonly number[]): number => {
    const [red = 0, green = 0, blue = 0] = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element: Element | null): readonly number[] => {
    if (element === null) return [255, 255, 255];
    const colour = channels(getComputedStyle(element).backgroundColor);
    return colour.length === 3 || (colour[3] ?? 0) === 1 ? colour.slice(0, 3) : behind(element.parentElement);
  };
  for (const one of document.querySelectorAll("body *")) {
    const isText = [...one.childNodes].some(
      ({ nodeType, textContent }) => nodeType === 3 && textContent?.trim() !== "",
    );
    if (
      !isText ||
      one.matches(":disabled, script, noscript, option, .hidden, .hidden *") ||
      one.getClientRects().length === 0
    )
      continue;
    const [text, back] = [luminance(channels(getComputedStyle(one).color).slice(0, 3)), luminance(behind(one))];
    const ratio = (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
    if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${one.outerHTML.slice(0, 120)}`);
  }
  return found;
}

describe.skipIf(withoutChromium).each([
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  { name: "on a phone", colorScheme: "light", viewport: { width: 360, height: 740 } },
] as const)("every page, $name", ({ name: _name, ...options }) => {
  it("is readable, fits, and is the brand's own", async () => {
    const mina = await openAccount(gateway, { person: "usr_mina" });
    expect((await mina.send("POST /account/keys", { name: "Shown", preset: "write" })).status).toBe(201);
    await connectClient(gateway, mina, { organisation: "org_acme", page: "page_acme_main" });
    const page = await signedIn("Mina", "/account", options);
    await rowOf(page, "Shown").first().waitFor();
    const seen: Record<string, readonly string[]> = {};
    const look = async (what: string, on: Page): Promise<void> => {
      const width = await on.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      const html = (await on.content()).replaceAll(gateway.base, "");
      seen[what] = [
        ...(await on.evaluate(barriers)),
        ...(width > 0 ? [`${width} px too wide`] : []),
        ...(/specgate/i.test(html) ? ["names Specgate"] : []),
        ...(html.includes("Acme Status") ? [] : ["does not name the brand"]),
        ...(html.includes("https://acme.example/help") ? [] : ["offers no help"]),
      ];
    };
    await look("account", page);
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("radio", { name: /Only some/ }).check();
    await look("create", page);
    const ada = await signedIn("Ada", "/admin", options);
    for (const tab of ["Connections", "API keys", "Hosted MCP", "Audit log"]) {
      await ada.getByRole("tab", { name: tab }).click();
      await ada.getByText("Loading …").waitFor({ state: "detached" });
      await look(tab, ada);
    }
    await page.goto(`${gateway.base}/admin`);
    await look("forbidden", page);
    await page.goto(`${gateway.base}/account/sign-in?again=1`);
    await look("sign-in", page);
    expect(Object.entries(seen).filter(([, found]) => found.length > 0)).toEqual([]);
    expect(Object.keys(seen)).toHaveLength(8);
  });
});
