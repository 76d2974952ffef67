import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { deriveKeys } from "../../../src/auth/keys.ts";
import type { Principal } from "../../../src/auth/principal.ts";
import type { Answer, Call, HandTool, Outcome, Question } from "../../../src/calls/call.ts";
import { canElicit } from "../../../src/calls/elicitation.ts";
import { type Hook, hookIndex } from "../../../src/calls/hooks.ts";
import { createRunCall } from "../../../src/calls/runCall.ts";
import { guardTools } from "../../../src/calls/safeguards/guarding.ts";
import { memorySafeguards, type SafeguardStores } from "../../../src/calls/safeguards/safeguard.ts";
import { createCatalog } from "../../../src/catalog/catalog.ts";
import type { Tool } from "../../../src/catalog/tool.ts";
import { createValidator } from "../../../src/catalog/validator.ts";
import type { UpstreamConfig } from "../../../src/config/config.ts";
import { parseGatewayFile, resolveSafeguards } from "../../../src/config/load.ts";
import type { Api, ToolSpec } from "../../../src/descriptor.ts";
import { GatewayError } from "../../../src/errors.ts";
import { Secret } from "../../../src/telemetry/secret.ts";
import { createUpstream } from "../../../src/upstream/client.ts";
import { type Recorder, startRecorder } from "../../fakes/recorder.ts";
import { handTool } from "../../http/handTools.ts";
import { emptyApi, idParam, widget } from "../../operations/fixture.ts";
import { errorOf, upstreamConfig } from "../../upstream/fixture.ts";

const flag = { type: "boolean" } as const;
const alert = (name: string, more: Partial<ToolSpec>): ToolSpec => ({
  name,
  kind: "action",
  effect: "write",
  description: "Alerts.",
  operation: { id: name, method: "POST", path: `/${name}` },
  ...more,
});
const json = "application/json";
const actions = {
  by_body: alert("by_body", {
    body: {
      mediaType: json,
      wrap: ["data"],
      fields: ["name", { name: "mail_them", schema: flag }],
      extra: { arg: "extra", schema: {} },
    },
  }),
  by_silence: alert("by_silence", { body: { mediaType: json, fields: [{ name: "silent", schema: flag }] } }),
  by_query: alert("by_query", { params: [{ name: "mail", in: "query", arg: "mail", schema: flag }] }),
  by_header: alert("by_header", { params: [{ name: "X-Quiet", in: "header", arg: "X-Quiet", schema: flag }] }),
  by_nothing: alert("by_nothing", { body: { mediaType: json, fields: ["name"] } }),
  pay: alert("pay", {
    body: { mediaType: json, fields: ["name", "password"] },
    params: [{ name: "Idempotency-Key", in: "header", arg: "Idempotency-Key" }],
  }),
  merge: alert("merge", {
    body: {
      mediaType: json,
      fields: [
        { name: "ids", schema: { type: "array", items: {} } },
        { name: "into", schema: {} },
      ],
    },
  }),
  upload: alert("upload", {
    body: {
      mediaType: "multipart/form-data",
      fields: [{ name: "file", schema: { type: "string" } }],
      encoding: { file: { file: true } },
    },
  }),
};
const get: ToolSpec = {
  name: "get_widget",
  kind: "get",
  effect: "read",
  description: "Get.",
  operation: { id: "get", method: "GET", path: "/widgets/{id}" },
  params: [idParam],
  result: { noun: true },
};
const list: ToolSpec = {
  ...get,
  name: "list_widgets",
  kind: "list",
  operation: { id: "list", method: "GET", path: "/widgets" },
  params: [],
};
const update: ToolSpec = {
  ...get,
  name: "update_widget",
  kind: "update",
  effect: "write",
  operation: { id: "update", method: "PATCH", path: "/widgets/{id}" },
  body: { mediaType: json, fields: ["name"] },
};
const remove: ToolSpec = {
  ...get,
  name: "delete_widget",
  kind: "delete",
  effect: "destroy",
  operation: { id: "delete", method: "DELETE", path: "/widgets/{id}" },
};
const api: Api = {
  ...emptyApi,
  securitySchemes: { key: { type: "apiKey", in: "header", name: "x-api-key" } },
  resources: [{ ...widget, tools: { get, list, update, delete: remove }, actions }],
};

const rules = `
  - { match: by_body, notify: { field: mail_them } }
  - { match: by_silence, notify: { field: silent, inverted: true } }
  - { match: by_query, notify: { query: mail } }
  - { match: by_header, notify: { header: x-quiet, inverted: true } }
  - { match: by_nothing, notify: { never: nobody listens } }
  - { match: merge, lookup: { argument: [ids, into], tools: [list_widgets, get_widget] } }
  - { match: "*", confirm: destroy, dryRun: true }
  - { match: update_widget, confirm: always }`;

const ann: Principal = {
  kind: "passthrough",
  id: "ann",
  user: null,
  organisation: null,
  scopes: null,
  credential: new Secret("ann-key"),
};
const canAsk = { elicitation: {} };

let upstream: Recorder;
let answers: Answer[] = [];
let asked: Question[] = [];
const open: { close: () => Promise<void> }[] = [];
beforeEach(async () => {
  answers = [];
  asked = [];
  upstream = await startRecorder(({ method, url }) => {
    const headers = { "content-type": json };
    if (method === "GET" && url === "/widgets/missing") return { status: 404, headers, body: "{}" };
    if (url === "/widgets") return { headers, body: '[{"id":"w1"},{"id":7}]' };
    if (method === "GET") return { headers, body: '{"id":"w1","name":"One\\n\\u202eEvil"}' };
    return { headers, body: "{}" };
  });
  open.push(upstream);
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

interface Given {
  readonly rules?: string;
  readonly tools?: readonly HandTool[];
  readonly hooks?: Readonly<Record<string, Hook>>;
  readonly stores?: Partial<SafeguardStores>;
  readonly upstream?: Partial<UpstreamConfig>;
}

type Run = (tool: string, args: Call["args"], more?: Partial<Call>) => Promise<Outcome>;

function start(given: Given = {}): Run {
  const catalog = createCatalog(api, given.tools ?? []);
  const safeguards = resolveSafeguards(
    parseGatewayFile("gateway.yaml", `api: test\nsafeguards: ${given.rules ?? rules}`),
  );
  const hooks = Object.entries(given.hooks ?? {}).map(([tool, hook]) => ({ tool, hook }));
  const answered = new Set(hooks.filter(({ hook }) => hook.instead).map(({ tool }) => tool));
  const tools = guardTools(safeguards, { catalog, surfaces: ["default"], answered })("default");
  const client = createUpstream(upstreamConfig(upstream.url, given.upstream));
  open.push(client);
  const run = createRunCall({
    upstreamFor: () => client,
    scopes: { effects: { read: "r", write: "w", destroy: "d" }, hierarchy: {} },
    validator: createValidator(),
    cursorKeys: deriveKeys([new Secret("a secret of a test")], "cursor"),
    limits: { resultBytes: 61_440, countPages: 20 },
    safeguards: { ...memorySafeguards(), ...given.stores },
    hooks: hookIndex(hooks, catalog),
  });
  const ask = async (questions: readonly Question[]): Promise<readonly Answer[]> => {
    asked.push(...questions);
    return questions.map(() => answers.shift() ?? { action: "decline" });
  };
  return (name, args, more = {}) =>
    run({
      tool: tools.find((tool) => tool.name === name) as Tool, // it is in the catalog
      args,
      principal: ann,
      surface: "default",
      requestId: "r1",
      signal: new AbortController().signal,
      notify: () => undefined,
      ask,
      ...more,
    });
}

/** What went out, in short. */
const sent = (): readonly string[] =>
  upstream.requests.map(({ method, url, body }) => `${method} ${url} ${body}`.trim());

describe("notify on the wire", () => {
  const cases: readonly { readonly tool: string; readonly args?: object; readonly on: string; readonly off: string }[] =
    [
      {
        tool: "by_body",
        on: 'POST /by_body {"data":{"mail_them":true}}',
        off: 'POST /by_body {"data":{"mail_them":false}}',
      },
      { tool: "by_silence", on: 'POST /by_silence {"silent":false}', off: 'POST /by_silence {"silent":true}' },
      { tool: "by_query", on: "POST /by_query?mail=true", off: "POST /by_query?mail=false" },
    ];
  for (const { tool, on, off } of cases)
    it(`is the API's own flag: ${tool}`, async () => {
      const run = start();
      await run(tool, { notify: true });
      await run(tool, { notify: false });
      expect(sent()).toEqual([on, off]);
    });

  it("is the API's own header, whatever its case", async () => {
    const run = start();
    await run("by_header", { notify: true });
    await run("by_header", { notify: false });
    expect(upstream.requests.map(({ headers }) => headers["x-quiet"])).toEqual(["false", "true"]);
  });

  it("cannot be got round by the flag's own name, nor by further properties of the body", async () => {
    const run = start();
    expect((await errorOf(() => run("by_body", { notify: false, mail_them: true }))).code).toBe("invalid_arguments");
    await run("by_body", { notify: false, extra: { mail_them: true, colour: "red" } });
    expect(sent()).toEqual(['POST /by_body {"data":{"mail_them":false,"colour":"red"}}']);
  });

  for (const args of [{}, { notify: "false" }, { notify: 0 }, { notify: null }])
    it(`is refused as ${JSON.stringify(args)}`, async () => {
      expect((await errorOf(() => start()("by_silence", args))).code).toBe("invalid_arguments");
      expect(sent()).toEqual([]);
    });

  it("true is refused where nobody can be alerted, and false is not sent on", async () => {
    const run = start();
    const error = await errorOf(() => run("by_nothing", { name: "x", notify: true }));
    expect(error).toMatchObject({
      code: "invalid_arguments",
      message: "by_nothing cannot alert anybody: nobody listens",
    });
    await run("by_nothing", { name: "x", notify: false });
    expect(sent()).toEqual(['POST /by_nothing {"name":"x"}']);
  });

  it("reaches a hook in the API's place under its own name", async () => {
    const seen: unknown[] = [];
    const run = start({
      hooks: { by_silence: { instead: ({ args }) => ({ structured: { args: seen.push(args) } }) } },
    });
    await run("by_silence", { notify: true });
    expect(seen).toEqual([{ notify: true }]);
  });
});

describe("lookup first", () => {
  it("takes several arguments and arrays, compares ids as texts, and lets null pass", async () => {
    const run = start();
    const refused = async (args: object): Promise<string> => (await errorOf(() => run("merge", { ...args }))).message;
    expect(await refused({ ids: ["w1"] })).toBe('ids "w1" was not shown to you in the last 30 minutes');
    await run("list_widgets", {});
    await run("merge", { ids: ["w1", "7"], into: 7 });
    await run("merge", { into: null });
    expect(await refused({ ids: ["w1", "w9"], into: "w1" })).toContain('"w9"');
    expect(await refused({ into: "constructor" })).toContain("constructor");
    expect(upstream.requests.filter(({ method }) => method === "POST")).toHaveLength(2);
  });

  it("counts what a hook left in the answer, and no more", async () => {
    const run = start({ hooks: { list_widgets: { after: () => ({ structured: { items: [{ id: "w1" }] } }) } } });
    await run("list_widgets", {});
    expect((await errorOf(() => run("merge", { into: 7 }))).code).toBe("lookup_required");
    await run("merge", { into: "w1" });
  });

  it("never fails a list when nothing can be remembered", async () => {
    const gone = new GatewayError("store_unavailable", "gone");
    const seen = { record: () => Promise.reject(gone), unseen: () => Promise.reject(gone) };
    const run = start({ stores: { seen } });
    expect((await run("list_widgets", {})).structured).toHaveProperty("items");
    await run("merge", { ids: ["w1"] });
    expect(sent().slice(1)).toEqual(["GET /widgets/w1", 'POST /merge {"ids":["w1"]}']);
    const error = await errorOf(() => run("merge", { into: "missing" }));
    expect([error.code, error.facts.change]).toEqual(["lookup_required", "none"]);
  });

  it("passes on that the API cannot say, with nothing changed", async () => {
    const gone = new GatewayError("store_unavailable", "gone");
    const seen = { record: () => Promise.reject(gone), unseen: () => Promise.reject(gone) };
    const run = start({ stores: { seen }, upstream: { url: "http://127.0.0.1:1" } });
    const error = await errorOf(() => run("merge", { into: "w1" }));
    expect([error.code, error.facts.change]).toEqual(["upstream_unavailable", "none"]);
  });

  it("hides no fault of ours", async () => {
    const seen = { record: async () => undefined, unseen: () => Promise.reject(new TypeError("bug")) };
    await expect(start({ stores: { seen } })("merge", { into: "w1" })).rejects.toThrow("bug");
  });
});

describe("a question", () => {
  const yes: Answer = { action: "accept", content: { confirm: true } };
  const messageOf = (): string => String(asked[0]?.params.message);

  it("shows what will happen: no secret, no line that is not ours, nothing endless", async () => {
    answers = [yes];
    await start({ rules: "[{ match: pay, confirm: always }]" })(
      "pay",
      { name: `${"x".repeat(300)}\nNobody is alerted.`, password: "hunter2" },
      { capabilities: canAsk },
    );
    expect(messageOf().split("\n")).toHaveLength(3);
    expect(messageOf()).toMatch(/^Pay\nname: "x{98}…\npassword: \(not shown\)$/);
  });

  it("names the thing, without the characters that turn or break text", async () => {
    answers = [yes];
    await start()("delete_widget", { id: "w1" }, { capabilities: canAsk });
    expect(messageOf()).toBe('Delete Widget "One\\nEvil"\nid: "w1"\nThis cannot be undone by the gateway.');
    expect(sent()).toEqual(["GET /widgets/w1", "DELETE /widgets/w1"]);
  });

  it("is asked without the name where that cannot be read", async () => {
    answers = [yes];
    await start()("delete_widget", { id: "missing" }, { capabilities: canAsk });
    expect(messageOf()).toBe('Delete Widget\nid: "missing"\nThis cannot be undone by the gateway.');
  });

  const alerts: readonly { readonly notify: boolean; readonly line: string }[] = [
    { notify: true, line: "The team are alerted." },
    { notify: false, line: "Nobody is alerted." },
  ];
  for (const { notify, line } of alerts)
    it(`says whether people are alerted: ${notify}`, async () => {
      answers = [yes];
      const run = start({
        rules: "[{ match: by_silence, confirm: always, notify: { field: silent, inverted: true, alerts: the team } }]",
      });
      await run("by_silence", { notify }, { capabilities: canAsk });
      expect(messageOf()).toBe(`By silence\n${line}`);
    });

  it("leaves who agreed, and how, on the Call, and no token among its arguments", async () => {
    const calls: Call[] = [];
    const hand = handTool("burn", async (call) => ({ structured: { n: calls.push(call) } }), { effect: "destroy" });
    const run = start({ tools: [hand], rules: "[{ match: burn, confirm: destroy }]" });
    answers = [yes];
    await run("burn", {}, { capabilities: canAsk });
    const error = await errorOf(() => run("burn", {}));
    const { confirm_token } = error.facts.data as { confirm_token: string }; // what such an error holds
    await run("burn", { confirmation_token: confirm_token });
    expect(calls.map(({ args, confirmation }) => [args, confirmation])).toEqual([
      [{}, { by: "elicitation" }],
      [{}, { by: "token" }],
    ]);
  });

  it("is asked where a token is not good, and the token is used where it is", async () => {
    const run = start();
    const error = await errorOf(() => run("delete_widget", { id: "w1" }));
    const { confirm_token } = error.facts.data as { confirm_token: string }; // what such an error holds
    await run("delete_widget", { id: "w1", confirmation_token: confirm_token }, { capabilities: canAsk });
    expect(asked).toEqual([]);
    answers = [{ action: "decline" }];
    const again = { id: "w1", confirmation_token: confirm_token };
    expect((await errorOf(() => run("delete_widget", again, { capabilities: canAsk }))).code).toBe("not_permitted");
    expect(asked).toHaveLength(1);
  });

  it("is asked about a write too where the policy says always", async () => {
    const run = start({ rules: "[{ match: update_widget, confirm: always }]" });
    answers = [yes];
    await run("update_widget", { id: "w1", name: "Two" }, { capabilities: canAsk });
    expect(asked).toHaveLength(1);
    expect(sent().at(-2)).toBe('PATCH /widgets/w1 {"name":"Two"}');
  });

  const clients: readonly { readonly capabilities: Record<string, unknown> | undefined; readonly want: boolean }[] = [
    { capabilities: { elicitation: {} }, want: true },
    { capabilities: { elicitation: { form: {} } }, want: true },
    { capabilities: { elicitation: { form: {}, url: {} } }, want: true },
    { capabilities: { elicitation: { url: {} } }, want: false },
    { capabilities: { elicitation: null }, want: false },
    { capabilities: { elicitation: [] }, want: false },
    { capabilities: {}, want: false },
    { capabilities: undefined, want: false },
  ];
  for (const { capabilities, want } of clients)
    it(`is ${want ? "" : "not "}for a client with ${JSON.stringify(capabilities)}`, () =>
      expect(canElicit(capabilities)).toBe(want));
});

describe("a dry run", () => {
  it("shows what an update sends and not what it would read back", async () => {
    const { structured, isDryRun } = await start()("update_widget", { id: "w1", name: "Two", dry_run: true });
    expect([isDryRun, sent()]).toEqual([true, []]);
    expect(structured).toEqual({
      request: {
        method: "PATCH",
        url: `${upstream.url}/widgets/w1`,
        headers: {
          "user-agent": "specgate",
          "accept-encoding": expect.any(String),
          accept: json,
          "content-type": json,
        },
        body: '{"name":"Two"}',
      },
      notes: ["Dry run: nothing was sent."],
    });
  });

  const keyed: readonly { readonly name: string; readonly upstream: Partial<UpstreamConfig> }[] = [
    { name: "the caller's", upstream: {} },
    { name: "the gateway's", upstream: { apiKey: new Secret("gateway-key") } },
    { name: "one in the configured place", upstream: { credential: { header: "X-Own", prefix: "Key " } } },
    {
      name: "one among fixed headers",
      upstream: { headers: { "X-API-Key": "fixed-key", "x-team": "{principal.id}" } },
    },
  ];
  for (const { name, upstream: more } of keyed)
    it(`shows no key: ${name}`, async () => {
      const { structured } = await start({ upstream: more })("get_widget", { id: "w1", dry_run: true });
      expect(JSON.stringify(structured)).not.toMatch(/-key/i);
    });

  it("shows the idempotency header that the same key gives", async () => {
    const run = start();
    const args = { name: "x", idempotency_key: "k1" };
    const { structured } = await run("pay", { ...args, dry_run: true });
    await run("pay", args);
    expect(structured).toHaveProperty("request.headers.idempotency-key", upstream.last().headers["idempotency-key"]);
  });

  it("claims nothing: the key is free for the call itself", async () => {
    const run = start();
    await run("pay", { name: "x", idempotency_key: "k1", dry_run: true });
    await run("pay", { name: "y", idempotency_key: "k1", dry_run: false });
    expect(sent()).toEqual(['POST /pay {"name":"y"}']);
  });

  it("is told what a lookup and a validation would refuse", async () => {
    const run = start();
    expect((await errorOf(() => run("merge", { into: "w1", dry_run: true }))).code).toBe("lookup_required");
    expect((await errorOf(() => run("merge", { into: "w1", colour: 1, dry_run: true }))).code).toBe(
      "invalid_arguments",
    );
  });

  it("is told what the serialiser would refuse", async () => {
    const error = await errorOf(() => start()("get_widget", { id: "..", dry_run: true }));
    expect(error.code).toBe("invalid_arguments");
  });

  it("runs the hook before, whose arguments are sent, and not the one after", async () => {
    const after: unknown[] = [];
    const hook: Hook = {
      before: ({ args }) => ({ ...args, name: "from the hook" }),
      after: (outcome) => ({ ...outcome, content: [{ type: "text", text: String(after.push(1)) }] }),
    };
    const { structured } = await start({ hooks: { update_widget: hook } })("update_widget", {
      id: "w1",
      dry_run: true,
    });
    expect([structured?.request, after]).toMatchObject([{ body: '{"name":"from the hook"}' }, []]);
  });

  it("shows bytes that are text as text, others in base64, and leaves out what is too large", async () => {
    const run = start();
    const bodyOf = async (bytes: Buffer): Promise<Record<string, unknown>> => {
      const file = `data:application/octet-stream;base64,${bytes.toString("base64")}`;
      const { structured } = await run("upload", { file, dry_run: true });
      return { ...(structured?.request as object), notes: structured?.notes }; // the envelope of a dry run
    };
    expect(await bodyOf(Buffer.from("plain"))).toMatchObject({ body: expect.stringContaining("plain") });
    const binary = await bodyOf(Buffer.from([0xff, 0xfe]));
    expect(binary.bodyEncoding).toBe("base64");
    expect(Buffer.from(String(binary.body), "base64").includes(Buffer.from([0xff, 0xfe]))).toBe(true);
    const large = await bodyOf(Buffer.alloc(100_000, "x"));
    expect(large).not.toHaveProperty("body");
    expect(large.notes).toContainEqual(expect.stringMatching(/^The body of \d+ KB is left out/));
  });
});
