import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Beacon } from "../../demo/server.ts";
import { loadGenerated } from "../../src/cli/api.ts";
import type { Api } from "../../src/descriptor.ts";
import { call, testBeacon } from "../demo/beacon.ts";
import { type Called, type Caller, callerOf } from "../fakes/caller.ts";
import { startGateway, type TestGateway } from "../fakes/gateway.ts";
import { type RedisServer, startRedis, withoutRedis } from "../fakes/redis.ts";
import { startWire, type Wire } from "../fakes/wire.ts";
import { projectRoot } from "./process.ts";

/** openstatus's promises, a confirmed delete, and dry runs. */
const rules = `
safeguards:
  - match: [create_status_report, create_incident, resolve_incident]
    notify: { field: notify, alerts: the page's subscribers }
  - match: update_status_report
    notify: { never: an edit of the text is not announced }
  - match: [create_status_report, create_maintenance]
    lookup: { argument: pageId, tools: [list_status_pages, get_status_page] }
  - match: "delete_*"
    confirm: destroy
  - match: ["*_label", list_labels]
    dryRun: true
`;

type Given = Readonly<Record<string, unknown>>;
type Answer = { readonly action: "accept" | "decline" | "cancel"; readonly content?: { readonly confirm: boolean } };

const report = {
  title: "Elevated latency",
  status: "investigating",
  message: "The payment endpoint is slow.",
  pageId: "page_acme_api",
};

let api: Api;
let beacon: Beacon;
let wire: Wire;
let gateway: TestGateway;
let caller: Caller;
beforeAll(async () => {
  api = await loadGenerated({ root: projectRoot, name: "beacon" });
});
beforeEach(async () => {
  beacon = await testBeacon();
  wire = await startWire(beacon.url);
  gateway = await startGateway(api, wire.url, `api: beacon\n${rules}`);
  caller = callerOf(gateway.url, beacon.keys.full);
});
afterEach(async () => {
  await gateway.close();
  await wire.close();
  await beacon.close();
});

const outbox = async (): Promise<number> =>
  Number((await call(beacon, beacon.keys.full, "GET /outbox/count")).body.count);
const newLabel = async (name = "temporary"): Promise<string> =>
  String((await call(beacon, beacon.keys.full, "POST /labels", { name, color: "#ff0000" })).body.id);
const labelStatus = async (id: string): Promise<number> =>
  (await call(beacon, beacon.keys.full, `GET /labels/${id}`)).status;
const sent = (method: string): number => wire.exchanges.filter((one) => one.method === method).length;

/** A client of one era that answers each question with `answer`; none: it cannot be asked. */
interface Person {
  readonly call: (
    name: string,
    args: Given,
  ) => Promise<{ readonly isError: boolean; readonly error: Given; readonly structured: Given }>;
  readonly asked: string[];
  readonly close: () => Promise<void>;
}

const eras: readonly { readonly era: string; readonly connect: (answer: Answer) => Promise<Person> }[] = [
  { era: "session", connect: sessionPerson },
  { era: "stateless", connect: statelessPerson },
];

async function sessionPerson(answer: Answer): Promise<Person> {
  const asked: string[] = [];
  const client = new Client({ name: "v1", version: "1" }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    asked.push(params.message);
    return { ...answer };
  });
  const headers = { "x-api-key": beacon.keys.full };
  const transport = new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit: { headers } });
  await client.connect(transport as Transport); // the SDK's own class differs from its interface under exactOptionalPropertyTypes
  return personOf(client, asked);
}

async function statelessPerson(answer: Answer): Promise<Person> {
  const asked: string[] = [];
  const client = new ModernClient(
    { name: "v2", version: "1" },
    { capabilities: { elicitation: {} }, versionNegotiation: { mode: { pin: "2026-07-28" } } },
  );
  client.setRequestHandler("elicitation/create", async ({ params }) => {
    asked.push(params.message);
    return { ...answer };
  });
  const headers = { "x-api-key": beacon.keys.full };
  await client.connect(new ModernHttp(new URL(gateway.url), { requestInit: { headers } }));
  return personOf(client, asked);
}

interface SdkClient {
  readonly callTool: (params: { name: string; arguments: Record<string, unknown> }) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

function personOf(client: SdkClient, asked: string[]): Person {
  return {
    asked,
    call: async (name, args) => {
      const result = (await client.callTool({ name, arguments: { ...args } })) as {
        readonly structuredContent?: Given;
        readonly content: readonly { readonly text?: string }[];
        readonly isError?: boolean;
      }; // the SDK has checked it against the protocol's schema
      const isError = result.isError === true;
      const error = isError ? (JSON.parse(result.content[0]?.text ?? "{}") as Given) : {};
      return { isError, error, structured: result.structuredContent ?? {} };
    },
    close: () => client.close(),
  };
}

describe("notify", () => {
  it("must be given where people may be alerted, and nothing is sent without it", async () => {
    await caller.call("list_status_pages");
    const { error } = await caller.call("create_status_report", report);
    expect(error).toMatchObject({ code: "invalid_arguments", message: expect.stringContaining("notify") });
    expect(sent("POST")).toBe(0);
  });

  it("false leaves the outbox as it is, and true adds exactly one message", async () => {
    await caller.call("list_status_pages");
    const before = await outbox();
    const quiet = await caller.call("create_status_report", { ...report, notify: false });
    expect([quiet.isError, await outbox()]).toEqual([false, before]);
    const loud = await caller.call("create_status_report", { ...report, notify: true });
    expect([loud.isError, await outbox()]).toEqual([false, before + 1]);
  });

  it("is taken by a tool that alerts nobody, and true is refused there with the reason", async () => {
    const [item] = (await caller.call("list_status_reports", { limit: 1 })).structured.items as readonly {
      id: string;
    }[]; // the envelope of list
    const args = { statusReportId: item?.id, title: "A better title" };
    const { error } = await caller.call("update_status_report", { ...args, notify: true });
    expect(error).toMatchObject({ code: "invalid_arguments", message: expect.stringContaining("not announced") });
    const before = await outbox();
    expect(await caller.call("update_status_report", { ...args, notify: false })).toMatchObject({ isError: false });
    expect(await outbox()).toBe(before);
  });

  it("stands in the schema as a required boolean without default, and in the description", async () => {
    const tool = (await caller.listTools()).find(({ name }) => name === "create_status_report");
    expect(tool?.inputSchema.required).toContain("notify");
    expect(tool?.inputSchema.properties?.notify).toEqual({ type: "boolean", description: expect.any(String) });
    expect(tool?.description).toContain("true alerts the page's subscribers, false alerts nobody");
    const entry = await (
      await fetch(`${gateway.url}/tools/create_status_report`, { headers: { "x-api-key": beacon.keys.full } })
    ).json();
    expect(entry).toMatchObject({
      description: expect.stringContaining(tool?.description ?? "no such tool"), // a list leaves out what the name says
      inputSchema: { required: tool?.inputSchema.required },
    });
  });
});

describe("lookup first", () => {
  const create = (one: Caller = caller): Promise<Called> =>
    one.call("create_status_report", { ...report, notify: false });

  it("refuses an id that was not shown, sends nothing, and names the tools to run", async () => {
    const { error } = await create();
    expect(error).toMatchObject({
      code: "lookup_required",
      next: expect.stringMatching(/list_status_pages or get_status_page/),
    });
    expect(wire.exchanges).toEqual([]);
  });

  for (const { name, show } of [
    { name: "list", show: (one: Caller) => one.call("list_status_pages") },
    { name: "get", show: (one: Caller) => one.call("get_status_page", { pageId: report.pageId }) },
  ])
    it(`allows it once the ${name} tool has shown it`, async () => {
      await show(caller);
      expect(await create()).toMatchObject({ isError: false });
    });

  it("does not count what another caller was shown, nor an answer without the id", async () => {
    await callerOf(gateway.url, beacon.keys.readOnly).call("list_status_pages");
    await caller.call("list_status_pages", { fields: ["title"] });
    expect((await create()).error).toMatchObject({ code: "lookup_required" });
  });
});

describe("dry run", () => {
  it("answers exactly the request that the same call then sends", async () => {
    const args = { name: "dry run", color: "#00ff00", idempotency_key: "k1" };
    const dry = await caller.call("create_label", { ...args, dry_run: true });
    expect(sent("POST")).toBe(0);
    const { isError } = await caller.call("create_label", args);
    const real = wire.exchanges.find(({ method }) => method === "POST");
    const request = dry.structured.request as { method: string; url: string; headers: Given; body: string }; // the envelope of a dry run
    expect([isError, request.method, request.url, request.body]).toEqual([
      false,
      real?.method,
      `${wire.url}${real?.url}`,
      real?.text,
    ]);
    const { host: _h, connection: _c, "content-length": _l, "x-api-key": key, ...headers } = real?.headers ?? {};
    expect(key).toBe(beacon.keys.full);
    expect(request.headers).toEqual(headers);
    expect(JSON.stringify(dry)).not.toContain(beacon.keys.full);
  });

  it("needs no yes, deletes nothing, and shows what would be sent", async () => {
    const labelId = await newLabel();
    const { structured } = await caller.call("delete_label", { id: labelId, dry_run: true });
    expect(structured).toEqual({
      request: { method: "DELETE", url: `${wire.url}/labels/${labelId}`, headers: expect.any(Object) },
      notes: ["Dry run: nothing was sent."],
    });
    expect([wire.exchanges, await labelStatus(labelId)]).toEqual([[], 200]);
  });

  it("is checked as the call itself is", async () => {
    const { error } = await caller.call("create_label", { color: "#00ff00", dry_run: true });
    expect(error).toMatchObject({ code: "invalid_arguments" });
  });

  it("pages on with a cursor as if it were not there", async () => {
    const first = await caller.call("list_labels", { limit: 1, dry_run: false });
    const cursor = first.structured.nextCursor;
    expect(await caller.call("list_labels", { limit: 1, cursor })).toMatchObject({ isError: false });
    const dry = await caller.call("list_labels", { limit: 1, cursor, dry_run: true });
    expect(dry.structured.request).toMatchObject({ method: "GET", url: expect.stringContaining("/labels?") });
  });

  it("fits the output schema, which the v1 client holds it against", async () => {
    const person = await sessionPerson({ action: "cancel" });
    const { isError, structured } = await person.call("list_labels", { dry_run: true });
    await person.close();
    expect([isError, Object.keys(structured)]).toEqual([false, ["request", "notes"]]);
  });
});

describe.each(eras)("confirmation in the $era era", ({ connect }) => {
  it("asks with the name of the thing, and deletes once after a yes", async () => {
    const labelId = await newLabel("to be deleted");
    const person = await connect({ action: "accept", content: { confirm: true } });
    const { isError } = await person.call("delete_label", { id: labelId });
    await person.close();
    expect([isError, await labelStatus(labelId), sent("DELETE")]).toEqual([false, 404, 1]);
    expect(person.asked).toEqual([
      `Delete Label "to be deleted"\nid: "${labelId}"\nThis cannot be undone by the gateway.`,
    ]);
  });

  const refusals: readonly { readonly name: string; readonly answer: Answer; readonly code: string }[] = [
    { name: "a no", answer: { action: "decline" }, code: "not_permitted" },
    { name: "a closed question", answer: { action: "cancel" }, code: "confirmation_required" },
    {
      name: "an accepted form without the tick",
      answer: { action: "accept", content: { confirm: false } },
      code: "not_permitted",
    },
  ];
  for (const { name, answer, code } of refusals)
    it(`deletes nothing after ${name}, and asks once`, async () => {
      const labelId = await newLabel();
      const person = await connect(answer);
      const { error } = await person.call("delete_label", { id: labelId });
      await person.close();
      expect(error).toMatchObject({ code, retryable: false });
      expect([person.asked.length, await labelStatus(labelId), sent("DELETE")]).toEqual([1, 200, 0]);
    });

  it("does not ask about what needs no yes", async () => {
    const person = await connect({ action: "decline" });
    const { isError } = await person.call("create_label", { name: "plain", color: "#ff0000" });
    await person.close();
    expect([isError, person.asked]).toEqual([false, []]);
  });
});

describe("a confirmation token", () => {
  const first = async (labelId: string, more: Given = {}): Promise<string> => {
    const { error } = await caller.call("delete_label", { id: labelId, ...more });
    expect(error).toMatchObject({ code: "confirmation_required", next: expect.stringContaining("confirmation_token") });
    return (error.data as { confirm_token: string }).confirm_token; // the answer that offers one
  };

  it("is the answer to a client that cannot be asked, and lets the same call through once", async () => {
    const labelId = await newLabel();
    const token = await first(labelId);
    expect([await labelStatus(labelId), sent("DELETE")]).toEqual([200, 0]);
    const args = { id: labelId, confirmation_token: token };
    expect(await caller.call("delete_label", args)).toMatchObject({ isError: false });
    expect(await labelStatus(labelId)).toBe(404);
    const again = await caller.call("delete_label", args);
    expect(again.error).toMatchObject({
      code: "confirmation_required",
      message: expect.stringContaining("used before"),
    });
    expect(sent("DELETE")).toBe(1);
  });

  it("is spent once by 20 calls at once", async () => {
    const labelId = await newLabel();
    const args = { id: labelId, confirmation_token: await first(labelId) };
    const all = await Promise.all(Array.from({ length: 20 }, () => caller.call("delete_label", args)));
    expect(all.filter(({ isError }) => !isError)).toHaveLength(1);
    expect(sent("DELETE")).toBe(1);
  });

  it("goes with an idempotency key that only the second call has, and with each repetition of it", async () => {
    const labelId = await newLabel();
    const token = await first(labelId);
    const key = { id: labelId, idempotency_key: "once" };
    expect(await caller.call("delete_label", { ...key, confirmation_token: token })).toMatchObject({ isError: false });
    const repeated = await caller.call("delete_label", { ...key, confirmation_token: await first(labelId) });
    expect([repeated.structured.replayed, sent("DELETE")]).toEqual([true, 1]);
  });

  const misuses: readonly {
    readonly name: string;
    readonly use: (token: string, labelId: string) => Promise<Called>;
    readonly why: string;
  }[] = [
    {
      name: "with other arguments",
      use: async (token) => caller.call("delete_label", { id: await newLabel("other"), confirmation_token: token }),
      why: "another call",
    },
    {
      name: "for another tool",
      use: (token) => caller.call("delete_team", { teamId: "team_acme_platform", confirmation_token: token }),
      why: "another call",
    },
    {
      name: "by another principal",
      use: async (token, labelId) =>
        callerOf(gateway.url, beacon.keys.other.full).call("delete_label", {
          id: labelId,
          confirmation_token: token,
        }),
      why: "another call",
    },
    {
      name: "with another ending",
      use: (token, labelId) =>
        caller.call("delete_label", { id: labelId, confirmation_token: `${token.slice(0, -2)}AA` }),
      why: "not one that this gateway gave",
    },
    {
      name: "made up",
      use: (_token, labelId) => caller.call("delete_label", { id: labelId, confirmation_token: "yes" }),
      why: "not one that this gateway gave",
    },
  ];
  for (const { name, use, why } of misuses)
    it(`is worth nothing ${name}`, async () => {
      const labelId = await newLabel();
      const { error } = await use(await first(labelId), labelId);
      expect(error).toMatchObject({ code: "confirmation_required", message: expect.stringContaining(why) });
      expect([await labelStatus(labelId), sent("DELETE")]).toEqual([200, 0]);
    });

  it("does not work on another surface", async () => {
    const two = await startGateway(
      api,
      wire.url,
      `api: beacon\nsurfaces: { one: { path: /mcp }, two: { path: /two } }\n${rules}`,
      { SPECGATE_SECRET: "a secret of at least 32 characters" },
    );
    const labelId = await newLabel();
    const { error } = await callerOf(two.url, beacon.keys.full).call("delete_label", { id: labelId });
    const token = (error.data as { confirm_token: string }).confirm_token; // the answer that offers one
    const other = callerOf(`${two.base}/two`, beacon.keys.full);
    const used = await other.call("delete_label", { id: labelId, confirmation_token: token });
    await two.close();
    expect(used.error).toMatchObject({
      code: "confirmation_required",
      message: expect.stringContaining("another call"),
    });
    expect(sent("DELETE")).toBe(0);
  });
});

describe.skipIf(withoutRedis)("replicas that share a Redis", () => {
  let redis: RedisServer;
  const gateways: TestGateway[] = [];
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const one of gateways.splice(0)) await one.close();
    await redis.close();
  });
  const replica = async (yaml = rules): Promise<Caller> => {
    const variables = { REDIS_URL: redis.url, SPECGATE_SECRET: "a secret of at least 32 characters" };
    const one = await startGateway(api, wire.url, `api: beacon\n${yaml}`, variables);
    gateways.push(one);
    return callerOf(one.url, beacon.keys.full);
  };
  const tokenFor = async (one: Caller, labelId: string): Promise<string> => {
    const { error } = await one.call("delete_label", { id: labelId });
    return (error.data as { confirm_token: string }).confirm_token; // the answer that offers one
  };

  it("know what the other has shown", async () => {
    const [a, b] = [await replica(), await replica()];
    expect((await b.call("create_status_report", { ...report, notify: false })).error).toMatchObject({
      code: "lookup_required",
    });
    await a.call("list_status_pages");
    expect(await b.call("create_status_report", { ...report, notify: false })).toMatchObject({ isError: false });
  });

  it("spend one token once between them", async () => {
    const [a, b] = [await replica(), await replica()];
    const labelId = await newLabel();
    const args = { id: labelId, confirmation_token: await tokenFor(a, labelId) };
    const all = await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 ? a : b).call("delete_label", args)));
    expect(all.filter(({ isError }) => !isError)).toHaveLength(1);
    expect(sent("DELETE")).toBe(1);
  });

  for (const outage of ["kill", "freeze"] as const)
    describe(`while it is ${outage === "kill" ? "down" : "stopped"}`, () => {
      afterEach(() => redis.thaw());

      it("refuse a token, since nobody can say that it was not used", async () => {
        const a = await replica();
        const labelId = await newLabel();
        const confirmation_token = await tokenFor(a, labelId);
        await redis[outage]();
        const { error } = await a.call("delete_label", { id: labelId, confirmation_token });
        expect(error).toMatchObject({ code: "store_unavailable", retryable: true });
        expect(sent("DELETE")).toBe(0);
      });

      it("ask the API for an id instead, and list all the same", async () => {
        const a = await replica();
        await redis[outage]();
        expect(await a.call("list_status_pages")).toMatchObject({ isError: false });
        expect(await a.call("create_status_report", { ...report, notify: false })).toMatchObject({ isError: false });
        const gets = wire.exchanges.filter(({ method, url }) => method === "GET" && url.startsWith("/status-pages/"));
        expect(gets).toHaveLength(1);
        const made = sent("POST");
        const wrong = { ...report, pageId: "page_guessed", notify: false };
        expect((await a.call("create_status_report", wrong)).error).toMatchObject({ code: "lookup_required" });
        expect(sent("POST")).toBe(made);
      });

      it("refuse an id that no Get can vouch for", async () => {
        const a = await replica(
          "safeguards: [{ match: create_status_report, lookup: { argument: pageId, tools: [list_current_on_calls] } }]",
        );
        await redis[outage]();
        const { error } = await a.call("create_status_report", { ...report, notify: false });
        expect(error).toMatchObject({
          code: "store_unavailable",
          next: expect.stringContaining("list_current_on_calls"),
        });
        expect(sent("POST")).toBe(0);
      });
    });
});
