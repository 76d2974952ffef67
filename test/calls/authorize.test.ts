import { describe, expect, it } from "vitest";
import type { Principal } from "../../src/auth/principal.ts";
import {
  assertScopeRules,
  createAuthorize,
  knownScopes,
  missingScopes,
  scopeResource,
  unknownTool,
} from "../../src/calls/authorize.ts";
import type { Tool } from "../../src/catalog/tool.ts";
import type { ScopesConfig } from "../../src/config/config.ts";
import type { Effect, SecurityRequirement } from "../../src/descriptor.ts";

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

function specTool(security: readonly SecurityRequirement[]): Tool {
  const spec = { security } as unknown as NonNullable<Tool["origin"]>["spec"]; // all that scopes look at
  return { ...toolOf("write"), origin: { spec } as NonNullable<Tool["origin"]> };
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

  it("reach through the hierarchy to the scopes of single resource types", () => {
    const scopes = {
      ...standard,
      hierarchy: { ...standard.hierarchy, support: ["status_page.write", "monitor.read"] },
    };
    const authorize = createAuthorize(scopes);
    const allowed = (resource: string): string[] =>
      (["read", "write", "destroy"] as const).filter((effect) =>
        authorize(principal(["support"]), toolOf(effect, resource)),
      );
    expect([allowed("StatusPage"), allowed("Monitor"), allowed("Incident")]).toEqual([["read", "write"], ["read"], []]);
  });

  it("of single tools stand in for those of their effects", () => {
    const authorize = createAuthorize({ ...standard, tools: [{ match: ["x", "t*"], scope: "pages.publish" }] });
    const may = (...held: string[]): boolean => authorize(principal(held), toolOf("write"));
    expect([may("pages.publish"), may("mcp.write"), may("mcp.delete"), may("status_page.write")]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    const raised = createAuthorize({ ...standard, tools: [{ match: ["t"], scope: "mcp.delete" }] });
    const held = ["mcp.write", "mcp.delete", "status_page.write", "status_page.delete"];
    expect(held.map((one) => raised(principal([one]), toolOf("write")))).toEqual([false, true, false, true]);
    const first = createAuthorize({ ...standard, tools: ["a", "b"].map((scope) => ({ match: ["t"], scope })) });
    expect([first(principal(["a"]), toolOf("read")), first(principal(["b"]), toolOf("read"))]).toEqual([true, false]);
  });

  it("of tools that are not there refuse to start", () => {
    const rules = [{ match: ["t", "gone_*"], scope: "a" }];
    expect(() => assertScopeRules({ ...standard, tools: rules }, [toolOf("read")])).toThrow(
      'scopes.tools.0.match: "gone_*" matches no tool',
    );
  });

  it("come from the Spec where the configuration says so: alternatives, each of them whole", () => {
    const scopes = { ...standard, fromSpec: true };
    const cases: readonly { security: SecurityRequirement[]; held: string[]; want: boolean }[] = [
      { security: [{ oauth: ["a", "b"] }], held: ["a"], want: false },
      { security: [{ oauth: ["a", "b"] }], held: ["b", "a"], want: true },
      { security: [{ oauth: ["a"], other: ["b"] }], held: ["a"], want: false },
      { security: [{ oauth: ["a"] }, { oauth: ["b"] }], held: ["b"], want: true },
      { security: [{ oauth: ["a"] }], held: ["mcp.delete", "status_page.delete"], want: false },
      { security: [{ key: [] }, { oauth: ["a"] }], held: ["mcp.write"], want: true },
      { security: [{ key: [] }], held: ["mcp.read"], want: false },
      { security: [], held: ["mcp.write"], want: true },
    ];
    for (const { security, held, want } of cases)
      expect([held, createAuthorize(scopes)(principal(held), specTool(security))]).toEqual([held, want]);
    expect(createAuthorize(standard)(principal(["a"]), specTool([{ oauth: ["a"] }]))).toBe(false);
    expect(missingScopes(scopes, principal(["a"]), specTool([{ oauth: ["a", "b"] }]))).toEqual(["b"]);
  });

  it("that exist are known, so that a misspelt one can be told", () => {
    const known = knownScopes({ ...standard, fromSpec: true, tools: [{ match: ["t"], scope: "own" }] }, [
      toolOf("read"),
    ]);
    expect([...known]).toEqual([
      "mcp.read",
      "mcp.write",
      "mcp.delete",
      "own",
      "admin.keys",
      "status_page.read",
      "status_page.write",
      "status_page.delete",
    ]);
  });

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
