import { describe, expect, it } from "vitest";
import type { Tool } from "../../src/catalog/tool.ts";
import type { Effect } from "../../src/descriptor.ts";
import type { Principal, Surface } from "../../src/surfaces/surface.ts";
import { createTypedSurface, type TypedSurfaceOptions } from "../../src/surfaces/typed.ts";

function tool(name: string, effect: Effect = "read", aliases: string[] = []): Tool {
  return {
    name,
    aliases,
    resource: "Thing",
    kind: "action",
    effect,
    definition: {
      name,
      title: name,
      description: name,
      inputSchema: { type: "object" },
      annotations: {
        title: name,
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
    },
  };
}

const caller = (scopes: string[] | null): Principal => ({
  kind: "passthrough",
  id: "p",
  user: null,
  organisation: null,
  scopes,
});
const tools = ["delta", "alpha", "echo", "bravo", "charlie"].map((name) => tool(name));

function surfaceOf(options: Partial<TypedSurfaceOptions> = {}): Surface {
  return createTypedSurface({
    name: "default",
    path: "/mcp",
    serverInfo: { name: "s", version: "1" },
    tools,
    permits: () => true,
    run: async () => ({}),
    ...options,
  });
}

interface Page {
  tools: { name: string }[];
  nextCursor?: string;
}
const pageOf = (surface: Surface, cursor?: string, principal = caller(null)): Page =>
  JSON.parse(surface.listTools(principal, cursor, "session").toString()) as Page;
const namesOf = ({ tools: listed }: Page): string[] => listed.map(({ name }) => name);

describe("a typed surface", () => {
  it("lists by name, whatever the order of the catalog, and only as much as fits a page", () => {
    const surface = surfaceOf({ pageSize: 2 });
    const names: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = pageOf(surface, cursor);
      names.push(namesOf(page));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(names).toEqual([["alpha", "bravo"], ["charlie", "delta"], ["echo"]]);
    expect(surfaceOf({ tools: [...tools].reverse() }).listTools(caller(null), undefined, "session")).toEqual(
      surfaceOf().listTools(caller(null), undefined, "session"),
    );
  });

  it("has a default page of 1,000", () => {
    const many = Array.from({ length: 1_001 }, (_, i) => tool(`t${String(i).padStart(4, "0")}`));
    expect(pageOf(surfaceOf({ tools: many })).tools).toHaveLength(1_000);
    expect(pageOf(surfaceOf({ tools: many.slice(1) }))).not.toHaveProperty("nextCursor");
  });

  it("goes on in the right place when the tools changed between two pages", () => {
    const cursor = pageOf(surfaceOf({ pageSize: 2 })).nextCursor;
    const without = surfaceOf({ pageSize: 2, tools: tools.filter(({ name }) => name !== "bravo") });
    expect(namesOf(pageOf(without, cursor))).toEqual(["charlie", "delta"]);
    const more = surfaceOf({ pageSize: 2, tools: [...tools, tool("able"), tool("bravo2")] });
    expect(namesOf(pageOf(more, cursor))).toEqual(["bravo2", "charlie"]);
  });

  it("prepares a page once per era, and each class of principals sees its own", () => {
    let decided = 0;
    const permits = ({ scopes }: Principal, one: Tool): boolean => {
      decided += 1;
      return scopes === null || scopes.includes(one.name);
    };
    const surface = surfaceOf({ permits });
    const list = (scopes: string[] | null): Buffer => surface.listTools(caller(scopes), undefined, "session");
    expect(list(["alpha"])).toBe(list(["alpha"]));
    expect(decided).toBe(5);
    expect(list(["alpha", "x"])).toBe(list(["alpha"]));
    expect(list(["x", "alpha"])).toBe(list(["alpha"]));
    expect(list(null)).not.toBe(list(["alpha"]));
    expect(decided).toBe(15);
    expect(surface.listTools(caller(null), undefined, "stateless")).not.toBe(list(null));
    expect(namesOf(JSON.parse(list(["alpha"]).toString()) as Page)).toEqual(["alpha"]);
  });

  it("finds what it lists, by name and alias, and nothing that it hides", () => {
    const surface = surfaceOf({
      tools: [tool("get"), tool("make", "write", ["build"]), tool("drop", "destroy")],
      permits: ({ scopes }, one) => scopes === null || one.effect !== "destroy",
    });
    const find = (name: string, scopes: string[] | null = ["x"]): string | undefined =>
      surface.findTool(caller(scopes), name)?.name;
    expect([find("get"), find("make"), find("build"), find("drop"), find("nope"), find("drop", null)]).toEqual([
      "get",
      "make",
      "make",
      undefined,
      undefined,
      "drop",
    ]);
    expect(surface.visibleTools(caller(["x"])).map(({ name }) => name)).toEqual(["get", "make"]);
    for (const name of ["__proto__", "constructor", "toString", ""]) expect(find(name)).toBeUndefined();
  });

  it("offers reads alone when it is read-only, to everyone", () => {
    const surface = surfaceOf({ tools: [tool("get"), tool("make", "write"), tool("drop", "destroy")], readOnly: true });
    expect(surface.tools.map(({ name }) => name)).toEqual(["get"]);
    expect(surface.findTool(caller(null), "make")).toBeUndefined();
  });

  it("marks the pages of the stateless era as private", () => {
    const page = JSON.parse(surfaceOf().listTools(caller(null), undefined, "stateless").toString()) as object;
    expect(page).toMatchObject({ ttlMs: 0, cacheScope: "private", resultType: "complete" });
  });

  it("forgets classes beyond a thousand rather than growing", () => {
    const surface = surfaceOf({ permits: ({ scopes }, one) => scopes?.includes(one.name) === true });
    for (let i = 0; i < 2_500; i++) surface.listTools(caller([`scope${i}`, "alpha"]), undefined, "session");
    expect(namesOf(pageOf(surface, undefined, caller(["bravo"])))).toEqual(["bravo"]);
  });

  it("keeps lists of keys with bound arguments apart, and forgets the oldest of a flood of them", () => {
    const schema = { type: "object" as const, properties: { page: { type: "string" as const } } };
    const paged = { ...tool("paged"), definition: { ...tool("paged").definition, inputSchema: schema } };
    const kept = { bytes: 0 };
    const surface = surfaceOf({ tools: [paged], pagesBytes: 10_000 });
    const bound = (page: string): Principal => ({ ...caller(null), boundArguments: { page: { within: [page] } } });
    const list = (principal: Principal): Buffer => surface.listTools(principal, undefined, "session");
    const first = bound("1");
    const page = list(first);
    expect(list(bound("1"))).toBe(page);
    expect(list(bound("2")).toString()).toContain('"enum":["2"]');
    expect(list(first).toString()).toContain('"enum":["1"]');
    expect(list(caller(null)).toString()).not.toContain("enum");
    for (let i = 3; i < 500; i++) kept.bytes += list(bound(String(i))).length;
    expect(kept.bytes).toBeGreaterThan(20_000);
    expect(list(first)).not.toBe(page);
    expect(list(first)).toEqual(page);
    expect(surface.findTool(first, "paged")?.definition.inputSchema.required).toEqual(["page"]);
  });
});
