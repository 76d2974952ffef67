import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Caller, callerOf } from "../../fakes/caller.ts";
import { generateFrom, madeOf, startGateway, type TestGateway } from "../../fakes/gateway.ts";
import { oneUptimeStyleSpec } from "../../fakes/oneuptimeSpec.ts";
import { widgetSpec } from "../../fakes/widgets.ts";
import { startWire, type Wire } from "../../fakes/wire.ts";
import { argumentsOf, config, itemOf, itemsOf, openWorld, type World } from "./world.ts";

// What others shipped broken (upstream-apis.md §5); the numbers are those of the list.

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterEach(() => world.stub.forget());

afterAll(() => world.close());

describe("classification and generation", () => {
  it("regression 1: a POST that reads or updates is never a create", () => {
    const made = madeOf(world.generated);
    expect(world.generated.manifest.operations).toHaveLength(12 * 6 - 4);
    expect(made.filter(({ operationId, kind }) => !operationId?.startsWith(String(kind)))).toEqual([]);
    expect(made.filter(({ kind, effect }) => /^(list|count|get)$/.test(String(kind)) && effect !== "read")).toEqual([]);
  });

  it("regression 2: tools show their arguments, and what is given arrives", async () => {
    expect(
      [...world.tools.values()].filter(({ inputSchema }) => Object.keys(inputSchema.properties ?? {}).length === 0),
    ).toEqual([]);
    const { _id: id } = world.stub.seed("/incident", [{ title: "Seen" }])[0] as { _id: string };
    expect(itemOf(await world.caller.call("get_incident", { id }))).toMatchObject({ title: "Seen" });
    expect(world.stub.requests[0]?.path).toBe(`/api/incident/${id}/get-item`);
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
      const bodies = await startWire(world.widgets.url);
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
    world.stub.seed("/label", [{ name: "api prod" }, { name: "web" }]);
    const query = { name: { _type: "Search", value: "api" } };
    const listed = await world.caller.call("list_labels", { query });
    const counted = await world.caller.call("count_labels", { query });
    expect(itemsOf(listed).map(({ name }) => name)).toEqual(["api prod"]);
    expect(counted.structured).toMatchObject({ count: 1, exact: true });
    expect(world.stub.requests.map(({ body }) => (body as { query: unknown }).query)).toEqual([query, query]);
  });

  it("regression 5: names are unique, short, and the same whatever the order of the document", async () => {
    const names = [...world.tools.keys()];
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.length > 56)).toEqual([]);
    const document = oneUptimeStyleSpec();
    const paths = Object.entries(document.paths as object).reverse();
    const shuffled = await generateFrom({ ...document, paths: Object.fromEntries(paths) }, config);
    expect(shuffled.api).toEqual(world.generated.api);
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
    const served = await startGateway(api, world.wire.url);
    const shown = (await callerOf(served.url, "key-a").listTools()).find(({ name }) => name === "list_widgets");
    await served.close();
    expect(shown?.description).toContain(code);
    expect(globalThis).not.toHaveProperty("pwned");
  });

  it("regression 7: one inflection for all tools of a noun, and texts name only tools that exist", () => {
    for (const { name, plural, tools: kinds } of world.generated.api.resources) {
      const [one, many] = [snake(name), snake(plural)];
      for (const [kind, spec] of Object.entries(kinds))
        expect(spec.name).toBe(`${kind}_${kind === "list" || kind === "count" ? many : one}`);
    }
    const named = [...world.tools.values()].flatMap(({ description, inputSchema }) =>
      [
        ...JSON.stringify([description, inputSchema]).matchAll(/\b(?:list|count|get|create|update|delete)_[a-z0-9_]+/g),
      ].map(String),
    );
    expect(named.filter((name) => !world.tools.has(name))).toEqual([]);
  });

  it("regression 8: a column named like an argument of ours can be set", async () => {
    const view = { name: "Mine", query: { state: "open" }, sort: { name: "ASC" } };
    await world.caller.call("create_table_view", view);
    expect(world.stub.requests[0]?.body).toEqual({ data: view });

    const own = { dry_run: "own", limit: 3 };
    const schema = { type: "object", properties: { dry_run: { type: "string" }, limit: { type: "integer" } } };
    const post = {
      operationId: "createClash",
      requestBody: jsonBody(schema),
      responses: { 201: { description: "made" } },
    };
    const { api } = await generateFrom({ ...widgetSpec, paths: { "/clashes": { post } } });
    const served = await startGateway(api, world.wire.url);
    const given = Object.fromEntries(Object.entries(own).map(([name, value]) => [`${name}_value`, value]));
    await callerOf(served.url, "key-a").call("create_clash", given);
    await served.close();
    expect(JSON.parse(world.wire.exchanges.at(-1)?.text ?? "")).toEqual(own);
  });

  it("regression 9: read-only fields are offered to no write, and are in the answer", async () => {
    const readOnly = ["_id", "slug", "incidentNumber", "createdAt", "updatedAt", "resolvedAt"];
    for (const name of ["create_incident", "update_incident"])
      expect(argumentsOf(world, name).filter((property) => readOnly.includes(property))).toEqual([]);
    const [row] = world.stub.seed("/incident", [{ title: "T", slug: "t-1" }]);
    expect(itemOf(await world.caller.call("get_incident", { id: row?._id }))).toMatchObject({ slug: "t-1" });
  });
});

function jsonBody(schema: unknown): object {
  return { required: true, content: { "application/json": { schema } } };
}

function snake(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toLowerCase();
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
