import { describe, expect, it } from "vitest";
import { directCall, type Shot, sessionDialect, statelessDialect, toolCall, toolList } from "../../bench/lanes.ts";
import { recordOf } from "../../bench/spec.ts";

/** A bench that takes a wrong answer for a right one measures nothing, so what its checks refuse is proved here. */
const record = recordOf("edge-beacons", "r0");
const call = toolCall(statelessDialect("/mcp"), () => "get_edge_beacon");

function result(output: unknown, id: unknown = 0, text: string = JSON.stringify(output)): string {
  return JSON.stringify({
    jsonrpc: "2.0",
    id,
    result: { content: [{ type: "text", text }], structuredContent: output },
  });
}

const cases: readonly { name: string; given: [shot: Shot, status: number, text: string]; want: string | undefined }[] =
  [
    { name: "takes the record", given: [directCall(0), 200, JSON.stringify(record)], want: undefined },
    {
      name: "refuses another record",
      given: [directCall(0), 200, JSON.stringify(recordOf("edge-beacons", "r1"))],
      want: "differs from the record",
    },
    { name: "refuses another status", given: [directCall(0), 401, JSON.stringify(record)], want: "HTTP 401" },
    { name: "takes the record as item, twice", given: [call(0), 200, result({ item: record })], want: undefined },
    {
      name: "takes keys in another order",
      given: [call(0), 200, result({ item: Object.fromEntries(Object.entries(record).reverse()) })],
      want: undefined,
    },
    {
      name: "takes the answer as the event of a stream",
      given: [call(0), 200, `event: message\ndata: ${result({ item: record })}\n\n`],
      want: undefined,
    },
    {
      name: "refuses the answer to another call",
      given: [call(0), 200, result({ item: record }, 1)],
      want: "is not the",
    },
    {
      name: "refuses a record without one field",
      given: [call(0), 200, result({ item: { ...record, note: undefined } })],
      want: "differs from the record",
    },
    {
      name: "refuses a text that is not the value",
      given: [call(0), 200, result({ item: record }, 0, "{}")],
      want: "differs from the record",
    },
    {
      name: "refuses an error of the tool",
      given: [call(0), 200, '{"jsonrpc":"2.0","id":0,"result":{"isError":true,"content":[]}}'],
      want: "is an error",
    },
    {
      name: "refuses an error of the protocol",
      given: [call(0), 200, '{"jsonrpc":"2.0","id":0,"error":{"code":-32602,"message":"no"}}'],
      want: "no result",
    },
    { name: "refuses what is no JSON", given: [call(0), 200, "<html>"], want: "is not the answer" },
  ];

describe("the checks of the bench", () => {
  for (const { name, given, want } of cases)
    it(name, () => {
      const [shot, status, text] = given;
      const fault = shot.check(status, text);
      if (want === undefined) expect(fault).toBeUndefined();
      else expect(fault).toContain(want);
    });

  it("refuse a list that lacks a tool, and a later one of another size", () => {
    const list = toolList(statelessDialect("/mcp"), ["a", "b"]);
    const answer = (id: number, ...names: string[]): string =>
      JSON.stringify({ jsonrpc: "2.0", id, result: { tools: names.map((name) => ({ name })) } });
    expect(list(1).check(200, answer(1, "a"))).toBe("lists 1 tools");
    expect(list(2).check(200, answer(2, "b", "a"))).toBeUndefined();
    expect(list(3).check(200, answer(3, "a", "b", "b"))).toContain("lists 3 tools");
    expect(list(4).check(200, answer(4, "a", "b"))).toBeUndefined();
    expect(list(5).check(200, answer(6, "a", "b"))).toContain("is not the answer to 5");
  });
});

describe("the requests of the bench", () => {
  it("say in headers what the stateless body says", () => {
    const { headers, body = "" } = call(127);
    expect(headers).toMatchObject({ "mcp-method": "tools/call", "mcp-name": "get_edge_beacon" });
    expect(JSON.parse(body)).toMatchObject({ id: 127, params: { name: "get_edge_beacon", arguments: { id: "r1" } } });
  });

  it("take turns on the sessions", () => {
    const inSessions = toolCall(sessionDialect("/mcp", ["s1", "s2"]), () => "get_edge_beacon");
    expect([0, 1, 2].map((n) => inSessions(n).headers["mcp-session-id"])).toEqual(["s1", "s2", "s1"]);
  });

  it("ask for records of 1 KB", () => {
    expect(Buffer.byteLength(JSON.stringify(recordOf("warm-lanterns", "r39")))).toBe(1024);
  });
});
