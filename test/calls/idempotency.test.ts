import { createHash } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { afterEach, describe, expect, it, vi } from "vitest";
import { deriveKeys } from "../../src/auth/keys.ts";
import type { Principal } from "../../src/auth/principal.ts";
import type { Call, Outcome } from "../../src/calls/call.ts";
import { createMemoryClaims } from "../../src/calls/claims.memory.ts";
import type { Claims } from "../../src/calls/claims.ts";
import { endOf, endOfError, replay } from "../../src/calls/replay.ts";
import { createRunCall, type RunCallOptions } from "../../src/calls/runCall.ts";
import { createCatalog } from "../../src/catalog/catalog.ts";
import type { Tool } from "../../src/catalog/tool.ts";
import { createValidator } from "../../src/catalog/validator.ts";
import type { Api, ToolSpec } from "../../src/descriptor.ts";
import { type Change, GatewayError } from "../../src/errors.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { createUpstream } from "../../src/upstream/client.ts";
import { emptyApi, idParam, widget } from "../operations/fixture.ts";
import { errorOf, listen, type TestServer, upstreamConfig } from "../upstream/fixture.ts";

const open: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const create: ToolSpec = {
  name: "create_widget",
  kind: "create",
  effect: "write",
  description: "Create.",
  operation: { id: "create", method: "POST", path: "/widgets" },
  body: { mediaType: "application/json", fields: ["name", "color"] },
  result: { noun: true },
};
const list: ToolSpec = {
  ...create,
  name: "list_widgets",
  kind: "list",
  effect: "read",
  operation: { id: "list", method: "GET", path: "/widgets" },
};
const { body: _body, ...plainList } = list;
const update: ToolSpec = {
  ...create,
  name: "update_widget",
  kind: "update",
  operation: { id: "update", method: "PATCH", path: "/widgets/{id}" },
  params: [idParam],
};
const keyHeader = { name: "Idempotency-Key", in: "header", arg: "Idempotency-Key" } as const;
/** An Operation whose Spec declares the header. */
const pay: ToolSpec = { ...create, name: "pay", kind: "action", params: [keyHeader] };
const payByUuid: ToolSpec = {
  ...pay,
  name: "pay_by_uuid",
  params: [{ ...keyHeader, required: true, schema: { type: "string", format: "uuid" } }],
};
const api: Api = {
  ...emptyApi,
  resources: [{ ...widget, tools: { list: plainList, create, update }, actions: { pay, pay_by_uuid: payByUuid } }],
};
const catalog = createCatalog(api, []);

const ann: Principal = { kind: "passthrough", id: "ann", user: null, organisation: null, scopes: null };

type Run = (tool: string, args: Call["args"], more?: Partial<Call>) => Promise<Outcome>;

interface Running {
  readonly server: TestServer;
  /** Another replica with the same claims. */
  readonly run: Run;
  readonly replica: Run;
}

async function start(answer: RequestListener, idempotency: RunCallOptions["idempotency"] = {}): Promise<Running> {
  const server = await listen(answer);
  open.push(server);
  const claims = createMemoryClaims();
  const runOf = (): Run => {
    const upstream = createUpstream(upstreamConfig(server.url), { pause: async () => undefined });
    open.push(upstream);
    const run = createRunCall({
      upstreamFor: () => upstream,
      scopes: { effects: { read: "r", write: "w", destroy: "d" }, hierarchy: {} },
      validator: createValidator(),
      cursorKeys: deriveKeys([new Secret("a secret of a test")], "cursor"),
      limits: { resultBytes: 61_440, countPages: 100 },
      idempotency: { claims, waitMs: 200, ...idempotency },
    });
    return (name, args, more = {}) => run({ ...callOf(catalog.find(name) as Tool, args), ...more }); // it is in the catalog
  };
  return { server, run: runOf(), replica: runOf() };
}

function callOf(tool: Tool, args: Call["args"]): Call {
  return {
    tool,
    args,
    principal: ann,
    surface: "default",
    requestId: "r1",
    signal: new AbortController().signal,
    notify: () => undefined,
    ask: async () => [],
  };
}

/** Answers with a new number each time. */
function counting(status = 201): RequestListener {
  let made = 0;
  return (_req, res) => {
    made += 1;
    res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ id: String(made) }));
  };
}

/** Keeps requests until they are let go. */
function holding(): {
  readonly answer: RequestListener;
  readonly held: ServerResponse[];
  readonly requests: IncomingMessage[];
} {
  const held: ServerResponse[] = [];
  const requests: IncomingMessage[] = [];
  return {
    held,
    requests,
    answer: (req, res) => {
      requests.push(req);
      held.push(res);
    },
  };
}

const release = (res: ServerResponse | undefined, id: string): unknown =>
  res?.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify({ id }));

const arrives = (held: readonly unknown[], many: number): Promise<void> =>
  vi.waitFor(() => expect(held.length).toBe(many), { timeout: 10_000 });

const refusedBy = (change: Change): GatewayError => new GatewayError("upstream_rejected", "x", { change });

const one = { item: { id: "1" } };
const replayed = { structured: { ...one, replayed: true } };
const key = { idempotency_key: "k-1" };

describe("a change with an idempotency_key", () => {
  it("is made once, however often it is called, on whichever replica", async () => {
    const { run, replica, server } = await start(counting());
    expect(await run("create_widget", { name: "a", color: "red", ...key })).toEqual({ structured: one });
    expect(await run("create_widget", { ...key, color: "red", name: "a" })).toEqual(replayed);
    expect(await replica("create_widget", { name: "a", color: "red", ...key })).toEqual(replayed);
    expect(server.seen.length).toBe(1);
  });

  it("is a conflict with other arguments or another tool, and nothing is sent", async () => {
    const { run, replica, server } = await start(counting());
    await run("create_widget", { name: "a", ...key });
    for (const one of [run, replica]) {
      expect((await errorOf(() => one("create_widget", { name: "b", ...key }))).code).toBe("idempotency_conflict");
      expect((await errorOf(() => one("pay", { name: "a", ...key }))).code).toBe("idempotency_conflict");
    }
    expect(server.seen.length).toBe(1);
  });

  it("is the same caller's after a rotation of secrets, while the old one is kept", async () => {
    const { run, server } = await start(counting());
    await run("create_widget", { name: "a", ...key });
    const rotated = { ...ann, id: "ann under the new secret", formerIds: [ann.id] };
    expect(await run("create_widget", { name: "a", ...key }, { principal: rotated })).toEqual(replayed);
    expect(server.seen).toHaveLength(1);
  });

  it("is another's for another principal or another key", async () => {
    const { run, server } = await start(counting());
    await run("create_widget", { name: "a", ...key });
    await run("create_widget", { name: "a", ...key }, { principal: { ...ann, id: "bob" } });
    await run("create_widget", { name: "a", idempotency_key: "k-2" });
    expect(server.seen.length).toBe(3);
  });

  it("is another at another upstream", async () => {
    const { run, server } = await start(counting(), { upstreamName: ({ surface }) => surface });
    await run("create_widget", { name: "a", ...key });
    await run("create_widget", { name: "a", ...key }, { surface: "staging" });
    expect(server.seen.length).toBe(2);
  });

  it("waits for the first one while it runs, in this process and on another replica", async () => {
    const { answer, held } = holding();
    const { run, replica } = await start(answer, { waitMs: 20_000 });
    const first = run("update_widget", { id: "1", name: "a", ...key });
    await arrives(held, 1);
    const later = [run, run, replica, replica].map((one) => one("update_widget", { id: "1", name: "a", ...key }));
    const other = await errorOf(() => run("update_widget", { id: "2", name: "a", ...key }));
    expect(other.code).toBe("idempotency_conflict");
    release(held[0], "1");
    expect(await first).toEqual({ structured: one });
    expect(await Promise.all(later)).toEqual(Array(4).fill(replayed));
    expect(held.length).toBe(1);
  });

  it("is in_progress when the first one takes longer than it may wait", async () => {
    const { answer, held } = holding();
    const { run, replica } = await start(answer);
    const first = run("create_widget", { name: "a", ...key });
    await arrives(held, 1);
    for (const one of [run, replica]) {
      const error = await errorOf(() => one("create_widget", { name: "a", ...key }));
      expect([error.code, error.retryable, error.facts.retryAfterSeconds]).toEqual(["in_progress", true, 5]);
    }
    release(held[0], "1");
    await first;
    expect(held.length).toBe(1);
  });

  it("refused by the API is refused again in the same words, without asking again", async () => {
    const { run, server } = await start((_req, res) =>
      res.writeHead(409, { "content-type": "application/json" }).end('{"message":"Taken"}'),
    );
    const errors = [1, 2].map(() => errorOf(() => run("create_widget", { name: "a", ...key })));
    const [first, second] = await Promise.all(errors);
    expect([first?.code, first?.message]).toEqual(["upstream_conflict", "the API answered 409: Taken"]);
    expect([second?.code, second?.message, second?.facts.next]).toEqual([
      first?.code,
      first?.message,
      first?.facts.next,
    ]);
    expect(server.seen.length).toBe(1);
  });

  const unknowns: readonly [string, RequestListener][] = [
    ...[408, 500, 502, 503, 504].map((code): [string, RequestListener] => [
      String(code),
      (_req, res) => res.writeHead(code).end(),
    ]),
    ["a reset", (req) => req.socket.destroy()],
  ];
  for (const [name, answer] of unknowns) {
    it(`is never made again when its outcome is unknown: ${name}`, async () => {
      const { run, replica, server } = await start(answer);
      await errorOf(() => run("create_widget", { name: "a", ...key }));
      for (const one of [run, replica, run]) {
        const error = await errorOf(() => one("create_widget", { name: "a", ...key }));
        expect([error.code, error.retryable]).toEqual(["outcome_unknown", false]);
        expect(error.facts.next).toMatch(/^Do not repeat it. Look with list_widgets to see/);
      }
      expect(server.seen.length).toBe(1);
    });
  }

  it("may be made again when the API was too busy, or could not be reached", async () => {
    const { run, server } = await start((_req, res) =>
      server.seen.length === 1 ? res.writeHead(429).end() : counting()(_req, res),
    );
    expect((await errorOf(() => run("create_widget", { name: "a", ...key }))).code).toBe("upstream_rate_limited");
    expect(await run("create_widget", { name: "a", ...key })).toEqual({ structured: one });
  });

  it("of which nothing was sent, since its caller left before, may be made later", async () => {
    const { run, server } = await start(counting());
    const error = await errorOf(() => run("create_widget", { name: "a", ...key }, { signal: AbortSignal.abort() }));
    expect(error.message).toBe("the call was cancelled");
    expect(await run("create_widget", { name: "a", ...key })).toEqual({ structured: one });
    expect(server.seen.length).toBe(1);
  });

  it("is finished and kept when its caller leaves", async () => {
    const { answer, held } = holding();
    const { run } = await start(answer);
    const caller = new AbortController();
    const first = run("create_widget", { name: "a", ...key }, { signal: caller.signal });
    await arrives(held, 1);
    caller.abort();
    release(held[0], "1");
    expect(await first).toEqual({ structured: one });
    expect(await run("create_widget", { name: "a", ...key })).toEqual(replayed);
  });

  it("whose answer cannot be read was made all the same", async () => {
    const { run, server } = await start((_req, res) => res.setHeader("content-type", "application/json").end("{"));
    for (const _time of [1, 2]) {
      const error = await errorOf(() => run("create_widget", { name: "a", ...key }));
      expect([error.code, error.retryable]).toEqual(["upstream_invalid_response", false]);
      expect(error.facts.next).toMatch(/^The API accepted the change/);
    }
    expect(server.seen.length).toBe(1);
  });

  it("with a result too large to keep says so instead", () => {
    const kept = endOf({ structured: { item: { name: "x".repeat(70_000) } } });
    expect(kept.state === "done" && replay(kept.result)).toEqual({
      structured: { notes: [expect.stringMatching(/too large to be kept/)], replayed: true },
    });
  });

  const ends: readonly { readonly name: string; readonly thrown: unknown; readonly want: string }[] = [
    { name: "a refusal of the store of audit", thrown: new GatewayError("audit_unavailable", "x"), want: "none" },
    { name: "an error that says that it was refused", thrown: refusedBy("answered"), want: "done" },
    { name: "an error that says that nothing was sent", thrown: refusedBy("none"), want: "none" },
    { name: "an error that says nothing", thrown: new GatewayError("upstream_failed", "x"), want: "unknown" },
    { name: "a bug", thrown: new TypeError("x"), want: "unknown" },
  ];
  for (const { name, thrown, want } of ends)
    it(`ends as ${want}: ${name}`, () => expect(endOfError(thrown).state).toBe(want));

  it("needs a key of 1 to 255 characters", async () => {
    const { run, server } = await start(counting());
    for (const bad of ["", "x".repeat(256), 5])
      expect((await errorOf(() => run("create_widget", { name: "a", idempotency_key: bad }))).code).toBe(
        "invalid_arguments",
      );
    expect(server.seen).toEqual([]);
  });
});

describe("a create without a key", () => {
  it("shares the result of an identical one that runs, and of none that is done", async () => {
    const { answer, held } = holding();
    const { run, replica } = await start(answer, { waitMs: 1 }); // calls with a key would wait no longer
    const first = run("create_widget", { name: "a", color: "red" });
    await arrives(held, 1);
    const same = [run, replica].map((one) => one("create_widget", { color: "red", name: "a" }));
    const different = run("create_widget", { name: "b" });
    await arrives(held, 2);
    release(held[0], "1");
    release(held[1], "2");
    expect(await first).toEqual({ structured: one });
    expect(await Promise.all(same)).toEqual([replayed, replayed]);
    expect(await different).toEqual({ structured: { item: { id: "2" } } });
    const after = run("create_widget", { name: "a", color: "red" });
    await arrives(held, 3);
    release(held[2], "3");
    expect(await after).toEqual({ structured: { item: { id: "3" } } });
  });

  it("is made for the next one when the first was cancelled before it was sent", async () => {
    const { answer, held } = holding();
    const { run } = await start(answer);
    const caller = new AbortController();
    const first = errorOf(() => run("create_widget", { name: "a" }, { signal: caller.signal }));
    const second = run("create_widget", { name: "a" });
    caller.abort();
    expect((await first).message).toBe("the call was cancelled");
    await arrives(held, 1);
    release(held[0], "1");
    expect(await second).toEqual({ structured: one });
  });

  it("is not repeated for a while when nobody knows what came of the last one", async () => {
    const { run, replica, server } = await start((req) => req.socket.destroy());
    expect((await errorOf(() => run("create_widget", { name: "a" }))).code).toBe("upstream_unavailable");
    for (const one of [run, replica])
      expect((await errorOf(() => one("create_widget", { name: "a" }))).code).toBe("outcome_unknown");
    expect(server.seen.length).toBe(1);
  });

  it("is never shared where the configuration says so", async () => {
    const { answer, held } = holding();
    const { run } = await start(answer, { neverShare: ["create_w*"] });
    const both = [run("create_widget", { name: "a" }), run("create_widget", { name: "a" })];
    await arrives(held, 2);
    release(held[0], "1");
    release(held[1], "2");
    expect((await Promise.all(both)).map(({ structured }) => structured?.replayed)).toEqual([undefined, undefined]);
  });
});

describe("an update, an action or a read without a key", () => {
  it("is never shared", async () => {
    const { answer, held } = holding();
    const { run } = await start(answer);
    const twice = (tool: string, args: Call["args"]) => [run(tool, args), run(tool, args)];
    const all = [...twice("update_widget", { id: "1", name: "a" }), ...twice("pay", { name: "a" })];
    await arrives(held, 4);
    for (const res of held) release(res, "1");
    expect((await Promise.all(all)).map(({ structured }) => structured)).toEqual(Array(4).fill(one));
  });
});

describe("an API with an idempotency header of its own", () => {
  const sha = (text: string): string => createHash("sha256").update(text).digest("hex");

  it("gets the caller's key, mixed with who the caller is", async () => {
    const { run, server } = await start(counting());
    await run("pay", { name: "a", ...key });
    await run("pay", { name: "a", ...key }, { principal: { ...ann, id: "bob" } });
    expect(server.seen.map(({ headers }) => headers["idempotency-key"])).toEqual([sha("ann|k-1"), sha("bob|k-1")]);
  });

  it("gets a UUID where it asks for one, the same for the same key", async () => {
    const { run, server } = await start((_req, res) => res.writeHead(500).end());
    for (const _time of [1, 2]) await errorOf(() => run("pay_by_uuid", { name: "a", ...key }));
    const sent = server.seen.map(({ headers }) => headers["idempotency-key"]);
    expect(sent[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(sent[1]).toBe(sent[0]);
  });

  it("gets one per call where the caller gives none, so that retries of ours are recognised", async () => {
    const { run, server } = await start((_req, res) =>
      server.seen.length % 2 === 1 ? res.writeHead(503).end() : res.end('{"id":"1"}'),
    );
    await run("pay", { name: "a" });
    await run("pay", { name: "a" });
    const [a, b, c, d] = server.seen.map(({ headers }) => headers["idempotency-key"]);
    expect([typeof a, a === b, c === d, a === c]).toEqual(["string", true, true, false]);
  });

  it("is not an argument, and is asked again with the same key when the outcome is unknown", async () => {
    const { run, replica, server } = await start((_req, res) =>
      server.seen.length === 1 ? res.writeHead(500).end() : res.end('{"id":"1"}'),
    );
    expect(Object.keys(catalog.find("pay")?.definition.inputSchema.properties ?? {})).toEqual([
      "name",
      "color",
      "idempotency_key",
    ]);
    const error = await errorOf(() => run("pay", { name: "a", ...key }));
    expect([error.retryable, error.facts.next]).toEqual([true, expect.stringContaining("same idempotency_key")]);
    expect(await replica("pay", { name: "a", ...key })).toEqual({ structured: one });
    expect(new Set(server.seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
  });
});

describe("while the store is down", () => {
  const down = (): Promise<never> =>
    Promise.reject(new GatewayError("store_unavailable", "the store of idempotency keys does not answer"));
  const claims: Claims = { claim: down, settle: down };

  it("a change with a key is refused, and nothing is sent", async () => {
    const { run, server } = await start(counting(), { claims });
    expect((await errorOf(() => run("create_widget", { name: "a", ...key }))).code).toBe("store_unavailable");
    expect(server.seen).toEqual([]);
  });

  it("it is made once by this process where the configuration allows it", async () => {
    const { run, server } = await start(counting(), { claims, onStoreDown: "allow" });
    await run("create_widget", { name: "a", ...key });
    expect(await run("create_widget", { name: "a", ...key })).toEqual(replayed);
    expect(server.seen.length).toBe(1);
  });

  it("creates are shared within this process, and other changes simply made", async () => {
    const { answer, held } = holding();
    const { run } = await start(answer, { claims });
    const both = [run("create_widget", { name: "a" }), run("create_widget", { name: "a" })];
    const change = run("update_widget", { id: "1", name: "a" });
    await arrives(held, 2);
    for (const res of held) release(res, "1");
    expect((await Promise.all(both)).map(({ structured }) => structured?.replayed)).toEqual([undefined, true]);
    expect(await change).toEqual({ structured: one });
  });

  it("a result that cannot be kept is given all the same", async () => {
    const failing: Claims = { ...createMemoryClaims(), settle: down };
    const { run } = await start(counting(), { claims: failing });
    expect(await run("create_widget", { name: "a", ...key })).toEqual({ structured: one });
  });
});

describe("more calls than the process may run", () => {
  it("are refused at once", async () => {
    const { answer, held } = holding();
    const server = await listen(answer);
    const upstream = createUpstream(upstreamConfig(server.url));
    open.push(server, upstream);
    const run = createRunCall({
      upstreamFor: () => upstream,
      scopes: { effects: { read: "r", write: "w", destroy: "d" }, hierarchy: {} },
      validator: createValidator(),
      cursorKeys: deriveKeys([new Secret("a secret of a test")], "cursor"),
      limits: { resultBytes: 61_440, countPages: 100, runningCalls: 2 },
    });
    const call = callOf(catalog.find("update_widget") as Tool, { id: "1", name: "a" }); // it is in the catalog
    const running = [run(call), run(call)];
    await arrives(held, 2);
    const error = await errorOf(() => run(call));
    expect([error.code, error.retryable]).toEqual(["overloaded", true]);
    for (const res of held) release(res, "1");
    await Promise.all(running);
    const next = run(call);
    await arrives(held, 3);
    release(held[2], "1");
    expect(await next).toEqual({ structured: one });
  });
});
