import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Described } from "../../codegen/model.ts";
import { type Called, type Caller, callerOf, type ServedTool } from "../fakes/caller.ts";
import { generateFrom, madeOf, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { type OneUptimeStub, startOneUptime } from "../fakes/oneuptime.ts";
import { oneUptimeStyleSpec, oneUptimeStyleTables } from "../fakes/oneuptimeSpec.ts";
import { startWidgets, type Widgets, widgetSpec } from "../fakes/widgets.ts";
import { startWire, type Wire } from "../fakes/wire.ts";
import { projectRoot } from "./process.ts";

// What others shipped broken (upstream-apis.md §5), here over a hand-written document in the style of OneUptime's and a stub
// that answers as its server does, and over a plain REST API. The numbers are those of the list.

const config = readFileSync(join(projectRoot, "test/fixtures/oneuptime.gateway.yaml"), "utf8");
const writer = "11111111-1111-4111-8111-111111111111";
const severity = "22222222-2222-4222-8222-222222222222";
const project = "33333333-3333-4333-8333-333333333333";
const absent = "99999999-9999-4999-8999-999999999999";

let generated: Described;
let stub: OneUptimeStub;
let gateway: TestGateway;
let caller: Caller;
let tools: ReadonlyMap<string, ServedTool>;

let widgets: Widgets;
let wire: Wire;
let plain: TestGateway;
let plainCaller: Caller;

beforeAll(async () => {
  generated = await generateFrom(oneUptimeStyleSpec(), config);
  stub = await startOneUptime({ tables: oneUptimeStyleTables, keys: { [writer]: "write" } });
  gateway = await startGateway(generated.api, stub.url, config);
  caller = callerOf(gateway.url, writer);
  tools = new Map((await caller.listTools()).map((tool) => [tool.name, tool]));

  widgets = await startWidgets(["key-a", "key-b"]);
  wire = await startWire(widgets.url);
  plain = await startGateway((await generateFrom(widgetSpec)).api, wire.url);
  plainCaller = callerOf(plain.url, "key-a");
});

afterEach(() => stub.forget());

afterAll(async () => {
  await Promise.all([gateway.close(), plain.close()]);
  await Promise.all([stub.close(), wire.close(), widgets.close()]);
});

function tool(name: string): ServedTool {
  const found = tools.get(name);
  if (!found) throw new Error(`no tool ${name}; there are ${[...tools.keys()].join(" ")}`);
  return found;
}

function properties(name: string): string[] {
  return Object.keys(tool(name).inputSchema.properties ?? {});
}

function itemOf({ structured }: Called): Readonly<Record<string, unknown>> {
  return structured.item as Readonly<Record<string, unknown>>; // the envelope of get, create and update
}

function itemsOf({ structured }: Called): readonly Readonly<Record<string, unknown>>[] {
  return structured.items as readonly Readonly<Record<string, unknown>>[]; // the envelope of list
}

describe("classification and generation", () => {
  it("regression 1: a POST that reads or updates is never a create", () => {
    const made = madeOf(generated);
    expect(generated.manifest.operations).toHaveLength(12 * 6 - 4);
    expect(made.filter(({ operationId, kind }) => !operationId?.startsWith(String(kind)))).toEqual([]);
    expect(made.filter(({ kind, effect }) => /^(list|count|get)$/.test(String(kind)) && effect !== "read")).toEqual([]);
  });

  it("regression 2: tools show their arguments, and what is given arrives", async () => {
    expect(
      [...tools.values()].filter(({ inputSchema }) => Object.keys(inputSchema.properties ?? {}).length === 0),
    ).toEqual([]);
    const { _id: id } = stub.seed("/incident", [{ title: "Seen" }])[0] as { _id: string };
    expect(itemOf(await caller.call("get_incident", { id }))).toMatchObject({ title: "Seen" });
    expect(stub.requests[0]?.path).toBe(`/api/incident/${id}/get-item`);
  });

  describe("regression 3: constraints of a schema survive", () => {
    const accepted = [
      { mode: "a" },
      { mode: "a", level: 5 },
      { mode: "b", note: null },
      { mode: "b", choice: "one" },
      { mode: "b", choice: 1 },
      { mode: "a", labels: { any: "text" } },
      { mode: "a", child: { mode: "b", child: { mode: "a" } } },
      { mode: "a", anything: [1, "two", null] },
    ];
    const refused = [
      { mode: "c" },
      {},
      { mode: "a", level: 6 },
      { mode: "a", level: 0 },
      { mode: "a", choice: true },
      { mode: "a", labels: { any: 1 } },
      { mode: "a", child: { mode: "z" } },
    ];
    let thing: { gateway: TestGateway; wire: Wire; caller: Caller };

    beforeAll(async () => {
      const bodies = await startWire(widgets.url);
      const served = await startGateway((await generateFrom(thingSpec)).api, bodies.url);
      thing = { gateway: served, wire: bodies, caller: callerOf(served.url, "key-a") };
    });

    afterAll(async () => {
      await thing.gateway.close();
      await thing.wire.close();
    });

    for (const given of accepted)
      it(`regression 3: accepts ${JSON.stringify(given)}`, async () => {
        await thing.caller.call("create_thing", given);
        expect(JSON.parse(thing.wire.exchanges.at(-1)?.text ?? "")).toEqual(given);
      });

    for (const given of refused)
      it(`regression 3: refuses ${JSON.stringify(given)}`, async () => {
        const before = thing.wire.exchanges.length;
        expect((await thing.caller.call("create_thing", given)).error).toMatchObject({ code: "invalid_arguments" });
        expect(thing.wire.exchanges.length).toBe(before);
      });

    it("regression 3: a default is shown", async () => {
      const [create] = (await thing.caller.listTools()).filter(({ name }) => name === "create_thing");
      expect(create?.inputSchema.properties?.level).toMatchObject({ default: 3, minimum: 1, maximum: 5 });
    });
  });

  it("regression 4: list and count filter by the columns of the table", async () => {
    stub.seed("/label", [{ name: "api prod" }, { name: "web" }]);
    const query = { name: { _type: "Search", value: "api" } };
    const listed = await caller.call("list_labels", { query });
    const counted = await caller.call("count_labels", { query });
    expect(itemsOf(listed).map(({ name }) => name)).toEqual(["api prod"]);
    expect(counted.structured).toMatchObject({ count: 1, exact: true });
    expect(stub.requests.map(({ body }) => (body as { query: unknown }).query)).toEqual([query, query]);
  });

  it("regression 5: names are unique, short, and the same whatever the order of the document", async () => {
    const names = [...tools.keys()];
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.length > 56)).toEqual([]);
    const document = oneUptimeStyleSpec();
    const paths = Object.entries(document.paths as object).reverse();
    const shuffled = await generateFrom({ ...document, paths: Object.fromEntries(paths) }, config);
    expect(shuffled.api).toEqual(generated.api);
  });

  it("regression 6: hostile text in a document arrives as text", async () => {
    const code = ["$", "{globalThis.pwned = 1}"].join("");
    const hostile = `\`${code}\` */ \\ " ' \n </script>`;
    const document = structuredClone(widgetSpec) as {
      info: { title: string };
      paths: Record<string, { get: { summary: string } }>;
    };
    const list = document.paths["/widgets"]?.get;
    if (list) list.summary = hostile;
    document.info.title = hostile;
    const { api } = await generateFrom(document);
    const served = await startGateway(api, wire.url);
    const shown = (await callerOf(served.url, "key-a").listTools()).find(({ name }) => name === "list_widgets");
    await served.close();
    expect(shown?.description).toContain(code);
    expect(globalThis).not.toHaveProperty("pwned");
  });

  it("regression 7: one inflection for all tools of a noun, and texts name only tools that exist", () => {
    for (const { name, plural, tools: kinds } of generated.api.resources) {
      const [one, many] = [snake(name), snake(plural)];
      for (const [kind, spec] of Object.entries(kinds))
        expect(spec.name).toBe(`${kind}_${kind === "list" || kind === "count" ? many : one}`);
    }
    const named = [...tools.values()].flatMap(({ description, inputSchema }) =>
      [
        ...JSON.stringify([description, inputSchema]).matchAll(/\b(?:list|count|get|create|update|delete)_[a-z0-9_]+/g),
      ].map(String),
    );
    expect(named.filter((name) => !tools.has(name))).toEqual([]);
  });

  it("regression 8: a column named like an argument of ours can be set", async () => {
    const view = { name: "Mine", query: { state: "open" }, sort: { name: "ASC" } };
    await caller.call("create_table_view", view);
    expect(stub.requests[0]?.body).toEqual({ data: view });

    const own = { dry_run: "own", limit: 3 };
    const schema = { type: "object", properties: { dry_run: { type: "string" }, limit: { type: "integer" } } };
    const post = {
      operationId: "createClash",
      requestBody: jsonBody(schema),
      responses: { 201: { description: "made" } },
    };
    const { api } = await generateFrom({ ...widgetSpec, paths: { "/clashes": { post } } });
    const served = await startGateway(api, wire.url);
    const given = Object.fromEntries(Object.entries(own).map(([name, value]) => [`${name}_value`, value]));
    await callerOf(served.url, "key-a").call("create_clash", given);
    await served.close();
    expect(JSON.parse(wire.exchanges.at(-1)?.text ?? "")).toEqual(own);
  });

  it("regression 9: read-only fields are offered to no write, and are in the answer", async () => {
    const readOnly = ["_id", "slug", "incidentNumber", "createdAt", "updatedAt", "resolvedAt"];
    for (const name of ["create_incident", "update_incident"])
      expect(properties(name).filter((property) => readOnly.includes(property))).toEqual([]);
    const [row] = stub.seed("/incident", [{ title: "T", slug: "t-1" }]);
    expect(itemOf(await caller.call("get_incident", { id: row?._id }))).toMatchObject({ slug: "t-1" });
  });
});

describe("requests", () => {
  const hostileIds = ["../admin", "..", ".", "a?b=c", "a#b", "%2e%2e%2f", "a/b", "", " ", "w1/../../x", "w1%00", "é"];

  for (const id of hostileIds)
    it(`regression 10: the id ${JSON.stringify(id)} stays one segment, encoded once`, async () => {
      const before = wire.exchanges.length;
      const answer = await plainCaller.call("get_widget", { id });
      const sent = wire.exchanges.slice(before).map(({ url }) => url);
      expect(answer.isError).toBe(true);
      if (answer.error.code === "invalid_arguments") expect(sent).toEqual([]);
      else expect(sent).toEqual([`/widgets/${encodeURIComponent(id)}`]);
    });

  it("regression 10: an id that is no UUID is refused before anything is sent", async () => {
    const answer = await caller.call("delete_incident", { id: "../label" });
    expect(answer.error).toMatchObject({ code: "invalid_arguments" });
    expect(stub.requests).toEqual([]);
  });

  it("regression 10: a path argument is not in the body", async () => {
    await plainCaller.call("update_widget", { id: "w1", colour: "blue" });
    expect(wire.exchanges.at(-1)).toMatchObject({ method: "PATCH", url: "/widgets/w1", text: '{"colour":"blue"}' });
  });

  it("regression 11: a call without arguments is legal", async () => {
    const answer = await plainCaller.call("list_widgets");
    expect(answer.structured).toMatchObject({ hasMore: false });
  });

  const badArguments = [
    { name: "a wrong type", tool: "create_incident", given: { title: 7, incidentSeverityId: severity } },
    {
      name: "an unknown argument",
      tool: "create_incident",
      given: { title: "T", incidentSeverityId: severity, colour: "red" },
    },
    { name: "a missing one", tool: "create_incident", given: { title: "T" } },
    { name: "a limit over the maximum", tool: "list_incidents", given: { limit: 100_000 } },
    { name: "a negative limit", tool: "list_incidents", given: { limit: -1 } },
    { name: "a field that does not exist", tool: "list_incidents", given: { fields: ["nope"] } },
    { name: "a malformed id", tool: "get_incident", given: { id: "42" } },
  ];
  for (const { name, tool: called, given } of badArguments)
    it(`regression 12: ${name} is refused before anything is sent`, async () => {
      expect((await caller.call(called, given)).error).toMatchObject({ code: "invalid_arguments" });
      expect(stub.requests).toEqual([]);
    });

  it("regression 12: a value outside an enum is refused before anything is sent", async () => {
    const before = wire.exchanges.length;
    expect((await plainCaller.call("create_widget", { name: "N", colour: "green" })).error.code).toBe(
      "invalid_arguments",
    );
    expect(wire.exchanges.length).toBe(before);
  });

  const badQueries = [
    { name: "sort by 1", given: { sort: { createdAt: 1 } } },
    { name: "sort by -1", given: { sort: { createdAt: -1 } } },
    { name: "sort by an unknown word", given: { sort: { createdAt: "down" } } },
    {
      name: "InBetween with value",
      given: { query: { createdAt: { _type: "InBetween", value: "2026-01-01T00:00:00.000Z" } } },
    },
    { name: "an unknown operator", given: { query: { title: { _type: "Resembles", value: "x" } } } },
    { name: "an operator the column has not", given: { query: { customFields: { _type: "GreaterThan", value: 1 } } } },
    { name: "a column the table has not", given: { query: { nope: "x" } } },
  ];
  for (const { name, given } of badQueries)
    it(`regression 13: ${name} is refused before anything is sent`, async () => {
      expect((await caller.call("list_incidents", given)).error).toMatchObject({ code: "invalid_arguments" });
      expect(stub.requests).toEqual([]);
    });

  it("regression 13: InBetween with both bounds and a sort by DESC are sent as they are", async () => {
    const query = {
      createdAt: { _type: "InBetween", startValue: "2026-01-01T00:00:00.000Z", endValue: "2026-02-01T00:00:00.000Z" },
    };
    await caller.call("list_incidents", { query, sort: { createdAt: "DESC" } });
    expect(stub.requests[0]?.body).toMatchObject({ query, sort: { createdAt: "DESC" } });
  });

  it("regression 14: what is not given is not sent, and an update travels in its wrapper", async () => {
    await caller.call("create_incident", { title: "Down", incidentSeverityId: severity });
    expect(stub.requests[0]?.body).toEqual({ data: { title: "Down", incidentSeverityId: severity } });
    const row = stub.rows("/incident").find(({ title }) => title === "Down");
    stub.forget();
    await caller.call("update_incident", { id: row?._id, title: "Up" });
    expect(stub.requests[0]).toMatchObject({
      method: "PUT",
      path: `/api/incident/${row?._id}`,
      body: { data: { title: "Up" } },
    });
  });

  it("regression 16: callers at the same time keep their own keys", async () => {
    const other = callerOf(plain.url, "key-b");
    const before = wire.exchanges.length;
    await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        n % 2 === 0
          ? plainCaller.call("get_widget", { id: `key-a-${n}` })
          : other.call("get_widget", { id: `key-b-${n}` }),
      ),
    );
    const sent = wire.exchanges.slice(before);
    expect(sent).toHaveLength(40);
    expect(sent.filter(({ url, headers }) => !url.includes(String(headers["x-api-key"])))).toEqual([]);
  });
});

describe("results", () => {
  it("regression 17: every item is reached, the total is the total, and the page's length is its own", async () => {
    const many = "/onCallDutyPolicy-owner-user";
    stub.seed(
      many,
      Array.from({ length: 25 }, () => ({ userId: severity })),
    );
    const name = "list_on_call_duty_policy_owner_users";
    const seen: unknown[] = [];
    let cursor: unknown;
    do {
      const { structured } = await caller.call(name, { limit: 10, ...(cursor !== undefined && { cursor }) });
      const items = structured.items as readonly { readonly _id: string }[]; // the envelope of list
      expect(structured).toMatchObject({
        totalCount: 25,
        returnedCount: items.length,
        hasMore: seen.length + items.length < 25,
      });
      seen.push(...items.map(({ _id }) => _id));
      cursor = structured.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(stub.rows(many).map(({ _id }) => _id));
  });

  for (const { called, given } of [
    { called: "get_incident", given: { id: absent } },
    { called: "update_incident", given: { id: absent, title: "T" } },
  ])
    it(`regression 18: ${called} of a record that does not exist is an error result`, async () => {
      const answer = await caller.call(called, given);
      expect(answer.isError).toBe(true);
      expect(answer.error.code).toMatch(/^(upstream_not_found|not_permitted)$/);
      expect(answer.error.next).toEqual(expect.any(String));
    });

  it("regression 19: values are plain, text is compact, secrets stay where they are", async () => {
    const at = "2026-01-02T03:04:05.000Z";
    const [row] = stub.seed("/incident", [
      { title: "W", incidentSeverityId: severity, projectId: project, createdAt: at },
    ]);
    const read = await caller.call("get_incident", { id: row?._id });
    expect(itemOf(read)).toMatchObject({ _id: row?._id, incidentSeverityId: severity, createdAt: at });
    expect(read.text).toBe(JSON.stringify(read.structured));
    expect(read.text).not.toContain("_type");

    stub.seed("/api-key", [{ name: "K", apiKey: "44444444-4444-4444-8444-444444444444" }]);
    stub.seed("/user", [{ name: "U", password: "hunter2" }]);
    const texts = [await caller.call("list_api_keys"), await caller.call("list_users")].map(({ text }) => text);
    expect(texts.join()).toContain("U");
    expect(texts.join()).not.toMatch(/44444444|hunter2/);
    expect(JSON.stringify(stub.requests.map(({ body }) => body))).not.toMatch(/"(apiKey|password)":true/);
  });

  it("regression 19: heavy columns come on request only", async () => {
    stub.seed("/label", [{ name: "Heavy", color: "#112233" }]);
    stub.forget();
    await caller.call("list_incidents");
    expect(stub.requests[0]?.text).toContain('"title":true');
    expect(stub.requests[0]?.text).not.toContain("customFields");
    await caller.call("list_incidents", { fields: ["customFields"] });
    expect(stub.requests[1]?.body).toMatchObject({ select: { customFields: true } });
  });

  it("regression 20: every tool has an outputSchema, and a drifted answer is valid against it", async () => {
    const ajv = new Ajv2020({ strict: false });
    expect([...tools.values()].filter(({ outputSchema }) => outputSchema === undefined)).toEqual([]);
    const drifted = { _id: absent, title: 7, labels: "none", brandNew: { a: [1] }, createdAt: null };
    const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, unknown])[] = [
      ["get_incident", { id: absent }, drifted],
      ["list_incidents", {}, { data: [drifted, {}], count: 2, skip: 0, limit: 10 }],
      ["count_incidents", {}, { count: 3 }],
      ["create_incident", { title: "T", incidentSeverityId: severity }, drifted],
      ["delete_incident", { id: absent }, {}],
    ];
    for (const [name, given, body] of cases) {
      stub.answerNext({ status: 200, body });
      const answer = await caller.call(name, given);
      expect({ name, ...answer }).toMatchObject({ isError: false });
      expect([name, ajv.validate(tool(name).outputSchema ?? {}, answer.structured), ajv.errorsText()]).toEqual([
        name,
        true,
        "No errors",
      ]);
    }
  });

  for (const { status, message, code } of [
    { status: 400, message: "Invalid API Key", code: "upstream_unauthorized" },
    { status: 401, message: "A user should be logged in to perform this operation.", code: "upstream_unauthorized" },
    { status: 400, message: "Title is required", code: "upstream_rejected" },
    { status: 422, message: "You are not authorized", code: "not_permitted" },
    { status: 500, message: "Server Error", code: "upstream_failed" },
    { status: 503, message: "Down", code: "upstream_unavailable" },
  ])
    it(`regression 21: ${status} "${message}" is ${code}`, async () => {
      stub.answerNext({ status, body: { message } });
      expect((await caller.call("delete_incident", { id: absent })).error).toMatchObject({
        code,
        next: expect.any(String),
      });
    });

  it("regression 21: a missing key is said to be missing, and nothing is sent", async () => {
    const response = await fetch(gateway.url, { headers: { accept: "*/*" } });
    expect(response.status).toBe(401);
    expect(await response.text()).toMatch(/no key was sent.*x-api-key/);
    expect(stub.requests).toEqual([]);
  });

  it("regression 22: columns the server does not know or not permit are dropped, and the result says so", async () => {
    const older = await startOneUptime({
      keys: { [writer]: "write" },
      tables: [
        { path: "/incident", name: "Incident", columns: ["_id", "title", "createdAt", "slug"], denied: ["slug"] },
      ],
    });
    older.seed("/incident", [{ title: "Old" }]);
    const served = await startGateway(generated.api, older.url, config);
    const asked = ["title", "slug", "isVisibleOnStatusPage"];
    const answer = await callerOf(served.url, writer).call("list_incidents", { fields: asked });
    expect(answer.structured).toMatchObject({ items: [{ title: "Old" }] });
    expect(JSON.stringify(answer.structured.notes)).toMatch(/slug.*isVisibleOnStatusPage|isVisibleOnStatusPage.*slug/);
    expect(older.requests).toHaveLength(3);
    await served.close();
    await older.close();
  });
});

describe("surface and sessions", () => {
  it("regression 23: lists are paged, no tool is a burden, and the version is the API's", async () => {
    const lists = [...tools.values()].filter(({ name }) => name.startsWith("list_"));
    expect(lists.length).toBe(12);
    expect(lists.filter(({ inputSchema }) => !inputSchema.properties?.limit || !inputSchema.properties.cursor)).toEqual(
      [],
    );
    expect([...tools.values()].filter((one) => JSON.stringify(one).length > 30_000).map(({ name }) => name)).toEqual(
      [],
    );
    const { result } = await plainCaller.request("server/discover");
    expect(result?._meta).toMatchObject({ "io.modelcontextprotocol/serverInfo": { version: "2.0.0" } });
  });

  it("regression 23: a narrower surface is narrower everywhere", async () => {
    const narrow = await startGateway(plain.api, wire.url, "api: test", { SPECGATE_READ_ONLY: "1" });
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
    const { id } = await openSession(plain.url, "key-a");
    expect(await ping(plain.url, id, "key-b")).toBe(404);
    expect(await ping(plain.url, id, "")).toBe(401);
    expect(await ping(plain.url, id, "key-a")).toBe(200);
    const before = wire.exchanges.length;
    await post(
      plain.url,
      { "mcp-session-id": id, "x-api-key": "key-a" },
      { method: "tools/call", params: { name: "list_widgets" } },
    );
    expect(wire.exchanges.slice(before).map(({ headers }) => headers["x-api-key"])).toEqual(["key-a"]);
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
    const response = await post(plain.url, headers, { id: undefined, method: "notifications/cancelled", params });
    expect(response.status).toBe(202);
  });

  it("regression 26: a session id that is missing is 400 and one that is unknown is 404", async () => {
    const ping = { method: "ping" };
    expect((await post(plain.url, { "x-api-key": "key-a" }, ping)).status).toBe(400);
    expect((await post(plain.url, { "x-api-key": "key-a", "mcp-session-id": "unknown" }, ping)).status).toBe(404);
  });

  it("regression 27: every tool has all five annotations, and they follow from its effect", () => {
    const effects = new Map(madeOf(generated).map(({ tool: name, effect }) => [name, effect]));
    const readers = generated.api.resources.length;
    expect(readers).toBe(12);
    for (const { name, annotations } of tools.values()) {
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
    const made = madeOf(generated).map(({ tool: name }) => name);
    expect([...tools.keys()].sort()).toEqual([...made].sort());
    const counted = (await (await fetch(`${gateway.url}/tools`)).json()) as { count: number };
    expect(counted.count).toBe(made.length);
  });
});

function jsonBody(schema: unknown): object {
  return { required: true, content: { "application/json": { schema } } };
}

function snake(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toLowerCase();
}

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

/** Every keyword a generator likes to lose, in one body. */
const thingSpec = {
  ...widgetSpec,
  paths: {
    "/things": {
      post: {
        operationId: "createThing",
        requestBody: jsonBody({ $ref: "#/components/schemas/Thing" }),
        responses: { 201: { description: "made" } },
      },
    },
  },
  components: {
    securitySchemes: (widgetSpec.components as { securitySchemes: unknown }).securitySchemes,
    schemas: {
      Thing: {
        type: "object",
        required: ["mode"],
        properties: {
          mode: { type: "string", enum: ["a", "b"] },
          level: { type: "integer", minimum: 1, maximum: 5, default: 3 },
          note: { type: ["string", "null"] },
          choice: { oneOf: [{ type: "string" }, { type: "integer" }] },
          labels: { type: "object", additionalProperties: { type: "string" } },
          anything: {},
          child: { $ref: "#/components/schemas/Thing" },
        },
      },
    },
  },
};
