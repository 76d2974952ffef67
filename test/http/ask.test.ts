import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Question } from "../../src/calls/call.ts";
import { GatewayError } from "../../src/errors.ts";
import { createSessionAsk, type SessionAskOptions } from "../../src/http/mcp/askSession.ts";
import { createWork } from "../../src/http/mcp/work.ts";
import { createMemorySessions } from "../../src/session/sessions.memory.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import {
  both,
  key,
  type Message,
  openSession,
  openStream,
  postSession,
  postStateless,
  type Reading,
  send,
  type Wired,
} from "./wire.ts";

const canElicit = { elicitation: {} };
const accepted = { action: "accept", content: { yes: true } };

describe("a question in the stateless era", () => {
  let gateway: Gateway;
  let now = Date.now();
  beforeEach(async () => {
    now = Date.now();
    gateway = await startGateway({ now: () => now });
  });
  afterEach(() => gateway.close());

  const remove = (id: string, more: object = {}, headers = {}, capabilities: object = canElicit): Promise<Wired> =>
    postStateless(
      gateway.url,
      "tools/call",
      { name: "delete_widget", arguments: { id }, ...more },
      { headers, meta: { "io.modelcontextprotocol/clientCapabilities": capabilities } },
    );
  const resultOf = (answer: Wired): { requestState: string; inputRequests: object; structuredContent?: object } =>
    (answer.body as { result: { requestState: string; inputRequests: object } }).result;

  it("is the result of the call, and the retried call with the answers of two rounds completes", async () => {
    const first = resultOf(await remove("w1"));
    expect(first).toMatchObject({
      resultType: "input_required",
      inputRequests: { confirm: { method: "elicitation/create", params: { message: "Delete w1?" } } },
    });
    const second = resultOf(
      await remove("w1", { requestState: first.requestState, inputResponses: { confirm: accepted } }),
    );
    expect(Object.keys(second.inputRequests)).toEqual(["sure"]);
    expect(second.requestState).not.toBe(first.requestState);
    const third = resultOf(
      await remove("w1", { requestState: second.requestState, inputResponses: { sure: accepted } }),
    );
    expect(third).toMatchObject({ resultType: "complete", structuredContent: { deleted: true } });
    expect(gateway.widgets.deleted).toEqual(["w1"]);
  });

  it("takes a decline for an answer and does not ask again", async () => {
    const { requestState } = resultOf(await remove("w1"));
    const declined = resultOf(await remove("w1", { requestState, inputResponses: { confirm: { action: "decline" } } }));
    expect(declined.structuredContent).toEqual({ deleted: false, why: "decline" });
  });

  const again = [
    { name: "no answer", inputResponses: {} },
    { name: "the answer to something else", inputResponses: { other: accepted } },
    { name: "an answer of the wrong form", inputResponses: { confirm: 7 } },
    {
      name: "an accepted form without its required field",
      inputResponses: { confirm: { action: "accept", content: {} } },
    },
    { name: "a field of the wrong type", inputResponses: { confirm: { action: "accept", content: { yes: "yes" } } } },
    { name: "answers that are no object", inputResponses: null },
  ];
  for (const { name, inputResponses } of again) {
    it(`asks again after ${name}`, async () => {
      const { requestState } = resultOf(await remove("w1"));
      const repeated = resultOf(await remove("w1", { requestState, inputResponses }));
      expect(Object.keys(repeated.inputRequests)).toEqual(["confirm"]);
      expect(gateway.widgets.deleted).toEqual([]);
    });
  }

  it("does not count an answer that was never asked for (no state)", async () => {
    const answer = resultOf(await remove("w1", { inputResponses: { confirm: accepted, sure: accepted } }));
    expect(Object.keys(answer.inputRequests)).toEqual(["confirm"]);
  });

  it("gives up after eight rounds", async () => {
    let { requestState } = resultOf(await remove("w1"));
    for (let round = 2; round <= 8; round++) ({ requestState } = resultOf(await remove("w1", { requestState })));
    expect((await remove("w1", { requestState })).body).toMatchObject({ error: { code: -32602 } });
  });

  const refused = { error: { code: -32602, data: { reason: "invalid_request_state" } } };
  const foreign: { name: string; use: (requestState: string) => Promise<Wired> }[] = [
    {
      name: "other arguments",
      use: (requestState) => remove("w2", { requestState, inputResponses: { confirm: accepted } }),
    },
    { name: "another principal", use: (requestState) => remove("w1", { requestState }, { "x-api-key": "key-two" }) },
    {
      name: "another tool",
      use: (requestState) =>
        postStateless(gateway.url, "tools/call", { name: "get_widget", arguments: { id: "w1" }, requestState }),
    },
    { name: "another method", use: (requestState) => postStateless(gateway.url, "tools/list", { requestState }) },
    { name: "a suffix", use: (requestState) => remove("w1", { requestState: `${requestState}-TAMPERED` }) },
    { name: "a state that is no text", use: () => remove("w1", { requestState: 5 }) },
    {
      name: "more than 600 seconds",
      use: (requestState) => {
        now += 601_000;
        return remove("w1", { requestState, inputResponses: { confirm: accepted } });
      },
    },
  ];
  for (const { name, use } of foreign) {
    it(`is not confirmed by a state with ${name} (T6)`, async () => {
      const { requestState } = resultOf(await remove("w1"));
      const answer = await use(requestState);
      expect([answer.status, answer.body]).toMatchObject([200, refused]);
    });
  }

  it("is not confirmed by a state with any one character changed (T6)", async () => {
    const { requestState } = resultOf(await remove("w1"));
    for (let i = 0; i < requestState.length; i += 1) {
      const other = requestState[i] === "A" ? "B" : "A";
      const forged = requestState.slice(0, i) + other + requestState.slice(i + 1);
      const answer = await remove("w1", { requestState: forged, inputResponses: { confirm: accepted } });
      expect([i, answer.body]).toMatchObject([i, refused]);
    }
  });

  it("holds for the same arguments in another order", async () => {
    const call = (args: object, more = {}): Promise<Wired> =>
      postStateless(
        gateway.url,
        "tools/call",
        { name: "delete_widget", arguments: args, ...more },
        { meta: { "io.modelcontextprotocol/clientCapabilities": canElicit } },
      );
    const { requestState } = resultOf(await call({ id: "w1", note: { a: 1, b: 2 } }));
    const retried = resultOf(
      await call({ note: { b: 2, a: 1 }, id: "w1" }, { requestState, inputResponses: { confirm: accepted } }),
    );
    expect(Object.keys(retried.inputRequests)).toEqual(["sure"]);
  });

  it("is refused with 400 / -32021 when the client cannot answer it", async () => {
    const answer = await remove("w1", {}, {}, {});
    const error = { code: -32021, data: { requiredCapabilities: { elicitation: { form: {} } } } };
    expect([answer.status, answer.body]).toMatchObject([400, { id: 1, error }]);
    const urlOnly = await remove("w1", {}, {}, { elicitation: { url: {} } });
    expect(urlOnly.status).toBe(400);
  });
});

describe("a question in the session era", () => {
  let gateway: Gateway;
  beforeEach(async () => {
    gateway = await startGateway();
  });
  afterEach(() => gateway.close());

  const start = (id: string, headers: object, rpcId: number | string = 1): Promise<Reading> =>
    openStream(gateway.url, {
      method: "POST",
      headers: { ...headers },
      body: { jsonrpc: "2.0", id: rpcId, method: "tools/call", params: { name: "delete_widget", arguments: { id } } },
    });
  const answer = (id: unknown, result: object, headers: object): Promise<Wired> =>
    send(gateway.url, { jsonrpc: "2.0", id, result }, { ...key, accept: both, ...headers });

  it("is a request on the stream of the POST, answered by another POST", async () => {
    const { headers } = await openSession(gateway.url, { capabilities: canElicit });
    const stream = await start("w1", headers);
    for (const message of ["Delete w1?", "Really?"]) {
      const question = await stream.message();
      expect(question).toMatchObject({ method: "elicitation/create", params: { message } });
      expect(question.id).toMatch(/^[\da-f]{8}-/);
      const taken = await answer(question.id, accepted, headers);
      expect([taken.status, taken.text]).toEqual([202, ""]);
    }
    expect(await stream.message()).toMatchObject({ id: 1, result: { structuredContent: { deleted: true } } });
    expect(await stream.next()).toBeNull();
  });

  it("never reaches another call of the session: one yes and one no, twenty times at once", async () => {
    const { headers } = await openSession(gateway.url, { capabilities: canElicit });
    const one = async (id: string, yes: boolean): Promise<void> => {
      const stream = await start(id, headers, id);
      for (let message = await stream.message(); message.method !== undefined; message = await stream.message()) {
        await answer(message.id, yes ? accepted : { action: "decline" }, headers);
      }
    };
    const ids = Array.from({ length: 20 }, (_, i) => i);
    await Promise.all(ids.flatMap((i) => [one(`trash-${i}`, true), one(`keep-${i}`, false)]));
    expect([...gateway.widgets.deleted].sort()).toEqual(ids.map((i) => `trash-${i}`).sort());
  });

  it("ignores a second answer, one of another session, and one to nothing: 202 each", async () => {
    const { headers } = await openSession(gateway.url, { capabilities: canElicit });
    const other = await openSession(gateway.url, { capabilities: canElicit });
    const stream = await start("w1", headers);
    const question = await stream.message();
    expect((await answer(question.id, accepted, other.headers)).status).toBe(202);
    expect((await answer("no-such-id", accepted, headers)).status).toBe(202);
    expect((await answer(question.id, { action: "decline" }, headers)).status).toBe(202);
    expect((await answer(question.id, accepted, headers)).status).toBe(202);
    expect(await stream.message()).toMatchObject({ result: { structuredContent: { deleted: false } } });
  });

  const refusals = [
    { name: "an error", message: { error: { code: -1, message: "no" } } },
    { name: "an answer of the wrong form", message: { result: { action: "maybe" } } },
  ];
  for (const { name, message } of refusals) {
    it(`ends in a refusal after ${name}`, async () => {
      const { headers } = await openSession(gateway.url, { capabilities: canElicit });
      const stream = await start("w1", headers);
      const { id } = await stream.message();
      await send(gateway.url, { jsonrpc: "2.0", id, ...message }, { ...key, accept: both, ...headers });
      const { result } = (await stream.message()) as { result: { isError: boolean; content: { text: string }[] } };
      expect(result.isError).toBe(true);
      expect(JSON.parse(result.content[0]?.text ?? "")).toMatchObject({ code: "confirmation_required" });
    });
  }

  it("is refused as a result when the client cannot answer it", async () => {
    const { headers } = await openSession(gateway.url);
    const params = { name: "delete_widget", arguments: { id: "w1" } };
    const refused = await postSession(gateway.url, "tools/call", params, { headers });
    const { result } = refused.body as Message;
    expect([refused.status, result]).toMatchObject([200, { isError: true }]);
    expect(gateway.widgets.deleted).toEqual([]);
  });

  it("takes no place among the requests in flight while it waits for the person", async () => {
    const { headers } = await openSession(gateway.url, { capabilities: canElicit });
    const stream = await start("w1", headers);
    const question = await stream.message();
    await expect.poll(() => gateway.mcp.inFlight()).toBe(0);
    await answer(question.id, { action: "decline" }, headers);
    await stream.message();
    await expect.poll(() => gateway.mcp.inFlight()).toBe(0);
  });

  it("ends with the call when the client cancels it", async () => {
    const { headers } = await openSession(gateway.url, { capabilities: canElicit });
    const stream = await start("w1", headers);
    await stream.message();
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
    await send(gateway.url, cancel, { ...key, accept: both, ...headers });
    expect(await stream.message()).toMatchObject({ id: 1, result: { isError: true } });
  });
});

describe("the questions of one request", () => {
  const question = (name: string): Question => ({ key: name, method: "roots/list", params: {} });
  const away = new GatewayError("store_unavailable", "away");
  const given = (more: Partial<SessionAskOptions>): SessionAskOptions => ({
    sessions: createMemorySessions(),
    sessionId: "s",
    capabilities: { roots: {} },
    signal: new AbortController().signal,
    send: async () => undefined,
    aside: (waiting) => waiting,
    ...more,
  });

  it("fail with the store, also when it fails before the question is sent", async () => {
    const faults: unknown[] = [];
    const note = (fault: unknown): number => faults.push(fault);
    process.on("unhandledRejection", note);
    const sessions = { ...createMemorySessions(), awaitAnswer: () => Promise.reject(away) };
    for (const send of [() => setTimeout(10), () => setTimeout(10).then(() => Promise.reject(away))]) {
      await expect(createSessionAsk(given({ sessions, send }))([question("a")])).rejects.toBe(away);
    }
    process.off("unhandledRejection", note);
    expect(faults).toEqual([]);
  });

  it("stand aside once, and close with the first that fails", async () => {
    const sessions = createMemorySessions();
    const state = { version: "2025-11-25", client: null, initialized: true, logLevel: null, subscriptions: [] };
    await sessions.create("s", "p", { ...state, capabilities: { roots: {} } });
    const sent: string[] = [];
    const work = createWork({ most: 1 });
    const place = work.enter();
    const send = async (text: string): Promise<void> => {
      sent.push((JSON.parse(text) as { id: string }).id);
    };
    const asked = createSessionAsk(given({ sessions, send, aside: place.aside }))(["a", "b", "c"].map(question));
    await expect.poll(() => sent).toHaveLength(3);
    expect(work.count()).toBe(0);
    const [first, second] = sent as [string, string];
    expect(await sessions.answer("s", first, { error: { code: 1, message: "no" } })).toBe(true);
    await expect(asked).rejects.toMatchObject({ code: "confirmation_required" });
    expect(work.count()).toBe(1);
    expect(await sessions.answer("s", second, { result: { roots: [] } })).toBe(false);
  });
});
