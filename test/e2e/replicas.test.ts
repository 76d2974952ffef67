import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { HandTool } from "../../src/calls/call.ts";
import { type HandGateway, startHandGateway, unlessBusy } from "../fakes/handGateways.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { handTool } from "../http/handTools.ts";
import {
  both,
  get,
  key,
  type Message,
  openSession,
  openStream,
  postSession,
  type Reading,
  send,
  type Wired,
} from "../http/wire.ts";

const waitMs = 20_000;
type Headers = Record<string, string>;

/** protocol.md §5.3 and §7.4 at the wire of three replicas that share nothing but Redis: any of them serves any request. */
describe.skipIf(withoutRedis)("three replicas over one Redis", () => {
  let redis: RedisServer;
  let a: HandGateway;
  let b: HandGateway;
  let c: HandGateway;
  /** What `erase_thing` erased, on whichever replica. */
  const erased: string[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    const yaml = "limits: { readsPerMinute: off, writesPerMinute: off, requestsPerMinutePerAddress: off }";
    const tools = [eraseThing(erased)];
    const start = (): Promise<HandGateway> => startHandGateway({ redisUrl: redis.url, yaml, tools });
    [a, b, c] = await Promise.all([start(), start(), start()]);
  });
  afterAll(async () => {
    await Promise.all([a, b, c].map((one) => one.close()));
    await redis.close();
  });

  const call = (gateway: HandGateway, headers: Headers, name: string, args = {}, id: unknown = 1): Promise<Wired> =>
    unlessBusy(() => postSession(gateway.url, "tools/call", { name, arguments: args }, { headers, id }));
  /** A call whose stream is read while it is open. */
  const callStream = async (
    gateway: HandGateway,
    headers: Headers,
    params: object,
    id: unknown = 1,
  ): Promise<Reading> => {
    const body = { jsonrpc: "2.0", id, method: "tools/call", params };
    const stream = await unlessBusy(() => openStream(gateway.url, { method: "POST", headers, body }));
    onTestFinished(stream.leave);
    return stream;
  };
  const open = async (gateway: HandGateway, headers: Record<string, string | undefined>): Promise<Reading> => {
    const stream = await openStream(gateway.url, { headers });
    onTestFinished(stream.leave);
    return stream;
  };
  const tell = (gateway: HandGateway, headers: Headers, message: object): Promise<Wired> =>
    send(gateway.url, { jsonrpc: "2.0", ...message }, { ...key, accept: both, ...headers });
  const capabilities = { elicitation: {} };

  it("serve a session that began on one: POST, GET and DELETE on the others, and nobody afterwards", async () => {
    const { headers } = await openSession(a.url);
    for (const gateway of [a, b, c]) expect((await call(gateway, headers, "get_widget", { id: "1" })).status).toBe(200);
    const stream = await open(b, headers);
    await stream.next();
    await c.notify({ type: "tools_list_changed" }, "once for all");
    await a.notify({ type: "tools_list_changed" }, "once for all");
    await a.notify({ type: "prompts_list_changed" }, "another");
    expect([(await stream.message()).method, (await stream.message()).method]).toEqual([
      "notifications/tools/list_changed",
      "notifications/prompts/list_changed",
    ]);
    expect((await get(c.url, { ...key, ...headers }, "DELETE")).status).toBe(200);
    expect(await stream.next()).toBeNull();
    for (const gateway of [a, b, c]) {
      const gone = await postSession(gateway.url, "ping", {}, { headers });
      expect([gone.status, gone.body]).toMatchObject([404, { error: { code: -32001 } }]);
    }
  });

  it("remember on one what was set on another", async () => {
    const { headers } = await openSession(a.url);
    await postSession(b.url, "logging/setLevel", { level: "error" }, { headers });
    expect((await call(c, headers, "talk_widget")).messages).toEqual([]);
  });

  it("end an older GET stream for a newer one elsewhere", async () => {
    const { headers } = await openSession(a.url);
    const older = await open(a, headers);
    await older.next();
    const newer = await open(b, headers);
    await newer.next();
    expect(await older.next()).toBeNull();
    newer.leave();
  });

  it("take the answer to a question of one on another, once", async () => {
    const { headers } = await openSession(a.url, { capabilities });
    const stream = await callStream(a, headers, { name: "delete_widget", arguments: { id: "w" } });
    for (const expected of ["Delete w?", "Really?"]) {
      const { id, params } = await stream.message();
      expect(params).toMatchObject({ message: expected });
      const yes = { id, result: { action: "accept", content: { yes: true } } };
      const late = { id, result: { action: "decline" } };
      expect([(await tell(b, headers, yes)).status, (await tell(c, headers, late)).status]).toEqual([202, 202]);
    }
    expect(await stream.message()).toMatchObject({ id: 1, result: { structuredContent: { deleted: true } } });
    expect([a.widgets.deleted, b.widgets.deleted, c.widgets.deleted]).toEqual([["w"], [], []]);
  });

  it("never let a yes confirm what a no was for: 50 pairs of one session at once (protocol.md §7.4)", async () => {
    const { headers } = await openSession(a.url, { capabilities });
    const decide = async (index: number, answer: "yes" | "no"): Promise<Message> => {
      const [asker, taker] = index % 2 === 0 ? [a, b] : [b, c];
      const thing = `${answer}-${index}`;
      // Ids of calls collide on purpose: each pair uses the same one on two replicas.
      const on = answer === "yes" ? asker : taker;
      const stream = await callStream(on, headers, { name: "erase_thing", arguments: { thing } }, index);
      const { id, params } = await stream.message();
      expect(params).toMatchObject({ message: `Erase ${thing}?` });
      const result = answer === "yes" ? { action: "accept", content: { yes: true } } : { action: "decline" };
      await tell(answer === "yes" ? taker : asker, headers, { id, result });
      return stream.message();
    };
    const indices = Array.from({ length: 50 }, (_, index) => index);
    const decided = await Promise.all(indices.flatMap((index) => [decide(index, "yes"), decide(index, "no")]));
    expect(decided.map(({ result }) => (result as { structuredContent?: object }).structuredContent)).toEqual(
      indices.flatMap(() => [{ erased: true }, { erased: false }]),
    );
    expect(erased.toSorted()).toEqual(indices.map((index) => `yes-${index}`).toSorted());
  });

  it("cancel on one a call that runs on another, and no other call", async () => {
    const held = holdTool();
    const gateway = await startHandGateway({ redisUrl: redis.url, tools: [held.tool] });
    onTestFinished(() => gateway.close());
    const { headers } = await openSession(b.url);
    const other = await openSession(b.url);
    for (const [own, id] of [
      [headers, 1],
      [headers, 2],
      [other.headers, 1],
    ] as const)
      await callStream(gateway, own, { name: "hold_thing", _meta: { progressToken: 1 } }, id);
    await vi.waitFor(() => expect(held.signals.length).toBe(3), { timeout: waitMs });
    await tell(c, headers, { method: "notifications/cancelled", params: { requestId: 1 } });
    await vi.waitFor(() => expect(held.signals[0]?.aborted).toBe(true), { timeout: waitMs });
    expect(held.signals.map(({ aborted }) => aborted)).toEqual([true, false, false]);
    await get(a.url, { ...key, ...headers }, "DELETE");
    await vi.waitFor(() => expect(held.signals[1]?.aborted).toBe(true), { timeout: waitMs });
    expect(held.signals[2]?.aborted).toBe(false);
    await get(a.url, { ...key, ...other.headers }, "DELETE");
    await vi.waitFor(() => expect(held.signals[2]?.aborted).toBe(true), { timeout: waitMs });
  });

  it("resume a POST's stream of one on another, while it runs and when it is over", async () => {
    const gateway = await startHandGateway({ redisUrl: redis.url });
    onTestFinished(() => gateway.close());
    const { headers } = await openSession(c.url);
    const stream = await callStream(gateway, headers, { name: "wait_widget", _meta: { progressToken: 1 } }, "call");
    const first = await stream.next();
    await stream.message();
    stream.leave();
    const resumed = await open(b, { ...headers, "last-event-id": first?.id });
    expect(await resumed.message()).toMatchObject({ method: "notifications/progress" });
    gateway.widgets.release();
    expect(await resumed.message()).toMatchObject({ id: "call", result: { structuredContent: { aborted: false } } });
    expect(await resumed.next()).toBeNull();
    const again = await open(c, { ...headers, "last-event-id": first?.id });
    expect([(await again.message()).method, (await again.message()).id]).toEqual(["notifications/progress", "call"]);
  });

  it("show no stream to another session, whose principal ever it is", async () => {
    const { headers } = await openSession(a.url);
    const stream = await callStream(a, headers, { name: "talk_widget" });
    const { id } = (await stream.next()) ?? {};
    for (const given of [{}, { "x-api-key": "key-two" }]) {
      const other = await openSession(b.url, { headers: given });
      const accept = { accept: "text/event-stream", "last-event-id": id };
      for (const gateway of [a, b, c]) {
        const theirs = await get(gateway.url, { ...key, ...other.headers, ...accept });
        expect([theirs.status, theirs.body]).toMatchObject([404, { error: { code: -32001 } }]);
      }
      const foreign = await get(c.url, { ...key, ...headers, ...given, ...accept });
      expect(foreign.status).toBe("x-api-key" in given ? 404 : 200);
    }
  });

  it("say 404 of history that was trimmed, on each of them", async () => {
    const { headers } = await openSession(a.url);
    const stream = await open(a, headers);
    await a.notify({ type: "tools_list_changed" }, "first of many");
    await stream.next();
    const { id } = (await stream.next()) ?? {};
    stream.leave();
    for (let n = 0; n < 300; n++) await b.notify({ type: "tools_list_changed" }, `many ${n}`);
    for (const gateway of [a, b, c]) {
      const answer = await get(gateway.url, { ...key, accept: "text/event-stream", ...headers, "last-event-id": id });
      expect([answer.status, answer.body]).toMatchObject([404, { error: { code: -32001 } }]);
    }
  });

  it("answer the same JSON-RPC id of two sessions at once, each with its own", async () => {
    const sessions = await Promise.all(
      ["key-one", "key-two"].map((name) => openSession(a.url, { headers: { "x-api-key": name } })),
    );
    const answers = await Promise.all(
      Array.from({ length: 120 }, async (_, n) => {
        const { headers } = sessions[n % 2] ?? { headers: {} };
        const gateway = [a, b, c][n % 3] as HandGateway; // of three
        const { body } = await call(gateway, headers, "get_widget", { id: `of ${n % 2}` }, 0);
        return (body as Message).result?.structuredContent as { id: string; caller: string };
      }),
    );
    for (const [n, { id }] of answers.entries()) expect([n, id]).toEqual([n, `of ${n % 2}`]);
    expect(new Set(answers.map(({ id, caller }) => `${id} ${caller}`)).size).toBe(2);
  });
});

/** Erases where the user says yes. */
function eraseThing(erased: string[]): HandTool {
  const requestedSchema = { type: "object", properties: { yes: { type: "boolean" } }, required: ["yes"] };
  return handTool(
    "erase_thing",
    async ({ args, ask }) => {
      const thing = String(args.thing);
      const params = { message: `Erase ${thing}?`, requestedSchema };
      const [answer] = await ask([{ key: "sure", method: "elicitation/create", params }]);
      const yes = answer?.action === "accept";
      if (yes) erased.push(thing);
      return { structured: { erased: yes } };
    },
    { effect: "destroy", properties: { thing: { type: "string" } }, required: ["thing"] },
  );
}

/** Runs until it is aborted; keeps the signals in the order in which calls came. */
function holdTool(): { readonly tool: HandTool; readonly signals: readonly AbortSignal[] } {
  const signals: AbortSignal[] = [];
  const tool = handTool("hold_thing", async ({ signal, notify }) => {
    signals.push(signal);
    notify({ type: "progress", progress: 1 });
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    return { structured: { aborted: true } };
  });
  return { tool, signals };
}
