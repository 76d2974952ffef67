import { createSecretKey } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deriveKeys } from "../../src/auth/keys.ts";
import { createSessionIds } from "../../src/session/id.ts";
import { createMemorySessions } from "../../src/session/sessions.memory.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import {
  both,
  get,
  key,
  type Opened,
  openSession,
  openStream,
  postSession,
  type Reading,
  type Sending,
  send,
  type Wired,
} from "./wire.ts";

const unknown = { jsonrpc: "2.0", id: null, error: { code: -32001, message: "Session not found; initialize again" } };
const opening = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "wire", version: "1" } };

/** protocol.md §2.3, §2.4 and the session column of §3, one test per line, with `fetch` and no client library. */
describe.each(["server", "express"] as const)("the session era on our %s", (placement) => {
  let gateway: Gateway;
  let session: Opened;
  beforeAll(async () => {
    gateway = await startGateway({ placement });
    session = await openSession(gateway.url);
  });
  afterAll(() => gateway.close());
  const post = (method: string, params = {}, given: Sending = {}): Promise<Wired> =>
    postSession(gateway.url, method, params, { ...given, headers: { ...session.headers, ...given.headers } });
  const call = (name: string, args = {}, given: Sending = {}): Promise<Wired> =>
    post("tools/call", { name, arguments: args }, given);

  for (const version of ["2025-11-25", "2025-06-18", "2025-03-26"]) {
    it(`opens a session in version ${version} and echoes it`, async () => {
      const answer = await postSession(gateway.url, "initialize", { ...opening, protocolVersion: version });
      expect(answer.body).toEqual({
        jsonrpc: "2.0",
        id: 1,
        result: {
          protocolVersion: version,
          capabilities: { tools: { listChanged: true }, logging: {} },
          serverInfo: { name: "widgets", version: "1.2.3" },
          instructions: "Ask before you delete.",
        },
      });
      expect(answer.headers.get("mcp-session-id")).toMatch(/^v1\.[\w-]{22}\.[0-9a-z]+\.[\w-]{43}$/);
    });
  }

  for (const version of ["2024-11-05", "1999-01-01"]) {
    it(`answers version ${version} with 2025-11-25`, async () => {
      const answer = await postSession(gateway.url, "initialize", { ...opening, protocolVersion: version });
      expect(answer.body).toMatchObject({ result: { protocolVersion: "2025-11-25" } });
    });
  }

  for (const params of [
    {},
    { ...opening, capabilities: 1 },
    { ...opening, clientInfo: {} },
    { ...opening, protocolVersion: 1 },
  ]) {
    it(`refuses initialize with ${JSON.stringify(params)} in band and opens no session`, async () => {
      const answer = await postSession(gateway.url, "initialize", params);
      expect([answer.status, answer.body]).toMatchObject([200, { error: { code: -32602 } }]);
      expect(answer.headers.has("mcp-session-id")).toBe(false);
    });
  }

  it("mints an id of its own where the client offers one (T5)", async () => {
    const answer = await postSession(gateway.url, "initialize", opening, { headers: { "mcp-session-id": "x" } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("mcp-session-id")).not.toBe("x");
  });

  it("refuses a second initialize on a session with 400 / -32600", async () => {
    const answer = await post("initialize", opening);
    expect([answer.status, answer.body]).toMatchObject([400, { id: 1, error: { code: -32600 } }]);
  });

  it("refuses a message without session id with 400 / -32000 (B30)", async () => {
    const answer = await postSession(gateway.url, "tools/list");
    expect([answer.status, answer.body]).toMatchObject([400, { id: 1, error: { code: -32000 } }]);
  });

  it("refuses a message for an unknown session with 404 / -32001", async () => {
    const answer = await post("tools/list", {}, { headers: { "mcp-session-id": "nope" } });
    expect([answer.status, answer.body]).toEqual([404, { ...unknown, id: 1 }]);
  });

  for (const accept of ["application/json", "text/event-stream", "*/*", undefined]) {
    it(`refuses Accept: ${accept} with 406 (B14)`, async () => {
      const answer = await post("tools/list", {}, { headers: { accept } });
      expect([answer.status, answer.body]).toMatchObject([406, { id: 1, error: { code: -32000 } }]);
    });
  }

  it("refuses an unknown MCP-Protocol-Version with 400 / -32000 (B16), and takes none at all", async () => {
    const answer = await post("tools/list", {}, { headers: { "mcp-protocol-version": "2025-01-01" } });
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code: -32000 } }]);
    expect((await post("tools/list", {}, { headers: { "mcp-protocol-version": undefined } })).status).toBe(200);
  });

  it("answers ping with an empty result", async () => {
    expect((await post("ping")).body).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
  });

  for (const method of ["server/discover", "subscriptions/listen", "no/such"]) {
    it(`does not know ${method}: 200 / -32601 (B17)`, async () => {
      const answer = await post(method, {}, { id: "x" });
      expect([answer.status, answer.body]).toMatchObject([200, { id: "x", error: { code: -32601 } }]);
    });
  }

  it("lists tools without the marks of the stateless era", async () => {
    const { result } = (await post("tools/list")).body as { result: object };
    expect(Object.keys(result)).toEqual(["tools"]);
  });

  it("answers a call, an unknown tool, a refusal, a limit and a fault", async () => {
    expect((await call("get_widget", { id: "1" })).body).toMatchObject({ result: { structuredContent: { id: "1" } } });
    const missing = await call("no_such");
    expect([missing.status, missing.body]).toMatchObject([200, { error: { code: -32602 } }]);
    expect((await call("refuse_widget")).body).toMatchObject({ result: { isError: true } });
    expect((await call("limit_widget")).body).toMatchObject({ result: { isError: true } });
    const crashed = await call("crash_widget");
    expect([crashed.status, crashed.body]).toMatchObject([200, { error: { code: -32603, message: "internal error" } }]);
    expect(crashed.text).not.toContain("boom");
  });

  it("takes notifications and stray answers with 202 and an empty body", async () => {
    for (const message of [
      { method: "notifications/initialized" },
      { id: "x", result: {} },
      { method: "notifications/no/such" },
    ]) {
      const answer = await send(
        gateway.url,
        { jsonrpc: "2.0", ...message },
        { ...key, accept: both, ...session.headers },
      );
      expect([answer.status, answer.text]).toEqual([202, ""]);
    }
  });

  it("streams progress and, from info on, logs", async () => {
    const answer = await call("talk_widget", {}, {});
    expect(answer.messages.map(({ method }) => method)).toEqual(["notifications/message", undefined]);
    const params = { name: "talk_widget", _meta: { progressToken: 4 } };
    const withProgress = await post("tools/call", params);
    expect(withProgress.messages.map(({ method }) => method)).toEqual([
      "notifications/progress",
      "notifications/progress",
      "notifications/message",
      undefined,
    ]);
  });

  it("remembers the log level that the client set, and refuses one that is none", async () => {
    const own = await openSession(gateway.url);
    const talk = (): Promise<Wired> => postSession(gateway.url, "tools/call", { name: "talk_widget" }, own);
    const set = (level: string): Promise<Wired> => postSession(gateway.url, "logging/setLevel", { level }, own);
    expect((await set("error")).body).toMatchObject({ result: {} });
    expect((await talk()).headers.get("content-type")).toBe("application/json");
    await set("debug");
    expect((await talk()).messages.filter(({ method }) => method === "notifications/message")).toHaveLength(2);
    expect((await set("loud")).body).toMatchObject({ error: { code: -32602 } });
  });

  it("ends a session by DELETE with 200; afterwards everything of it is 404 / -32001", async () => {
    const own = await openSession(gateway.url);
    expect((await get(gateway.url, { ...key, ...own.headers }, "DELETE")).status).toBe(200);
    expect((await postSession(gateway.url, "ping", {}, own)).body).toEqual({ ...unknown, id: 1 });
    const again = await get(gateway.url, { ...key, ...own.headers }, "DELETE");
    expect([again.status, again.body]).toEqual([404, unknown]);
    const stream = await get(gateway.url, { ...key, accept: "text/event-stream", ...own.headers });
    expect([stream.status, stream.body]).toEqual([404, unknown]);
  });

  it("refuses GET and DELETE without a session id with 400 / -32000 (B30)", async () => {
    for (const method of ["GET", "DELETE"]) {
      const answer = await get(gateway.url, { ...key, accept: "text/event-stream" }, method);
      expect([method, answer.status, answer.body]).toMatchObject([method, 400, { error: { code: -32000 } }]);
    }
  });

  it("gives another principal's session the very bytes of an unknown one, whatever the method (T4, B28)", async () => {
    const principals = ["key-one", "key-two", "key-three", "key-four"];
    const sessions = await Promise.all(
      principals.map((one) => openSession(gateway.url, { headers: { "x-api-key": one } })),
    );
    for (const [owner, { sessionId: id }] of sessions.entries()) {
      for (const [caller, name] of principals.entries()) {
        const headers = { "x-api-key": name, accept: both, "mcp-session-id": id };
        const posted = await send(gateway.url, { jsonrpc: "2.0", id: 5, method: "ping" }, headers);
        expect([owner, caller, posted.status]).toEqual([owner, caller, owner === caller ? 200 : 404]);
        if (owner === caller) continue;
        expect(posted.body).toEqual({ ...unknown, id: 5 });
        const resumed = await get(gateway.url, {
          ...headers,
          accept: "text/event-stream",
          "last-event-id": "session/1",
        });
        expect([resumed.status, resumed.body]).toEqual([404, unknown]);
        const ended = await get(gateway.url, headers, "DELETE");
        expect([ended.status, ended.body]).toEqual([404, unknown]);
      }
    }
  });
});

describe("session ids that are not good", () => {
  it("are 404 / -32001 without asking the store (B29)", async () => {
    const memory = createMemorySessions();
    let asked = 0;
    const touch: typeof memory.touch = (...given) => {
      asked += 1;
      return memory.touch(...given);
    };
    const gateway = await startGateway({ sessions: { ...memory, touch } });
    const { sessionId: id } = await openSession(gateway.url);
    asked = 0;
    const forged = `${id.slice(0, -1)}${id.endsWith("A") ? "B" : "A"}`;
    const elsewhere = createSessionIds([createSecretKey(new Uint8Array(32))]).mint("somebody", Date.now());
    const shown = (await get(gateway.url, { ...key, accept: "*/*" })).headers.get("mcp-session-id") ?? "";
    for (const bad of [shown, forged, id.slice(0, -1), id.slice(0, 30), elsewhere, "x".repeat(10_000)]) {
      const answer = await postSession(gateway.url, "ping", {}, { headers: { "mcp-session-id": bad } });
      expect([answer.status, answer.body]).toEqual([404, { ...unknown, id: 1 }]);
    }
    expect(asked).toBe(0);
    await gateway.close();
  });

  it("of callers without a key do not end each other's, nor do their streams", async () => {
    const gateway = await startGateway({ auth: { required: false } });
    const nobody = { "x-api-key": undefined };
    const first = await openSession(gateway.url, { headers: nobody });
    const streams: Reading[] = [];
    for (let i = 0; i < 60; i++) {
      const { headers } = await openSession(gateway.url, { headers: nobody });
      if (i < 8) streams.push(await openStream(gateway.url, { headers: { ...headers, ...nobody } }));
    }
    const headers = { ...first.headers, ...nobody };
    expect((await postSession(gateway.url, "ping", {}, { headers })).status).toBe(200);
    expect(streams.map(({ status }) => status)).toEqual(new Array(8).fill(200));
    await gateway.close();
  });

  it("stay good when the secret is rotated, for their owner alone (X15)", async () => {
    const sessions = createMemorySessions();
    const [old, next] = [new Secret("old"), new Secret("next")];
    const under = (...secrets: Secret[]): Promise<Gateway> =>
      startGateway({ sessions, secrets, auth: { keys: deriveKeys(secrets, "principal") } });
    const ping = async ({ url }: Gateway, name: string, id: string): Promise<number> =>
      (await postSession(url, "ping", {}, { headers: { "x-api-key": name, "mcp-session-id": id } })).status;
    const before = await under(old);
    const rotated = await under(next, old);
    const after = await under(next);
    const { sessionId: first } = await openSession(before.url);
    const { sessionId: second } = await openSession(rotated.url);
    const statuses = [
      await ping(rotated, "key-one", first),
      await ping(rotated, "key-two", first),
      await ping(rotated, "key-one", second),
      await ping(after, "key-one", second),
      await ping(after, "key-one", first),
    ];
    expect(statuses).toEqual([200, 404, 200, 200, 404]);
    for (const gateway of [before, rotated, after]) await gateway.close();
  });

  it("are 404 once the session is over, idle or old (B29)", async () => {
    let now = Date.now();
    const gateway = await startGateway({ now: () => now, sessions: createMemorySessions({ now: () => now }) });
    const ping = async (given: { headers: Record<string, string> }): Promise<number> =>
      (await postSession(gateway.url, "ping", {}, given)).status;
    const idle = await openSession(gateway.url);
    now += 29 * 60_000;
    expect(await ping(idle)).toBe(200);
    now += 29 * 60_000;
    expect(await ping(idle)).toBe(200);
    now += 31 * 60_000;
    expect(await ping(idle)).toBe(404);
    const old = await openSession(gateway.url);
    for (let minutes = 0; minutes < 24 * 60 - 20; minutes += 20) {
      expect(await ping(old)).toBe(200);
      now += 20 * 60_000;
    }
    now += 21 * 60_000;
    expect(await ping(old)).toBe(404);
    await gateway.close();
  });

  it("end when the 51st session of a principal begins: the least recently used one (B33)", async () => {
    const gateway = await startGateway();
    const sessions: Opened[] = [];
    for (let i = 0; i < 50; i++) sessions.push(await openSession(gateway.url));
    const ping = async (i: number): Promise<number> => (await postSession(gateway.url, "ping", {}, sessions[i])).status;
    expect(await ping(0)).toBe(200);
    await openSession(gateway.url);
    expect([await ping(0), await ping(1), await ping(2)]).toEqual([200, 404, 200]);
    await gateway.close();
  });
});

describe("batches of 2025-03-26", () => {
  let gateway: Gateway;
  let session: Opened;
  beforeAll(async () => {
    gateway = await startGateway();
    session = await openSession(gateway.url, { version: "2025-03-26", capabilities: { elicitation: {} } });
  });
  afterAll(() => gateway.close());
  const batch = (
    messages: readonly object[],
    headers: Record<string, string | undefined> = session.headers,
  ): Promise<Wired> =>
    send(
      gateway.url,
      messages.map((message) => ({ jsonrpc: "2.0", ...message })),
      { ...key, accept: both, ...headers },
    );
  const talk = { id: 2, method: "tools/call", params: { name: "talk_widget", _meta: { progressToken: 1 } } };

  it("are answered message by message, in sequence, as one JSON array", async () => {
    const answer = await batch([
      { id: 1, method: "ping" },
      talk,
      { method: "notifications/initialized" },
      { id: 3, method: "tools/call", params: { name: "no_such" } },
      { id: 4, method: "tools/call", params: { name: "limit_widget" } },
    ]);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.body).toMatchObject([
      { id: 1, result: {} },
      { id: 2, result: { structuredContent: { said: true } } },
      { id: 3, error: { code: -32602 } },
      { id: 4, result: { isError: true } },
    ]);
  });

  it("need no version header", async () => {
    const answer = await batch([{ id: 1, method: "ping" }], { ...session.headers, "mcp-protocol-version": undefined });
    expect(answer.status).toBe(200);
  });

  it("are 202 where nothing needs an answer", async () => {
    const answer = await batch([{ method: "notifications/initialized" }, { id: "x", result: {} }]);
    expect([answer.status, answer.text]).toEqual([202, ""]);
  });

  it("cannot ask the client anything", async () => {
    const answer = await batch([
      { id: 1, method: "tools/call", params: { name: "delete_widget", arguments: { id: "w" } } },
    ]);
    expect(answer.body).toMatchObject([{ id: 1, result: { isError: true } }]);
  });

  const refused: { name: string; messages: object[]; headers?: Record<string, string> }[] = [
    { name: "an empty one", messages: [] },
    { name: "one that initializes", messages: [{ id: 1, method: "initialize", params: opening }] },
    { name: "101 messages (B10)", messages: Array.from({ length: 101 }, (_, id) => ({ id, method: "ping" })) },
    {
      name: "one that is no message",
      messages: [
        { id: 1, method: "ping" },
        { id: null, method: "ping" },
      ],
    },
    {
      name: "one with a later version in the header",
      messages: [{ id: 1, method: "ping" }],
      headers: { "mcp-protocol-version": "2026-07-28" },
    },
  ];
  for (const { name, messages, headers } of refused) {
    it(`refuses ${name} with 400 / -32600`, async () => {
      const answer = await batch(messages, { ...session.headers, ...headers });
      expect([answer.status, answer.body]).toMatchObject([400, { error: { code: -32600 } }]);
    });
  }

  it("do not exist in later versions: 400 / -32600", async () => {
    const later = await openSession(gateway.url, { version: "2025-06-18" });
    const answer = await batch([{ id: 1, method: "ping" }], { ...later.headers, "mcp-protocol-version": undefined });
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code: -32600 } }]);
  });

  it("takes 100 messages", async () => {
    const answer = await batch(Array.from({ length: 100 }, (_, id) => ({ id, method: "ping" })));
    expect(answer.body).toHaveLength(100);
  });
});

describe("calls of one session", () => {
  it("are aborted by notifications/cancelled and by the end of the session, not by the client's leaving", async () => {
    for (const how of ["cancel", "end"]) {
      const gateway = await startGateway();
      const { headers } = await openSession(gateway.url);
      const body = {
        jsonrpc: "2.0",
        id: "call",
        method: "tools/call",
        params: { name: "wait_widget", _meta: { progressToken: 1 } },
      };
      const stream = await openStream(gateway.url, { method: "POST", headers, body });
      const signal = await gateway.widgets.waiting;
      stream.leave();
      await postSession(gateway.url, "ping", {}, { headers });
      expect(signal.aborted).toBe(false);
      const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "other" } };
      await send(gateway.url, cancel, { ...key, accept: both, ...headers });
      expect(signal.aborted).toBe(false);
      if (how === "cancel") {
        await send(gateway.url, { ...cancel, params: { requestId: "call" } }, { ...key, accept: both, ...headers });
      } else {
        await get(gateway.url, { ...key, ...headers }, "DELETE");
      }
      expect(signal.aborted).toBe(true);
      await gateway.close();
    }
  });

  it("with the same JSON-RPC id in two sessions at once get an answer each", async () => {
    const gateway = await startGateway();
    const sessions = await Promise.all(
      ["key-a", "key-b"].map((one) => openSession(gateway.url, { headers: { "x-api-key": one } })),
    );
    const answers = await Promise.all(
      sessions.flatMap(({ headers }, i) =>
        Array.from({ length: 20 }, () =>
          postSession(
            gateway.url,
            "tools/call",
            { name: "get_widget", arguments: { id: `own-${i}` } },
            { headers, id: 0 },
          ),
        ),
      ),
    );
    const ids = answers.map(
      ({ body }) => (body as { result: { structuredContent: { id: string } } }).result.structuredContent.id,
    );
    expect(ids).toEqual([...Array(20).fill("own-0"), ...Array(20).fill("own-1")]);
    await gateway.close();
  });
});
