import { isLegacyRequest } from "@modelcontextprotocol/server";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../src/errors.ts";
import { eraOf } from "../../src/http/mcp/era.ts";
import { draws } from "../fakes/draws.ts";

const versions = ["2026-07-28", "2025-11-25", "2025-06-18", "2024-11-05", "2027-01-01", "v999", "", "1"];
const version = fc.constantFrom(...versions);
const key = (name: string): string => `io.modelcontextprotocol/${name}`;

/** Values that lawful and unlawful requests have in this place. */
const meta = fc.record(
  {
    [key("protocolVersion")]: fc.oneof(version, fc.constantFrom(1, null, {})),
    [key("clientCapabilities")]: fc.constantFrom({}, { elicitation: {} }, { sampling: 1 }, null, "x"),
    [key("clientInfo")]: fc.constantFrom({ name: "a", version: "1" }, { name: "a" }, 1),
    [key("logLevel")]: fc.constantFrom("info", "loud"),
    progressToken: fc.constantFrom("t", 1, 1.5, {}),
    other: fc.constant(1),
  },
  { requiredKeys: [] },
);
const params = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ _meta: meta, protocolVersion: version, name: fc.constant("x") }, { requiredKeys: [] }),
  },
  fc.constantFrom(null, [], 1, { _meta: 1 }, { _meta: [] }, { _meta: null }),
);
const id = fc.constantFrom(1, "a", 0, -1, null, 1.5, {}, 2 ** 53);
const method = fc.constantFrom("initialize", "tools/list", "server/discover", "notifications/initialized", 7);
const message = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record(
      { jsonrpc: fc.constantFrom("2.0", "2.0", "2.0", "1.0"), id, method, params },
      { requiredKeys: ["jsonrpc", "method"] },
    ),
  },
  fc.record(
    { jsonrpc: fc.constant("2.0"), id, result: fc.constantFrom({}, { _meta: {} }, { _meta: 1 }, 1) },
    { requiredKeys: ["jsonrpc"] },
  ),
  fc.record(
    {
      jsonrpc: fc.constant("2.0"),
      id,
      error: fc.constantFrom({ code: 1, message: "x" }, { code: "1", message: "x" }, {}),
      extra: fc.constant(1),
    },
    { requiredKeys: ["jsonrpc"] },
  ),
  fc.constantFrom({ jsonrpc: "2.0", id: 1, method: "ping", extra: 1 }, {}, "x", 1, true),
);
const body = fc.oneof({ weight: 5, arbitrary: message }, fc.array(message, { maxLength: 4 }));

describe("the era of a request", () => {
  it("is the one that the SDK's isLegacyRequest decides", async () => {
    await fc.assert(
      fc.asyncProperty(body, fc.option(version, { nil: undefined }), async (value, header) => {
        const request = new Request("http://localhost/mcp", {
          method: "POST",
          headers: {
            "content-type": "application/json",
            ...(header === undefined ? {} : { "mcp-protocol-version": header }),
          },
          body: JSON.stringify(value),
        });
        expect(decision(value, header)).toBe((await isLegacyRequest(request)) ? "session" : "stateless or refused");
      }),
      draws(3_000),
    );
  });

  const cases = [
    { name: "an initialize is of the session era", body: { id: 1, method: "initialize", params: {} }, want: "session" },
    {
      name: "a request without envelope is of the session era",
      body: { id: 1, method: "tools/list" },
      want: "session",
    },
    {
      name: "a request that names a version is of the stateless era",
      body: { id: 1, method: "x", params: { _meta: { [key("protocolVersion")]: 1 } } },
      want: "stateless",
    },
    {
      name: "a header of the stateless era decides for a request without envelope",
      body: { id: 1, method: "x" },
      header: "2026-07-28",
      want: "stateless",
    },
    {
      name: "an answer is of the session era, whatever the header",
      body: { id: 1, result: {} },
      header: "2026-07-28",
      want: "session",
    },
  ];
  for (const { name, body: value, header, want } of cases) {
    it(name, () => expect(eraOf({ jsonrpc: "2.0", ...value }, header).era).toBe(want));
  }
});

function decision(value: unknown, header: string | undefined): string {
  try {
    return eraOf(value, header?.trim()).era === "session" ? "session" : "stateless or refused";
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(GatewayError);
    return "stateless or refused";
  }
}
