import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCatalog } from "../../src/catalog/catalog.ts";
import { createValidator } from "../../src/catalog/validator.ts";
import type { Api } from "../../src/descriptor.ts";
import { leanDefinition } from "../../src/surfaces/lean.ts";
import { createStyledSurface } from "../../src/surfaces/styled.ts";
import { generateFrom } from "../fakes/gateway.ts";
import { oneuptimeCorpus, oneuptimeMissing } from "../roundtrip/corpora.ts";
import { validationOf } from "../surfaces/validation.ts";
import { files, readSpec } from "./oneuptime/document.ts";
import { projectRoot, specgate } from "./process.ts";

// What lists cost a model, counted with o200k_base, and that their schemas validate what the tools themselves do.

function tokensOf(api: Api, style: "typed" | "compact"): number {
  const { tools } = createCatalog(api);
  const surface = createStyledSurface({
    name: "default",
    path: "/mcp",
    serverInfo: { name: "s", version: "1" },
    style,
    pinned: [],
    tools,
    all: tools,
    aliases: {},
    validator: createValidator(),
    permits: () => true,
    run: async () => ({}),
  });
  const nobody = { kind: "passthrough", id: "p", user: null, organisation: null, scopes: null } as const;
  return encode(surface.listTools(nobody, undefined, "session").toString()).length;
}

const missing = oneuptimeMissing === false ? "" : ` (${oneuptimeMissing})`;
describe.skipIf(oneuptimeMissing !== false)(`the lists of the OneUptime document${missing}`, () => {
  let plain: Api;
  let decided: Api;
  beforeAll(async () => {
    decided = (await oneuptimeCorpus()).described.api;
    plain = (await generateFrom(readSpec(files.first), "api: test", true)).api;
  });

  it("cost 120,000 tokens at most in style typed, as the document stands", () =>
    expect(tokensOf(plain, "typed")).toBeLessThanOrEqual(120_000));

  it("cost 1,000 tokens at most in style compact, whatever is decided", () => {
    for (const api of [plain, decided]) expect(tokensOf(api, "compact")).toBeLessThanOrEqual(1_000);
  });

  it("validate what the tools do, so that the round trip of these is theirs", () => {
    for (const { name, definition } of [plain, decided].flatMap((api) => createCatalog(api).tools))
      expect([name, validationOf(leanDefinition(definition).inputSchema)]).toEqual([
        name,
        validationOf(definition.inputSchema),
      ]);
  });
});

describe("on the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "specgate-cost-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const spec = join(projectRoot, "test/specs/generate-shop.yaml");

  it("cost tells surfaces, resource types and tools, and fails over a budget", async () => {
    const { stdout, code } = await specgate(["cost", "--spec", spec, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      tokens: "estimate",
      surfaces: [{ surface: "default", tokens: expect.any(Number), bytes: expect.any(Number) }],
      overBudget: [],
    });
    const config = file("gateway.yaml", "api: shop\ncodegen: { budgets: { tokens: 10 } }\n");
    const over = await specgate(["cost", "--spec", spec, "--config", config]);
    expect([over.code, over.stderr]).toEqual([1, expect.stringContaining("more than codegen.budgets.tokens: 10")]);
    const out = join(folder, "out");
    const generated = await specgate(["generate", "--spec", spec, "--config", config, "--out", out]);
    expect([generated.code, generated.stderr]).toEqual([
      1,
      expect.stringContaining("more than codegen.budgets.tokens: 10"),
    ]);
  });

  it("tools search answers a batch in one line for each query, and says where one is none", async () => {
    const queries = file(
      "queries.jsonl",
      '{"query":"list the products"}\n\n{"id":"x","query":"order a pizza oven repair"}\n',
    );
    const { stdout, code } = await specgate(["tools", "search", "--spec", spec, "--queries", queries, "--json"]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(code).toBe(0);
    expect(lines.map(({ query }) => query)).toEqual(["list the products", "order a pizza oven repair"]);
    for (const line of lines) expect(Object.keys(line)).toEqual(["query", "results", "unmatched", "lowConfidence"]);
    const broken = await specgate([
      "tools",
      "search",
      "--spec",
      spec,
      "--queries",
      file("bad.jsonl", '{"query":"a"}\n{}\n'),
    ]);
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringContaining("bad.jsonl:2: not a JSON object")]);
    expect((await specgate(["tools", "search", "--spec", spec, "--queries", join(folder, "none")])).stderr).toContain(
      "ENOENT",
    );
  });

  it("tools search answers people, with exit code 1 for nothing and 2 for wrong usage", async () => {
    expect((await specgate(["tools", "search", "--spec", spec, "zeppelin"])).code).toBe(1);
    expect((await specgate(["tools", "search", "--spec", spec])).code).toBe(2);
  });
});
