import { isDeepStrictEqual } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Described } from "../../../codegen/model.ts";
import { type Caller, callerOf, type ServedTool } from "../../fakes/caller.ts";
import { generateFrom, type MadeOperation, madeOf, startGateway, type TestGateway } from "../../fakes/gateway.ts";
import { type OneUptimeStub, startOneUptime } from "../../fakes/oneuptime.ts";
import {
  configText,
  documented,
  files,
  id,
  key,
  missing,
  note,
  reader,
  readSpec,
  type Spec,
  tablesOf,
} from "./document.ts";
import { argumentsFor, received, wanted } from "./expected.ts";

describe.skipIf(missing.length > 0)(`the OneUptime document of 2025-06-26${note}`, () => {
  let spec: Spec;
  let described: Described;
  let stub: OneUptimeStub;
  let gateway: TestGateway;
  let caller: Caller;
  let tools: ReadonlyMap<string, ServedTool>;
  let made: ReadonlyMap<string, MadeOperation>;

  beforeAll(async () => {
    spec = readSpec(files.first);
    described = await generateFrom(spec, configText);
    made = new Map(madeOf(described).map((one) => [one.operationId ?? "", one]));
    stub = await startOneUptime({ tables: tablesOf(spec), keys: { [key]: "write", [reader]: "read" } });
    gateway = await startGateway(described.api, stub.url, configText);
    caller = callerOf(gateway.url, key);
    tools = new Map((await caller.listTools()).map((tool) => [tool.name, tool]));
  });

  afterEach(() => stub.forget());

  afterAll(async () => {
    await gateway.close();
    await stub.close();
  });

  it("has 711 operations, and each is exactly one tool or has a reason", () => {
    const given = documented(spec).map(({ method, path, operationId }) => `${method} ${path} ${operationId}`);
    const told = described.manifest.operations.map(
      ({ method, path, operationId }) => `${method} ${path} ${operationId}`,
    );
    expect(given).toHaveLength(711);
    expect([...told].sort()).toEqual([...given].sort());
    const unclear = described.manifest.operations.filter((one) =>
      "skipped" in one ? one.skipped === "" : one.tool === "",
    );
    expect(unclear).toEqual([]);
    expect(new Set(madeOf(described).map(({ tool }) => tool)).size).toBe(made.size);
  });

  it("has 126 resource types, named by the table and not by the tag", () => {
    expect(described.api.resources).toHaveLength(126);
    const tables = new Set(documented(spec).map(({ table }) => table));
    const resources = new Map(
      madeOf(described).map(({ operationId = "", resource }) => [operationId.replace(/^[a-z]+/, ""), resource]),
    );
    expect(tables.size).toBe(126);
    expect([...resources].filter(([table, resource]) => table.toLowerCase() !== resource.toLowerCase())).toEqual([]);
  });

  it("takes every operation for what it is", () => {
    const kinds = { list: 126, count: 126, get: 122, create: 117, update: 110, delete: 110 };
    const wrong = documented(spec).filter(
      ({ operationId, kind }) => made.has(operationId) && made.get(operationId)?.kind !== kind,
    );
    expect(wrong).toEqual([]);
    for (const [kind, number] of Object.entries(kinds)) {
      const skipped = documented(spec).filter((one) => one.kind === kind && !made.has(one.operationId));
      const told = madeOf(described).filter((one) => one.kind === kind);
      expect([kind, told.length + skipped.length]).toEqual([kind, number]);
    }
    const empty = documented(spec)
      .filter(({ kind, table }) => isEmptyBody(spec, kind, table))
      .map((one) => one.operationId);
    const left = documented(spec).flatMap((one) => (made.has(one.operationId) ? [] : [one.operationId]));
    expect(left.filter((operationId) => !empty.includes(operationId))).toEqual([]);
    expect(left).toEqual(
      expect.arrayContaining(["createLogItem", "updateLogItem", "createMonitorLog", "updateSpanItem"]),
    );
  });

  it("serves all its tools, none of them a burden", async () => {
    expect([...tools.keys()].sort()).toEqual([...made.values()].map(({ tool }) => tool).sort());
    expect([...tools.values()].filter((tool) => JSON.stringify(tool).length > 30_000).map(({ name }) => name)).toEqual(
      [],
    );
  });

  it("sends every call to the path, with the method, query and body that the server reads", async () => {
    const faults: unknown[] = [];
    for (const operation of documented(spec).filter(({ operationId }) => made.has(operationId))) {
      const tool = tools.get(made.get(operation.operationId)?.tool ?? "");
      if (!tool) throw new Error(`no tool for ${operation.operationId}`);
      const args = argumentsFor(operation.kind, tool);
      stub.forget();
      const answer = await caller.call(tool.name, args);
      const [sent] = stub.requests;
      const got = sent && received(sent, operation.kind);
      const want = wanted(operation, args, spec);
      if (!isDeepStrictEqual(got, want)) faults.push({ operation, got, want, answer: answer.text.slice(0, 300) });
    }
    expect(faults.slice(0, 5)).toEqual([]);
    expect(faults).toHaveLength(0);
  });

  it("sends the key as APIKey and in no other header", async () => {
    await caller.call("list_incidents");
    const { headers } = stub.requests[0] ?? { headers: {} };
    const carriers = Object.entries(headers).filter(([, value]) => String(value).includes(key));
    expect(carriers).toEqual([["apikey", key]]);
  });

  it("gives wrapped values plain, takes plain values wrapped, and leaves operators alone", async () => {
    const at = "2026-01-02T03:04:05.000Z";
    const row = { title: "DB down", createdAt: at, incidentSeverityId: id, labels: [{ _id: id, name: "prod" }] };
    const [stored] = stub.seed("/incident", [row]);
    const read = await caller.call("get_incident", { id: stored?._id });
    expect(read.structured.item).toMatchObject({
      _id: stored?._id,
      title: "DB down",
      createdAt: at,
      incidentSeverityId: id,
    });

    const labelled = await caller.call("create_label", { name: "prod", color: "#112233" });
    expect(stub.requests.at(-1)?.body).toEqual({ data: { name: "prod", color: { _type: "Color", value: "#112233" } } });
    expect(labelled.isError).toBe(false);

    const query = {
      createdAt: { _type: "GreaterThan", value: "2026-01-01T00:00:00.000Z" },
      title: { _type: "Search", value: "db" },
    };
    const found = await caller.call("list_incidents", { query });
    expect(stub.requests.at(-1)?.body).toMatchObject({ query });
    expect(found.structured).toMatchObject({ totalCount: 1, returnedCount: 1, hasMore: false });
  });

  it("writes relations by _id, as the server reads them, and says so", async () => {
    const labels = [{ _id: id }];
    await caller.call("create_incident", { title: "Labelled", incidentSeverityId: id, labels });
    expect(stub.requests[0]?.body).toEqual({ data: { title: "Labelled", incidentSeverityId: id, labels } });
    const writers = [...tools.values()].filter(({ name }) => /^(create|update)_/.test(name));
    const shown = writers.flatMap(({ inputSchema }) =>
      Object.values(inputSchema.properties ?? {}).filter(({ type }) => type === "array"),
    );
    expect(shown.length).toBeGreaterThan(50);
    expect(shown.filter(({ items }) => items?.properties?._id === undefined)).toEqual([]);
  });

  it("reads the row again after an update that answers {}", async () => {
    const [stored] = stub.seed("/incident", [{ title: "Before" }]);
    const { structured } = await caller.call("update_incident", { id: stored?._id, title: "After" });
    expect(structured.item).toMatchObject({ _id: stored?._id, title: "After" });
    expect(stub.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `PUT /api/incident/${stored?._id}`,
      `POST /api/incident/${stored?._id}/get-item`,
    ]);
  });

  it("gives an empty list as an empty list, zero as zero, and nothing as not found", async () => {
    const query = { title: "no such title" };
    expect((await caller.call("list_incidents", { query })).structured).toMatchObject({
      items: [],
      totalCount: 0,
      hasMore: false,
    });
    expect((await caller.call("count_incidents", { query })).structured).toMatchObject({ count: 0, exact: true });
    expect((await caller.call("get_incident", { id })).error).toMatchObject({ code: "upstream_not_found" });
    expect((await caller.call("delete_incident", { id })).structured).toMatchObject({ deleted: true, id });
  });

  const statuses = [
    { status: 400, message: "Invalid API Key", code: "upstream_unauthorized" },
    { status: 400, message: "Title is required", code: "upstream_rejected" },
    { status: 401, message: "A user should be logged in", code: "upstream_unauthorized" },
    { status: 402, message: "Please upgrade your plan", code: "not_permitted" },
    { status: 403, message: "Forbidden", code: "not_permitted" },
    { status: 404, message: "Page not found - /api/x", code: "upstream_not_found" },
    { status: 405, message: "Project not found", code: "upstream_not_found" },
    { status: 406, message: "SSO Authorization Required", code: "not_permitted" },
    { status: 408, message: "Timeout", code: "upstream_timeout" },
    { status: 415, message: "Unable to reach server", code: "upstream_unavailable" },
    { status: 422, message: "You are not authorized", code: "not_permitted" },
    { status: 429, message: "Too many", code: "upstream_rate_limited" },
    { status: 500, message: "Server Error", code: "upstream_failed" },
    { status: 503, message: "Service Unavailable", code: "upstream_unavailable" },
  ];
  for (const { status, message, code } of statuses)
    it(`tells ${status} "${message}" as ${code} with the server's words and what to do`, async () => {
      stub.answerNext({ status, body: { message } });
      const { isError, error } = await caller.call("delete_incident", { id });
      expect([isError, error]).toEqual([true, expect.objectContaining({ code, next: expect.any(String) })]);
      expect(error.message).toContain(message);
    });

  it("tells a write with a read key as not permitted, and the row is still there", async () => {
    const [stored] = stub.seed("/incident", [{ title: "Kept" }]);
    const { error } = await callerOf(gateway.url, reader).call("delete_incident", { id: stored?._id });
    expect(error).toMatchObject({ code: "not_permitted" });
    expect(stub.rows("/incident")).toContainEqual(stored);
  });

  it("tells an answer that is no JSON as what it is", async () => {
    stub.answerNext({ status: 200, body: "<html>Sign in</html>" });
    expect((await caller.call("get_incident", { id })).error).toMatchObject({ code: "upstream_invalid_response" });
  });
});

/** Whether the document declares a create or update that can write nothing: the six analytics tables, and two more creates. */
function isEmptyBody(spec: Spec, kind: string, table: string): boolean {
  if (kind !== "create" && kind !== "update") return false;
  const schema = spec.components.schemas[`${table}${kind === "create" ? "Create" : "Update"}Schema`];
  return Object.keys(schema?.properties ?? {}).length === 0;
}
