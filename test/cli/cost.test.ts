import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { beforeAll, describe, expect, it } from "vitest";
import { createCatalog } from "../../src/catalog/catalog.ts";
import { loadGenerated } from "../../src/cli/api.ts";
import { checkBudgets, type SurfaceCost, surfaceCosts } from "../../src/cli/cost.ts";
import { estimatedTokens } from "../../src/cli/tokens.ts";
import { parseGatewayFile } from "../../src/config/load.ts";
import type { Api } from "../../src/descriptor.ts";
import { projectRoot } from "../e2e/process.ts";

let api: Api;
beforeAll(async () => {
  api = await loadGenerated({ root: projectRoot, name: "beacon" });
});
const costs = (yaml: string): readonly SurfaceCost[] =>
  surfaceCosts(api, parseGatewayFile("gateway.yaml", `api: beacon\n${yaml}`));

describe("the estimate of tokens", () => {
  it("is within 3 % of o200k_base over a whole list, and within 10 % over nearly every tool", () => {
    const texts = createCatalog(api).tools.map(({ definition }) => JSON.stringify(definition));
    const off = texts.map((text) => estimatedTokens(text) / encode(text).length - 1);
    const all = texts.join("\n");
    expect(Math.abs(estimatedTokens(all) / encode(all).length - 1)).toBeLessThan(0.03);
    expect(off.filter((one) => Math.abs(one) > 0.1).length / off.length).toBeLessThan(0.02);
  });

  it("of nothing is nothing, and of prose near to its words", () => {
    expect(estimatedTokens("")).toBe(0);
    const prose =
      "Each caller sees the tools that its key includes, and nothing tells a hidden one from a missing one.";
    expect(Math.abs(estimatedTokens(prose) - encode(prose).length)).toBeLessThanOrEqual(4);
  });
});

describe("the cost of surfaces", () => {
  it("is told per surface, resource type and tool, and the parts make up the whole", () => {
    const [typed, compact] = costs(
      "surfaces: { default: {}, small: { path: /small, style: compact, pinned: [list_monitors] } }",
    );
    expect(typed).toMatchObject({
      surface: "default",
      path: "/mcp",
      style: "typed",
      listed: createCatalog(api).tools.length,
    });
    const sum = typed?.tools.reduce((total, { tokens }) => total + tokens, 0) ?? 0;
    expect(Math.abs(sum / (typed?.tokens ?? 1) - 1)).toBeLessThan(0.03);
    expect(typed?.resources.reduce((total, { tools }) => total + tools, 0)).toBe(typed?.listed);
    expect(typed?.tools.every(({ tokens }, at) => at === 0 || tokens <= (typed.tools[at - 1]?.tokens ?? 0))).toBe(true);
    expect(compact?.tools.map(({ tool }) => tool).sort()).toEqual([
      "delete",
      "describe",
      "list_monitors",
      "read",
      "search",
      "write",
    ]);
    expect(compact?.tokens).toBeLessThan(2_500);
  });

  it("grows by the output schemas where they are asked for", () => {
    const [lean, whole] = costs("surfaces: { default: {}, whole: { path: /whole, outputSchemas: always } }");
    expect(whole?.tokens).toBeGreaterThan(1.5 * (lean?.tokens ?? 0));
  });
});

describe("a budget of tokens", () => {
  const cases = [
    { budgets: "{}", want: undefined },
    { budgets: "{ tokens: 1000000, toolTokens: 5000 }", want: undefined },
    { budgets: "{ tokens: { other: 1 } }", want: undefined },
    {
      budgets: "{ tokens: 1000 }",
      want: /surface default costs about \d+ tokens, more than codegen.budgets.tokens: 1000. Use style: compact/,
    },
    { budgets: "{ tokens: { default: 1000 } }", want: /codegen.budgets.tokens: 1000/ },
    {
      budgets: "{ toolTokens: 700 }",
      want: /the tool create_monitor of the surface default costs about \d+ tokens, more than codegen.budgets.toolTokens: 700/,
    },
  ];
  for (const { budgets, want } of cases)
    it(`${budgets} ${want === undefined ? "is kept" : "is told with the number and what to do"}`, () => {
      const check = (): void =>
        checkBudgets(api, parseGatewayFile("gateway.yaml", `api: beacon\ncodegen: { budgets: ${budgets} }`));
      if (want === undefined) expect(check).not.toThrow();
      else expect(check).toThrow(want);
    });
});
