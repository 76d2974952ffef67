import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../../src/descriptor.ts";
import type { Resource } from "../../src/surfaces/resources/resource.ts";
import { parseUriTemplate } from "../../src/surfaces/resources/uriTemplate.ts";
import { startViewGateway, type ViewGateway } from "../fakes/viewGateway.ts";
import { envelope, key, openSession, openStream, postSession, type Reading } from "./wire.ts";

const api: Api = {
  name: "test",
  title: "Test",
  version: "1.0.0",
  securitySchemes: {},
  security: [],
  schemas: {},
  resources: [],
};
const prompt = (text: string) => ({ "p.md": `---\nname: p\ndescription: d\n---\n${text}\n` });

let held: Map<string, string>;
let reads: string[];
let gateway: ViewGateway;
const streams: Reading[] = [];

const watched = (text: string, pollMs: number | undefined, permitted: boolean): Resource => ({
  template: parseUriTemplate(text),
  definition: { name: text },
  permits: () => permitted,
  read: async (_reading, uri) => {
    reads.push(uri);
    return { contents: [{ uri, text: held.get(uri) ?? "nothing" }] };
  },
  ...(pollMs !== undefined && { pollMs }),
});

beforeEach(async () => {
  held = new Map();
  reads = [];
  gateway = await startViewGateway({
    api,
    upstream: "http://127.0.0.1:9",
    yaml: "api: test",
    prompts: prompt("One."),
    own: {
      resources: [
        watched("test://host/{id}", 20, true),
        watched("test://still", undefined, true),
        watched("test://secret", 20, false),
      ],
    },
  });
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.leave();
  await gateway.close();
});

const updated = (uri: string, more: object = {}) => ({
  jsonrpc: "2.0",
  method: "notifications/resources/updated",
  params: { uri, ...more },
});

describe("subscriptions of a session", () => {
  const open = async (headers: Record<string, string>): Promise<Reading> => {
    const stream = await openStream(gateway.url, { headers });
    streams.push(stream);
    return stream;
  };
  const looked = (uri: string) =>
    vi.waitUntil(() => reads.filter((one) => one === uri).length >= 2, { timeout: 20_000 });

  it("tell of each change once, of what was subscribed to alone", async () => {
    const { headers } = await openSession(gateway.url);
    const stream = await open(headers);
    for (const uri of ["test://host/1", "test://host/2"])
      expect((await postSession(gateway.url, "resources/subscribe", { uri }, { headers })).body).toMatchObject({
        result: {},
      });
    await looked("test://host/1");
    await looked("test://host/2");
    held.set("test://host/3", "changed");
    held.set("test://host/1", "changed");
    expect(await stream.message()).toEqual(updated("test://host/1"));
    held.set("test://host/2", "changed");
    expect(await stream.message()).toEqual(updated("test://host/2"));
    await postSession(gateway.url, "resources/unsubscribe", { uri: "test://host/1" }, { headers });
    held.set("test://host/1", "again");
    held.set("test://host/2", "again");
    expect(await stream.message()).toEqual(updated("test://host/2"));
  });

  it("tell a client that comes back what changed meanwhile, and look at nothing while nobody listens", async () => {
    const { headers } = await openSession(gateway.url);
    await postSession(gateway.url, "resources/subscribe", { uri: "test://host/1" }, { headers });
    const first = await open(headers);
    await looked("test://host/1");
    first.leave();
    await vi.waitFor(
      async () => {
        const before = reads.length;
        await new Promise((resolve) => setTimeout(resolve, 100)); // five rounds
        expect(reads.length).toBe(before);
      },
      { timeout: 20_000 },
    );
    held.set("test://host/1", "changed");
    expect(await (await open(headers)).message()).toEqual(updated("test://host/1"));
  });

  it("are replayed to a client whose connection broke", async () => {
    const { headers } = await openSession(gateway.url);
    await postSession(gateway.url, "resources/subscribe", { uri: "test://host/1" }, { headers });
    const first = await open(headers);
    const opened = await first.next();
    await looked("test://host/1");
    held.set("test://host/1", "changed");
    expect(await first.message()).toEqual(updated("test://host/1"));
    first.leave();
    const again = await open({ ...headers, "last-event-id": opened?.id ?? "" });
    expect(await again.message()).toEqual(updated("test://host/1"));
    held.set("test://host/1", "more");
    expect(await again.message()).toEqual(updated("test://host/1"));
  });

  const refused = [
    ["test://nothing", -32602, "Resource not available"],
    ["test://secret", -32602, "Resource not available"],
    ["test://still", -32602, "cannot be subscribed to"],
    [7, -32602, "needs the uri"],
  ] as const;
  for (const [uri, code, message] of refused)
    it(`refuse ${uri}`, async () => {
      const { headers } = await openSession(gateway.url);
      const { body } = await postSession(gateway.url, "resources/subscribe", { uri }, { headers });
      expect(body).toMatchObject({ error: { code, message: expect.stringContaining(message) } });
    });

  it("are at most fifty", async () => {
    const { headers } = await openSession(gateway.url);
    const subscribe = (id: number) =>
      postSession(gateway.url, "resources/subscribe", { uri: `test://host/${id}` }, { headers });
    const answers = await Promise.all(Array.from({ length: 50 }, (_, id) => subscribe(id)));
    expect(answers.filter(({ body }) => (body as { result?: object }).result !== undefined)).toHaveLength(50);
    expect((await subscribe(50)).body).toMatchObject({
      error: { message: expect.stringContaining("too many subscriptions") },
    });
    expect((await subscribe(7)).body).toMatchObject({ result: {} });
  });
});

describe("a listen stream with resources", () => {
  const listen = async (notifications: object): Promise<Reading> => {
    const params = { notifications, _meta: envelope() };
    const stream = await openStream(gateway.url, {
      method: "POST",
      headers: { ...key, "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" },
      body: { jsonrpc: "2.0", id: 5, method: "subscriptions/listen", params },
    });
    streams.push(stream);
    return stream;
  };
  const mark = { _meta: { "io.modelcontextprotocol/subscriptionId": 5 } };

  it("acknowledges those that it may tell of, and tells of each change once", async () => {
    const uris = ["test://host/1", "test://secret", "test://still", "test://nothing", "test://host/1"];
    const stream = await listen({ resourceSubscriptions: uris });
    expect(await stream.message()).toMatchObject({
      params: { notifications: { resourceSubscriptions: ["test://host/1"] } },
    });
    await vi.waitUntil(() => reads.length >= 2, { timeout: 20_000 });
    for (const value of ["a", "b"]) {
      held.set("test://host/1", value);
      expect(await stream.message()).toEqual(updated("test://host/1", mark));
    }
    expect(new Set(reads)).toEqual(new Set(["test://host/1"]));
  });

  it("tells which lists a reload changed, each once, and no other", async () => {
    const stream = await listen({ toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true });
    await stream.message();
    const more = "---\nname: q\ndescription: d\n---\nTwo.\n";
    await gateway.reload({ prompts: { ...prompt("One."), "q.md": more } });
    expect(await stream.message()).toMatchObject({ method: "notifications/prompts/list_changed" });
    await gateway.reload({ prompts: { ...prompt("Other words."), "q.md": more } });
    await gateway.reload({ prompts: { ...prompt("One."), "q.md": more }, yaml: "api: test\nwhoami: true" });
    const methods = [await stream.message(), await stream.message()].map(({ method }) => method);
    expect(methods.sort()).toEqual(["notifications/resources/list_changed", "notifications/tools/list_changed"]);
    await gateway.reload({ prompts: prompt("One."), yaml: "api: test\nwhoami: true" });
    expect(await stream.message()).toMatchObject({ method: "notifications/prompts/list_changed" });
    await gateway.gateway.notify({ type: "tools_list_changed" }, "the last one");
    expect(await stream.message()).toMatchObject({ method: "notifications/tools/list_changed" });
  });
});

describe("a Surface without resources and prompts", () => {
  it("declares none of them, and has none of their methods", async () => {
    const bare = await startViewGateway({ api, upstream: "http://127.0.0.1:9", yaml: "api: test" });
    const { headers } = await openSession(bare.url);
    const opening = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "x", version: "1" } };
    expect((await postSession(bare.url, "initialize", opening)).body).toMatchObject({
      result: { capabilities: { tools: { listChanged: true }, logging: {} } },
    });
    for (const method of [
      "resources/list",
      "resources/read",
      "prompts/list",
      "resources/subscribe",
      "completion/complete",
    ])
      expect((await postSession(bare.url, method, { uri: "x" }, { headers })).body).toMatchObject({
        error: { code: -32601 },
      });
    await bare.close();
  });
});
