import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callerOf } from "../../fakes/caller.ts";
import { startGateway } from "../../fakes/gateway.ts";
import { startOneUptime } from "../../fakes/oneuptime.ts";
import { absent, config, itemOf, openWorld, severity, toolNamed, type World, writer } from "./world.ts";

// What others shipped broken (upstream-apis.md §5); the numbers are those of the list.

const project = "33333333-3333-4333-8333-333333333333";
let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterEach(() => world.stub.forget());

afterAll(() => world.close());

describe("results", () => {
  it("regression 17: every item is reached, the total is the total, and the page's length is its own", async () => {
    const many = "/onCallDutyPolicy-owner-user";
    world.stub.seed(
      many,
      Array.from({ length: 25 }, () => ({ userId: severity })),
    );
    const name = "list_on_call_duty_policy_owner_users";
    const seen: unknown[] = [];
    let cursor: unknown;
    do {
      const { structured } = await world.caller.call(name, { limit: 10, ...(cursor !== undefined && { cursor }) });
      const items = structured.items as readonly { readonly _id: string }[]; // the envelope of list
      expect(structured).toMatchObject({
        totalCount: 25,
        returnedCount: items.length,
        hasMore: seen.length + items.length < 25,
      });
      seen.push(...items.map(({ _id }) => _id));
      cursor = structured.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(world.stub.rows(many).map(({ _id }) => _id));
  });

  for (const { called, given } of [
    { called: "get_incident", given: { id: absent } },
    { called: "update_incident", given: { id: absent, title: "T" } },
  ])
    it(`regression 18: ${called} of a record that does not exist is an error result`, async () => {
      const answer = await world.caller.call(called, given);
      expect(answer.isError).toBe(true);
      expect(answer.error.code).toMatch(/^(upstream_not_found|not_permitted)$/);
      expect(answer.error.next).toEqual(expect.any(String));
    });

  it("regression 19: values are plain, text is compact, secrets stay where they are", async () => {
    const at = "2026-01-02T03:04:05.000Z";
    const [row] = world.stub.seed("/incident", [
      { title: "W", incidentSeverityId: severity, projectId: project, createdAt: at },
    ]);
    const read = await world.caller.call("get_incident", { id: row?._id });
    expect(itemOf(read)).toMatchObject({ _id: row?._id, incidentSeverityId: severity, createdAt: at });
    expect(read.text).toBe(JSON.stringify(read.structured));
    expect(read.text).not.toContain("_type");

    world.stub.seed("/api-key", [{ name: "K", apiKey: "44444444-4444-4444-8444-444444444444" }]);
    world.stub.seed("/user", [{ name: "U", password: "hunter2" }]);
    const texts = [await world.caller.call("list_api_keys"), await world.caller.call("list_users")].map(
      ({ text }) => text,
    );
    expect(texts.join()).toContain("U");
    expect(texts.join()).not.toMatch(/44444444|hunter2/);
    expect(JSON.stringify(world.stub.requests.map(({ body }) => body))).not.toMatch(/"(apiKey|password)":true/);
  });

  it("regression 19: heavy columns come on request only", async () => {
    world.stub.seed("/label", [{ name: "Heavy", color: "#112233" }]);
    world.stub.forget();
    await world.caller.call("list_incidents");
    expect(world.stub.requests[0]?.text).toContain('"title":true');
    expect(world.stub.requests[0]?.text).not.toContain("customFields");
    await world.caller.call("list_incidents", { fields: ["customFields"] });
    expect(world.stub.requests[1]?.body).toMatchObject({ select: { customFields: true } });
  });

  it("regression 20: every tool has an outputSchema, and a drifted answer is valid against it", async () => {
    const ajv = new Ajv2020({ strict: false });
    expect([...world.tools.values()].filter(({ outputSchema }) => outputSchema === undefined)).toEqual([]);
    const drifted = { _id: absent, title: 7, labels: "none", brandNew: { a: [1] }, createdAt: null };
    const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, unknown])[] = [
      ["get_incident", { id: absent }, drifted],
      ["list_incidents", {}, { data: [drifted, {}], count: 2, skip: 0, limit: 10 }],
      ["count_incidents", {}, { count: 3 }],
      ["create_incident", { title: "T", incidentSeverityId: severity }, drifted],
      ["delete_incident", { id: absent }, {}],
    ];
    for (const [name, given, body] of cases) {
      world.stub.answerNext({ status: 200, body });
      const answer = await world.caller.call(name, given);
      expect({ name, ...answer }).toMatchObject({ isError: false });
      expect([
        name,
        ajv.validate(toolNamed(world, name).outputSchema ?? {}, answer.structured),
        ajv.errorsText(),
      ]).toEqual([name, true, "No errors"]);
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
      world.stub.answerNext({ status, body: { message } });
      expect((await world.caller.call("delete_incident", { id: absent })).error).toMatchObject({
        code,
        next: expect.any(String),
      });
    });

  it("regression 21: a missing key is said to be missing, and nothing is sent", async () => {
    const response = await fetch(world.gateway.url, { headers: { accept: "*/*" } });
    expect(response.status).toBe(401);
    expect(await response.text()).toMatch(/no key was sent.*x-api-key/);
    expect(world.stub.requests).toEqual([]);
  });

  it("regression 22: columns the server does not know or not permit are dropped, and the result says so", async () => {
    const older = await startOneUptime({
      keys: { [writer]: "write" },
      tables: [
        { path: "/incident", name: "Incident", columns: ["_id", "title", "createdAt", "slug"], denied: ["slug"] },
      ],
    });
    older.seed("/incident", [{ title: "Old" }]);
    const served = await startGateway(world.generated.api, older.url, config);
    const asked = ["title", "slug", "isVisibleOnStatusPage"];
    const answer = await callerOf(served.url, writer).call("list_incidents", { fields: asked });
    expect(answer.structured).toMatchObject({ items: [{ title: "Old" }] });
    expect(JSON.stringify(answer.structured.notes)).toMatch(/slug.*isVisibleOnStatusPage|isVisibleOnStatusPage.*slug/);
    expect(older.requests).toHaveLength(3);
    await served.close();
    await older.close();
  });
});
