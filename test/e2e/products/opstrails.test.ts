import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, testNow } from "../../demo/beacon.ts";
import { type Caller, callerOf } from "../../fakes/caller.ts";
import { launchChromium, withoutChromium } from "../../fakes/chromium.ts";
import { get } from "../../http/wire.ts";
import { type Connected, connectClaude, type OAuthProduct, startOAuthProduct } from "./oauthProduct.ts";
import { documentLines, withoutDocuments } from "./product.ts";

// examples/opstrails, as its guide for Claude.ai describes it: a person in a browser, and a client that has nothing but the URL.

const tools = [
  "count_deployments",
  "count_events",
  "get_deployment",
  "get_deployment_impact",
  "get_event",
  "list_deployments",
  "list_events",
  "list_metric_points",
  "list_metrics",
  "list_retention_plans",
  "list_services",
  "query_metrics",
  "whoami",
];

let browser: Browser;
let product: OAuthProduct;
let url: string;
let acme: Connected;

const as = ({ accessToken }: Connected): Caller =>
  callerOf(url, "", { authorization: `Bearer ${accessToken}`, "x-api-key": "" });

interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
}

/** The keys that a page of the API itself shows. */
async function keysOf(key: string): Promise<readonly ApiKey[]> {
  const { body } = await call(product.beacon, key, "GET /api-keys?q=MCP&perPage=200");
  return body.items as unknown as readonly ApiKey[];
}

beforeAll(async () => {
  if (withoutChromium) return;
  [browser, product] = await Promise.all([launchChromium(), startOAuthProduct("opstrails", {}, testNow)]);
  url = `${product.base}/api/mcp/mcp`;
});

afterAll(async () => {
  await browser?.close();
  await product?.close();
});

describe.skipIf(withoutChromium)("connecting", () => {
  it("needs no API key: who sends none is told where to sign in", async () => {
    const { status, headers } = await get(url);
    expect([status, headers.get("www-authenticate")]).toEqual([401, expect.stringContaining("resource_metadata=")]);
  });

  it("is at the URL of the guide alone: without the trailing /mcp the answer names it", async () => {
    const { status, text } = await get(`${product.base}/api/mcp`);
    expect([status, text]).toEqual([404, expect.stringContaining(url)]);
  });

  it("has the user sign in, choose an organisation, and approve what is read-only", async () => {
    let consent = "";
    acme = await connectClaude(browser, url, {
      as: "Ada",
      at: "OpsTrails",
      organisation: "Acme Cloud",
      scope: "mcp.read mcp.write mcp.delete",
      onConsent: async (page) => {
        consent = (await page.textContent("body")) ?? "";
      },
    });
    expect(acme.scope).toBe("mcp.read");
    expect(consent).toContain("See events and metrics");
    expect(consent).toContain("Claude.ai");
  });

  it("makes a read-only key with the name of the guide, beside the others, for that organisation", async () => {
    const own = (await keysOf(product.beacon.keys.full)).filter(({ id }) => id !== "key_acme_claude");
    expect(own).toMatchObject([{ name: expect.stringMatching(/^MCP — Claude\.ai/), scopes: ["read"] }]);
    expect((await keysOf(product.beacon.keys.other.full)).filter(({ name }) => name.startsWith("MCP"))).toEqual([]);
    expect((await as(acme).call("whoami")).structured).toMatchObject({
      organisation: { id: "org_acme", name: "Acme Cloud" },
      user: { id: "usr_ada" },
      scopes: ["mcp.read"],
      key: { name: expect.stringMatching(/^MCP — Claude\.ai/) },
    });
  });
});

describe.skipIf(withoutChromium)("a connection", () => {
  it("has the tools that read events and metrics, no other, and no resource or prompt but who it is", async () => {
    const listed = await as(acme).listTools();
    expect(listed.map(({ name }) => name).sort()).toEqual(tools);
    expect(listed.filter(({ annotations }) => annotations.readOnlyHint !== true)).toEqual([]);
    const { result } = await as(acme).request("resources/list");
    expect(((result?.resources ?? []) as { uri: string }[]).map(({ uri }) => uri)).toEqual(["beacon://me"]);
    expect((await as(acme).request("prompts/list")).result?.prompts ?? []).toEqual([]);
  });

  for (const name of ["create_event", "bulk_create_events", "update_deployment", "create_metric_point"])
    it(`cannot ${name.replaceAll("_", " ")}`, async () => {
      const { error } = await as(acme).request("tools/call", { name, arguments: {} });
      expect(error?.message).toContain(`Tool not available: ${name}`);
    });

  it("sees the events of the organisation that was chosen, all of them when asked for all", async () => {
    const direct = await call(product.beacon, product.beacon.keys.full, "GET /events/count");
    expect((await as(acme).call("count_events")).structured).toMatchObject({ count: direct.body.count });
    const globex = await connectClaude(browser, url, {
      as: "Ada",
      at: "OpsTrails",
      organisation: "Globex",
      scope: "mcp.read",
    });
    const { structured } = await as(globex).call("list_events", { limit: 5, fields: ["id", "organisationId"] });
    expect(new Set((structured.items as { organisationId: string }[]).map((one) => one.organisationId))).toEqual(
      new Set(["org_globex"]),
    );
    expect((await as(globex).call("whoami")).structured).toMatchObject({ plan: "free", search_window: { days: 7 } });
    const empty = await as(globex).call("list_events", { occurredBefore: "2020-01-01T00:00:00Z" });
    expect(empty.structured.notes).toEqual([
      expect.stringContaining("Searched: occurredBefore 2020-01-01T00:00:00Z"),
      expect.stringContaining("Searches reach back 7 days"),
    ]);
  });

  it("is told the window of its plan, in an empty answer too, and what the plans are", async () => {
    expect((await as(acme).call("whoami")).structured).toMatchObject({ plan: "starter", search_window: { days: 30 } });
    const empty = await as(acme).call("list_events", { occurredBefore: "2020-01-01T00:00:00Z" });
    expect(empty.structured.notes).toContainEqual(expect.stringContaining("Searches reach back 30 days"));
    const { structured } = await as(acme).call("list_retention_plans", { fields: ["slug", "retentionDays"] });
    expect(structured.items).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ slug: "free", retentionDays: 7 }),
        expect.objectContaining({ slug: "starter", retentionDays: 30 }),
        expect.objectContaining({ slug: "pro", retentionDays: 90 }),
      ]),
    );
  });

  it("sees a test event that was sent", async () => {
    const event = { kind: "deployment", environment: "staging", title: "A test event" };
    await call(product.beacon, product.beacon.keys.full, "POST /events", event);
    expect((await as(acme).call("list_events", { q: "A test event" })).structured).toMatchObject({ returnedCount: 1 });
  });

  it("authenticates every call with its key, and nothing else reaches the API", async () => {
    const before = product.beacon.requests.length;
    await as(acme).call("list_events", { limit: 1 });
    const sent = product.beacon.requests.slice(before).filter(({ url: asked }) => asked.startsWith("/events"));
    expect(sent).toHaveLength(1);
    expect(JSON.stringify(sent)).not.toContain(acme.accessToken);
  });

  it("ends at once when its key is deleted, and can be made again", async () => {
    const [key] = (await keysOf(product.beacon.keys.full)).filter(({ id }) => id !== "key_acme_claude");
    expect((await call(product.beacon, product.beacon.keys.full, `DELETE /api-keys/${key?.id}`)).status).toBe(200);
    const refused = await as(acme).call("list_events", { limit: 1 });
    expect([refused.isError, refused.error.code]).toEqual([true, "upstream_unauthorized"]);
    const again = await connectClaude(browser, url, {
      as: "Ada",
      at: "OpsTrails",
      organisation: "Acme Cloud",
      scope: "mcp.read",
    });
    expect((await as(again).call("list_events", { limit: 1 })).isError).toBe(false);
  });
});

describe.skipIf(withoutDocuments !== false)(
  `the guide${withoutDocuments === false ? "" : ` (${withoutDocuments})`}`,
  () => {
    it("names the path that the surface has", () => {
      const path = documentLines("opstrails")
        .map((line) => /^https:\/\/\S+$/.exec(line)?.[0])
        .find((found) => found !== undefined);
      expect(new URL(path ?? "").pathname).toBe("/api/mcp/mcp");
    });

    it("says the retention windows that the API has", () => {
      const windows = documentLines("opstrails")
        .join("\n")
        .match(/Free: (\d+) days, Starter: (\d+) days, Pro: (\d+) days/);
      expect(windows?.slice(1).map(Number)).toEqual([7, 30, 90]);
    });
  },
);
