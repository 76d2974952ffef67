import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateFrom, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { startWidgets, type Widgets, widgetSpec } from "../fakes/widgets.ts";
import { get, key, openSession, postSession, postStateless, type Wired } from "./wire.ts";

const all = ["count_widgets", "create_widget", "delete_widget", "get_widget", "list_widgets", "update_widget"];
const reads = ["count_widgets", "get_widget", "list_widgets"];

type Headers = Readonly<Record<string, string>>;

let upstream: Widgets;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startWidgets([key["x-api-key"]]);
  gateway = await startGateway((await generateFrom(widgetSpec)).api, upstream.url);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const names = (answer: Wired): string[] =>
  ((answer.body as { result: { tools: { name: string }[] } }).result.tools ?? []).map(({ name }) => name);

describe("a request that asks for less", () => {
  const cases: { name: string; headers?: Headers; query?: string; want: string[] }[] = [
    { name: "gets everything where it asks for nothing", want: all },
    { name: "gets what reads alone", headers: { "x-mcp-readonly": "true" }, want: reads },
    { name: "gets what reads alone by its query", query: "?readonly", want: reads },
    { name: "gets everything where it says that it does not", headers: { "x-mcp-readonly": "false" }, want: all },
    {
      name: "gets named tools",
      headers: { "x-mcp-tools": "get_widget, create_widget" },
      want: ["create_widget", "get_widget"],
    },
    { name: "gets tools by a glob", query: "?tools=*_widget", want: all.filter((one) => one.endsWith("_widget")) },
    { name: "gets a toolset by the name of the resource type", headers: { "x-mcp-toolsets": "Widget" }, want: all },
    { name: "gets a toolset by its tag in another spelling", query: "?toolsets=widgets", want: all },
    { name: "gets a toolset by a glob", query: "?toolsets=list_*", want: ["list_widgets"] },
    { name: "gets nothing where it names what is not there", headers: { "x-mcp-toolsets": "monitors" }, want: [] },
    {
      name: "gets what there is of what it names",
      headers: { "x-mcp-tools": "get_widget,get_monitor" },
      want: ["get_widget"],
    },
    {
      name: "gets toolsets and tools together",
      headers: { "x-mcp-toolsets": "monitors", "x-mcp-tools": "get_widget" },
      want: ["get_widget"],
    },
    {
      name: "gets what header and query both take in",
      headers: { "x-mcp-tools": "get_widget,list_widgets" },
      query: "?tools=list_widgets,create_widget",
      want: ["list_widgets"],
    },
    {
      name: "is not given what it excludes",
      headers: { "x-mcp-exclude-tools": "delete_*" },
      want: all.filter((one) => one !== "delete_widget"),
    },
    {
      name: "is not given what it excludes and includes",
      headers: { "x-mcp-tools": "get_widget,list_widgets" },
      query: "?exclude=get_widget",
      want: ["list_widgets"],
    },
    {
      name: "is not given a change that it names and does not want",
      headers: { "x-mcp-tools": "create_widget,get_widget", "x-mcp-readonly": "1" },
      want: ["get_widget"],
    },
    {
      name: "gets everything where its variables are not set",
      headers: { "x-mcp-tools": "", "x-mcp-readonly": "" },
      want: all,
    },
  ];
  for (const { name, headers = {}, query = "", want } of cases)
    it(`${name}, in both eras and in /mcp/tools, and can call that and no more`, async () => {
      const url = gateway.url + query;
      expect(names(await postStateless(url, "tools/list", {}, { headers }))).toEqual(want);
      const session = await openSession(gateway.url);
      const own = { headers: { ...session.headers, ...headers } };
      expect(names(await postSession(url, "tools/list", {}, own))).toEqual(want);
      for (const caller of [key, {}]) {
        const { tools, count } = (await get(`${gateway.url}/tools${query}`, { ...caller, ...headers })).body as {
          tools: { name: string }[];
          count: number;
        };
        expect([tools.map((one) => one.name), count]).toEqual([want, want.length]);
      }
      for (const tool of all) {
        const params = { name: tool, arguments: { unknown: 1 } };
        const stateless = (await postStateless(url, "tools/call", params, { headers })).body;
        const inSession = (await postSession(url, "tools/call", params, own)).body;
        for (const body of [stateless, inSession] as { error?: { code: number } }[])
          expect([tool, body.error?.code]).toEqual([tool, want.includes(tool) ? undefined : -32602]);
        expect((await get(`${gateway.url}/tools/${tool}${query}`, { ...key, ...headers })).status).toBe(
          want.includes(tool) ? 200 : 404,
        );
      }
    });

  it("is told what a tool that is left out is told: that it is not there", async () => {
    const hidden = await postStateless(
      gateway.url,
      "tools/call",
      { name: "get_widget" },
      { headers: { "x-mcp-tools": "list_widgets" } },
    );
    const missing = await postStateless(gateway.url, "tools/call", { name: "xet_widget" });
    expect(hidden.text.replaceAll("get_widget", "X")).toBe(missing.text.replaceAll("xet_widget", "X"));
  });

  it("changes nothing for the next request of the same session", async () => {
    const session = await openSession(gateway.url);
    const narrow = { headers: { ...session.headers, "x-mcp-readonly": "yes" } };
    expect(names(await postSession(gateway.url, "tools/list", {}, narrow))).toEqual(reads);
    expect(names(await postSession(gateway.url, "tools/list", {}, { headers: session.headers }))).toEqual(all);
  });

  const refused: { name: string; headers?: Headers; query?: string }[] = [
    { name: "a word that is neither yes nor no", headers: { "x-mcp-readonly": "maybe" } },
    { name: "the same in the query", query: "?readonly=2" },
    { name: "a name that is longer than any", query: `?tools=${"a".repeat(129)}` },
    {
      name: "more globs than anybody writes",
      headers: { "x-mcp-tools": Array.from({ length: 21 }, (_, i) => `${i}*`).join(",") },
    },
    {
      name: "more names than anybody writes",
      headers: { "x-mcp-exclude-tools": Array.from({ length: 501 }, (_, i) => `t${i}`).join(",") },
    },
  ];
  for (const { name, headers = {}, query = "" } of refused)
    it(`is refused with ${name}, rather than given everything`, async () => {
      const answer = await postStateless(gateway.url + query, "tools/list", {}, { headers });
      expect([answer.status, (answer.body as { error: { code: number } }).error.code]).toEqual([400, -32600]);
      expect((await get(`${gateway.url}/tools${query}`, { ...key, ...headers })).status).toBe(400);
    });

  it("is asked for its key first", async () => {
    const headers = { "x-api-key": undefined as unknown as string, "x-mcp-readonly": "maybe" };
    expect((await postStateless(gateway.url, "tools/list", {}, { headers })).status).toBe(401);
  });

  it("never costs the lists of the others, however many it makes up", async () => {
    const before = names(await postStateless(gateway.url, "tools/list"));
    await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        postStateless(gateway.url, "tools/list", {}, { headers: { "x-mcp-exclude-tools": `t${i}` } }),
      ),
    );
    expect(names(await postStateless(gateway.url, "tools/list"))).toEqual(before);
  });
});
