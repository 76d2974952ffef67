import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callerOf } from "../../fakes/caller.ts";
import { madeOf, startGateway } from "../../fakes/gateway.ts";
import { openWorld, type World } from "./world.ts";

// What others shipped broken (upstream-apis.md §5); the numbers are those of the list.

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterEach(() => world.stub.forget());

afterAll(() => world.close());

describe("surface and sessions", () => {
  it("regression 23: lists are paged, no tool is a burden, and the version is the API's", async () => {
    const lists = [...world.tools.values()].filter(({ name }) => name.startsWith("list_"));
    expect(lists.length).toBe(12);
    expect(lists.filter(({ inputSchema }) => !inputSchema.properties?.limit || !inputSchema.properties.cursor)).toEqual(
      [],
    );
    expect(
      [...world.tools.values()].filter((one) => JSON.stringify(one).length > 30_000).map(({ name }) => name),
    ).toEqual([]);
    const { result } = await world.plainCaller.request("server/discover");
    expect(result?._meta).toMatchObject({ "io.modelcontextprotocol/serverInfo": { version: "2.0.0" } });
  });

  it("regression 23: a narrower surface is narrower everywhere", async () => {
    const narrow = await startGateway(world.plain.api, world.wire.url, "api: test", { SPECGATE_READ_ONLY: "1" });
    const listed = (await callerOf(narrow.url, "key-a").listTools()).map(({ name }) => name);
    const answer = await fetch(`${narrow.url}/tools`, { headers: { "x-api-key": "key-a" } });
    const shown = ((await answer.json()) as { tools: { name: string }[] }).tools.map(({ name }) => name);
    const refused = await callerOf(narrow.url, "key-a").request("tools/call", {
      name: "delete_widget",
      arguments: { id: "w1" },
    });
    await narrow.close();
    expect(listed).toEqual(["count_widgets", "get_widget", "list_widgets"]);
    expect(shown).toEqual(listed);
    expect(refused.error).toMatchObject({ code: -32602, message: expect.stringContaining("delete_widget") });
  });

  it("regression 25: a session id is worth nothing with another key, and its own key stays as it was", async () => {
    const { id } = await openSession(world.plain.url, "key-a");
    expect(await ping(world.plain.url, id, "key-b")).toBe(404);
    expect(await ping(world.plain.url, id, "")).toBe(401);
    expect(await ping(world.plain.url, id, "key-a")).toBe(200);
    const before = world.wire.exchanges.length;
    await post(
      world.plain.url,
      { "mcp-session-id": id, "x-api-key": "key-a" },
      { method: "tools/call", params: { name: "list_widgets" } },
    );
    expect(world.wire.exchanges.slice(before).map(({ headers }) => headers["x-api-key"])).toEqual(["key-a"]);
  });

  it("regression 26: a notification of the stateless era needs no session", async () => {
    const params = {
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    };
    const headers = {
      "x-api-key": "key-a",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "notifications/cancelled",
    };
    const response = await post(world.plain.url, headers, { id: undefined, method: "notifications/cancelled", params });
    expect(response.status).toBe(202);
  });

  it("regression 26: a session id that is missing is 400 and one that is unknown is 404", async () => {
    const ping = { method: "ping" };
    expect((await post(world.plain.url, { "x-api-key": "key-a" }, ping)).status).toBe(400);
    expect((await post(world.plain.url, { "x-api-key": "key-a", "mcp-session-id": "unknown" }, ping)).status).toBe(404);
  });

  it("regression 27: every tool has all five annotations, and they follow from its effect", () => {
    const effects = new Map(madeOf(world.generated).map(({ tool: name, effect }) => [name, effect]));
    const readers = world.generated.api.resources.length;
    expect(readers).toBe(12);
    for (const { name, annotations } of world.tools.values()) {
      const effect = effects.get(name);
      expect([name, annotations]).toEqual([
        name,
        {
          title: expect.any(String),
          readOnlyHint: effect === "read",
          destructiveHint: effect === "destroy",
          idempotentHint: expect.any(Boolean),
          openWorldHint: expect.any(Boolean),
        },
      ]);
    }
  });

  it("regression 30: what is served is what was generated, by name and number", async () => {
    const made = madeOf(world.generated).map(({ tool: name }) => name);
    expect([...world.tools.keys()].sort()).toEqual([...made].sort());
    const counted = (await (await fetch(`${world.gateway.url}/tools`)).json()) as { count: number };
    expect(counted.count).toBe(made.length);
  });
});

function post(url: string, headers: Readonly<Record<string, string>>, message: object): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }),
  });
}

async function openSession(url: string, key: string): Promise<{ readonly id: string }> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } };
  const response = await post(url, { "x-api-key": key }, { method: "initialize", params });
  return { id: response.headers.get("mcp-session-id") ?? "" };
}

async function ping(url: string, session: string, key: string): Promise<number> {
  return (await post(url, { "mcp-session-id": session, "x-api-key": key }, { method: "ping" })).status;
}
