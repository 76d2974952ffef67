import { describe, expect, it } from "vitest";
import type { Principal } from "../../src/auth/principal.ts";
import { createAuthorize, missingScopes, scopeResource, unknownTool } from "../../src/calls/authorize.ts";
import type { Tool } from "../../src/catalog/tool.ts";
import type { ScopesConfig } from "../../src/config/config.ts";
import type { Effect } from "../../src/descriptor.ts";

const standard: ScopesConfig = {
  effects: { read: "mcp.read", write: "mcp.write", destroy: "mcp.delete" },
  hierarchy: { "mcp.delete": ["mcp.write"], "mcp.write": ["mcp.read"] },
};

function toolOf(effect: Effect, resource = "StatusPage"): Tool {
  const annotations = {
    title: "",
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: false,
  };
  const definition = { name: "t", title: "", description: "", inputSchema: { type: "object" as const }, annotations };
  return { name: "t", aliases: [], resource, kind: "action", effect, definition };
}

function principal(scopes: readonly string[] | null): Principal {
  return { kind: "key", id: "p", user: null, organisation: null, scopes };
}

describe("scopes", () => {
  const cases: readonly { held: readonly string[] | null; want: readonly Effect[]; scopes?: ScopesConfig }[] = [
    { held: null, want: ["read", "write", "destroy"] },
    { held: [], want: [] },
    { held: ["mcp.read"], want: ["read"] },
    { held: ["mcp.write"], want: ["read", "write"] },
    { held: ["mcp.delete"], want: ["read", "write", "destroy"] },
    { held: ["status_page.read"], want: ["read"] },
    { held: ["status_page.write"], want: ["read", "write"] },
    { held: ["status_page.delete"], want: ["read", "write", "destroy"] },
    { held: ["monitor.delete"], want: [] },
    {
      held: [
        "page.read",
        "status_page",
        "status_page.",
        "status_page.read.x",
        "mcp.readx",
        "*",
        "",
        "constructor",
        "__proto__",
      ],
      want: [],
    },
    {
      held: ["*"],
      want: ["read", "write", "destroy"],
      scopes: {
        effects: { read: "read", write: "write", destroy: "write" },
        hierarchy: { "*": ["write"], write: ["read"] },
      },
    },
    {
      held: ["read"],
      want: ["read"],
      scopes: { effects: { read: "read", write: "write", destroy: "write" }, hierarchy: {} },
    },
    {
      held: ["write"],
      want: ["write", "destroy"],
      scopes: { effects: { read: "read", write: "write", destroy: "write" }, hierarchy: {} },
    },
    {
      held: ["a"],
      want: ["read"],
      scopes: { effects: { read: "b", write: "c", destroy: "d" }, hierarchy: { a: ["b"], b: ["a"] } },
    },
  ];
  for (const { held, want, scopes = standard } of cases) {
    it(`${JSON.stringify(held)} allow ${want.join(", ") || "nothing"}${scopes === standard ? "" : " in a hierarchy of one's own"}`, () => {
      const authorize = createAuthorize(scopes);
      const allowed = (["read", "write", "destroy"] as const).filter((effect) =>
        authorize(principal(held), toolOf(effect)),
      );
      expect(allowed).toEqual(want);
    });
  }

  it("that are missing are named for an OAuth client to ask for", () => {
    expect(missingScopes(standard, principal(["mcp.read"]), toolOf("destroy"))).toEqual(["mcp.delete"]);
    expect(missingScopes(standard, principal(["mcp.read"]), toolOf("read"))).toEqual([]);
  });

  it("spell a resource in snake case", () => {
    expect(["StatusPage", "OnCallDutyPolicy", "SMTPServer", "Page2"].map(scopeResource)).toEqual([
      "status_page",
      "on_call_duty_policy",
      "smtp_server",
      "page2",
    ]);
  });
});

describe("the answer for an unknown tool", () => {
  it("covers both cases, and says what the key holds", () => {
    expect(unknownTool("x", ["mcp.read"]).message).toBe(
      "Tool not available: x. There is no such tool, or your key (scopes: mcp.read) does not include it. Call tools/list for the tools you can use.",
    );
    expect(unknownTool("x", null).message).toContain("or your key does not include it");
    expect(unknownTool("x".repeat(10_000), []).message.length).toBeLessThan(400);
  });
});
