import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { type Beacon, startBeacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import { incident } from "../../generated/beacon/resources/incident.ts";
import { compose, type Gateway } from "../../src/compose.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { resolveConfig } from "../../src/config/load.ts";
import { defineHook, GatewayError, type ToolHook } from "../../src/hooks.ts";
import { createLogger } from "../../src/telemetry/log.ts";

const meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

let beacon: Beacon;
beforeAll(async () => {
  beacon = await startBeacon();
});
afterAll(() => beacon.close());

function gatewayWith(hooks: readonly ToolHook[]): Gateway {
  const config = resolveConfig(
    { api: "beacon" },
    readEnvironment({}),
    { upstreamUrl: beacon.url, port: 0, inMemory: true },
    "1",
  );
  return compose({ api, config, logger: createLogger("silent"), hooks });
}

interface Result {
  readonly isError?: boolean;
  readonly structuredContent?: Record<string, Record<string, unknown>>;
  readonly content: readonly { readonly text: string }[];
}

/** Calls a tool through a gateway with these hooks. */
async function call(hooks: readonly ToolHook[], name: string, args: object): Promise<Result> {
  const gateway = gatewayWith(hooks);
  const port = await gateway.listen();
  try {
    const response = await fetch(`http://127.0.0.1:${port}/mcp`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "x-api-key": beacon.keys.full,
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": name,
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name, arguments: args, _meta: meta },
      }),
    });
    return ((await response.json()) as { result: Result }).result;
  } finally {
    await gateway.close();
  }
}

const opened = { title: "Checkout is slow", pageId: "page_acme_main", severity: "minor", notify: false };

describe("a hook", () => {
  it("replaces arguments before they are checked and sent", async () => {
    const label = defineHook(incident, "create", {
      before: ({ args }) => ({ ...args, labels: [...(args.labels ?? []), "from-ai"] }),
    });
    const result = await call([label], "create_incident", { ...opened, labels: ["checkout"] });
    expect(result.structuredContent?.item?.labels).toEqual(["checkout", "from-ai"]);
  });

  it("has its replaced arguments checked like the caller's", async () => {
    const before = beacon.requestCount();
    const wrong = defineHook(incident, "create", { before: ({ args }) => ({ ...args, colour: "red" }) });
    const result = await call([wrong], "create_incident", opened);
    expect(result.content[0]?.text).toContain('unknown argument \\"colour\\"');
    expect(beacon.requestCount()).toBe(before);
  });

  it("refuses a call with words for the model, and nothing is sent", async () => {
    const before = beacon.requestCount();
    const freeze = defineHook(incident, "create", {
      before: () => {
        throw new GatewayError("not_permitted", "incidents are frozen until Monday", { next: "Tell the user." });
      },
    });
    const result = await call([freeze], "create_incident", opened);
    expect(JSON.parse(result.content[0]?.text ?? "")).toMatchObject({ code: "not_permitted", next: "Tell the user." });
    expect(beacon.requestCount()).toBe(before);
  });

  it("answers instead of the API", async () => {
    const before = beacon.requestCount();
    const canned = defineHook(incident, "get", {
      instead: ({ args }) => ({ structured: { item: { id: args.incidentId } } }),
    });
    const result = await call([canned], "get_incident", { incidentId: "inc_1" });
    expect(result.structuredContent).toEqual({ item: { id: "inc_1" } });
    expect(beacon.requestCount()).toBe(before);
  });

  it("changes the outcome of an action", async () => {
    const thanks = defineHook(incident, "acknowledge_incident", {
      after: (outcome) => ({ structured: { ...outcome.structured, notes: ["The team has been told in chat."] } }),
    });
    const result = await call([thanks], "acknowledge_incident", { incidentId: "inc_acme_payments" });
    expect(result.structuredContent?.notes).toEqual(["The team has been told in chat."]);
  });

  it("for a tool that does not exist, or a second one for the same, stops the gateway from being made", () => {
    expect(() => defineHook(incident, "explode", {})).toThrow('Incident has no tool or action "explode"; it has: ');
    const twice = defineHook(incident, "get", {});
    expect(() => gatewayWith([twice, twice])).toThrow("two hooks are for the tool get_incident");
    expect(() => gatewayWith([{ tool: "get_nothing", hook: {} }])).toThrow(
      'the tool "get_nothing", which is not in the catalog',
    );
  });

  it("sees the fields of its noun by their types", () => {
    defineHook(incident, "create", {
      before: ({ args }) => {
        expectTypeOf(args.severity).toEqualTypeOf<"critical" | "major" | "minor" | undefined>();
        return undefined;
      },
      // @ts-expect-error a severity that the document does not know
      after: (outcome, { args }) => (args.severity === "purple" ? outcome : outcome),
    });
    // @ts-expect-error a field of the wrong type
    defineHook(incident, "update", { before: ({ args }) => ({ ...args, title: 3 }) });
  });
});
