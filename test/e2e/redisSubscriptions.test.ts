import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../../src/descriptor.ts";
import type { Resource } from "../../src/surfaces/resources/resource.ts";
import { parseUriTemplate } from "../../src/surfaces/resources/uriTemplate.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { startViewGateway, type ViewGateway } from "../fakes/viewGateway.ts";
import { type Message, openSession, openStream, postSession, type Reading } from "../http/wire.ts";

const api: Api = {
  name: "test",
  title: "Test",
  version: "1.0.0",
  securitySchemes: {},
  security: [],
  schemas: {},
  resources: [],
};
const patience = { timeout: 20_000, interval: 20 };

describe.skipIf(withoutRedis)("subscriptions among replicas", () => {
  const prompts = { "p.md": "---\nname: p\ndescription: d\n---\nOne.\n" };
  let redis: RedisServer;
  let replicas: ViewGateway[];
  let held: number;
  /** Which replica looked. */
  let looks: number[];
  const streams: Reading[] = [];
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.close());
  beforeEach(async () => {
    [held, looks] = [0, []];
    replicas = await Promise.all([0, 1, 2].map(start));
  });
  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.leave();
    for (const replica of replicas) await replica.close();
  });

  const start = (index: number): Promise<ViewGateway> => {
    const watched: Resource = {
      template: parseUriTemplate("test://host/watched"),
      definition: { name: "watched" },
      permits: () => true,
      read: async (_reading, uri) => {
        looks.push(index);
        return { contents: [{ uri, text: String(held) }] };
      },
      pollMs: 25,
    };
    const variables = { REDIS_URL: redis.url, SPECGATE_SECRET: "a secret of at least 32 characters" };
    const own = { resources: [watched] };
    return startViewGateway({ api, upstream: "http://127.0.0.1:9", yaml: "api: test", variables, own });
  };
  const urlOf = (index: number): string => replicas[index]?.url ?? "";
  const open = async (index: number, headers: Record<string, string>): Promise<Reading> => {
    const stream = await openStream(urlOf(index), { headers });
    streams.push(stream);
    return stream;
  };
  const uri = "test://host/watched";
  /** As many rounds as show that nothing more comes. */
  const someRounds = () => new Promise((resolve) => setTimeout(resolve, 300));

  it("are looked at by the replica that has the stream alone, and told once, wherever they were asked for", async () => {
    const { headers } = await openSession(urlOf(0));
    const stream = await open(1, headers);
    await postSession(urlOf(2), "resources/subscribe", { uri }, { headers });
    await vi.waitUntil(() => looks.length >= 2, patience);
    const heard: Message[] = [];
    const hearing = (async () => {
      for (;;) heard.push(await stream.message());
    })().catch(() => undefined);
    for (let change = 1; change <= 3; change++) {
      held = change;
      await vi.waitUntil(() => heard.length >= change, patience);
    }
    await someRounds();
    expect(heard).toHaveLength(3);
    expect(new Set(looks)).toEqual(new Set([1]));
    await postSession(urlOf(0), "resources/unsubscribe", { uri }, { headers });
    await someRounds();
    const before = looks.length;
    await someRounds();
    expect(looks.length - before).toBeLessThanOrEqual(1);
    stream.leave();
    await hearing;
  });

  it("go on where the client comes back, with what changed while its replica was gone", async () => {
    const { headers } = await openSession(urlOf(0));
    await postSession(urlOf(0), "resources/subscribe", { uri }, { headers });
    await open(0, headers);
    await vi.waitUntil(() => looks.length >= 2, patience);
    await replicas[0]?.close();
    held = 1;
    looks = [];
    const stream = await open(1, headers);
    expect(await stream.message()).toMatchObject({ method: "notifications/resources/updated", params: { uri } });
    expect(new Set(looks)).toEqual(new Set([1]));
  });

  it("of the lists are told once, and of those alone that changed, when all replicas serve them", async () => {
    const { headers } = await openSession(urlOf(0));
    const stream = await open(1, headers);
    for (const replica of replicas) await replica.reload({ prompts });
    expect(await stream.message()).toEqual({ jsonrpc: "2.0", method: "notifications/prompts/list_changed" });
    for (const replica of replicas) await replica.reload({ yaml: "api: test\nwhoami: true", prompts });
    const methods = [await stream.message(), await stream.message()].map(({ method }) => method);
    expect(methods.sort()).toEqual(["notifications/resources/list_changed", "notifications/tools/list_changed"]);
    for (const replica of replicas) await replica.reload({ yaml: "api: test\nwhoami: true" });
    expect(await stream.message()).toMatchObject({ method: "notifications/prompts/list_changed" });
  });

  it("are told once when a newer stream takes over between two replicas", async () => {
    const { headers } = await openSession(urlOf(0));
    await postSession(urlOf(0), "resources/subscribe", { uri }, { headers });
    await open(0, headers);
    await vi.waitUntil(() => looks.includes(0), patience);
    const newer = await open(1, headers);
    held = 1;
    expect(await newer.message()).toMatchObject({ params: { uri } });
    held = 2;
    expect(await newer.message()).toMatchObject({ params: { uri } });
    await someRounds();
    held = 3;
    expect(await newer.message()).toMatchObject({ params: { uri } });
  });
});
