import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callerOf } from "../../fakes/caller.ts";
import { openWorld, severity, type World } from "./world.ts";

// What others shipped broken (upstream-apis.md §5); the numbers are those of the list.

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterEach(() => world.stub.forget());

afterAll(() => world.close());

describe("requests", () => {
  const hostileIds = ["../admin", "..", ".", "a?b=c", "a#b", "%2e%2e%2f", "a/b", "", " ", "w1/../../x", "w1%00", "é"];

  for (const id of hostileIds)
    it(`regression 10: the id ${JSON.stringify(id)} stays one segment, encoded once`, async () => {
      const before = world.wire.exchanges.length;
      const answer = await world.plainCaller.call("get_widget", { id });
      const sent = world.wire.exchanges.slice(before).map(({ url }) => url);
      expect(answer.isError).toBe(true);
      if (answer.error.code === "invalid_arguments") expect(sent).toEqual([]);
      else expect(sent).toEqual([`/widgets/${encodeURIComponent(id)}`]);
    });

  it("regression 10: an id that is no UUID is refused before anything is sent", async () => {
    const answer = await world.caller.call("delete_incident", { id: "../label" });
    expect(answer.error).toMatchObject({ code: "invalid_arguments" });
    expect(world.stub.requests).toEqual([]);
  });

  it("regression 10: a path argument is not in the body", async () => {
    await world.plainCaller.call("update_widget", { id: "w1", colour: "blue" });
    expect(world.wire.exchanges.at(-1)).toMatchObject({
      method: "PATCH",
      url: "/widgets/w1",
      text: '{"colour":"blue"}',
    });
  });

  it("regression 11: a call without arguments is legal", async () => {
    const answer = await world.plainCaller.call("list_widgets");
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
      expect((await world.caller.call(called, given)).error).toMatchObject({ code: "invalid_arguments" });
      expect(world.stub.requests).toEqual([]);
    });

  it("regression 12: a value outside an enum is refused before anything is sent", async () => {
    const before = world.wire.exchanges.length;
    expect((await world.plainCaller.call("create_widget", { name: "N", colour: "green" })).error.code).toBe(
      "invalid_arguments",
    );
    expect(world.wire.exchanges.length).toBe(before);
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
      expect((await world.caller.call("list_incidents", given)).error).toMatchObject({ code: "invalid_arguments" });
      expect(world.stub.requests).toEqual([]);
    });

  it("regression 13: InBetween with both bounds and a sort by DESC are sent as they are", async () => {
    const query = {
      createdAt: { _type: "InBetween", startValue: "2026-01-01T00:00:00.000Z", endValue: "2026-02-01T00:00:00.000Z" },
    };
    await world.caller.call("list_incidents", { query, sort: { createdAt: "DESC" } });
    expect(world.stub.requests[0]?.body).toMatchObject({ query, sort: { createdAt: "DESC" } });
  });

  it("regression 14: what is not given is not sent, and an update travels in its wrapper", async () => {
    await world.caller.call("create_incident", { title: "Down", incidentSeverityId: severity });
    expect(world.stub.requests[0]?.body).toEqual({ data: { title: "Down", incidentSeverityId: severity } });
    const row = world.stub.rows("/incident").find(({ title }) => title === "Down");
    world.stub.forget();
    await world.caller.call("update_incident", { id: row?._id, title: "Up" });
    expect(world.stub.requests[0]).toMatchObject({
      method: "PUT",
      path: `/api/incident/${row?._id}`,
      body: { data: { title: "Up" } },
    });
  });

  it("regression 16: callers at the same time keep their own keys", async () => {
    const other = callerOf(world.plain.url, "key-b");
    const before = world.wire.exchanges.length;
    await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        n % 2 === 0
          ? world.plainCaller.call("get_widget", { id: `key-a-${n}` })
          : other.call("get_widget", { id: `key-b-${n}` }),
      ),
    );
    const sent = world.wire.exchanges.slice(before);
    expect(sent).toHaveLength(40);
    expect(sent.filter(({ url, headers }) => !url.includes(String(headers["x-api-key"])))).toEqual([]);
  });
});
