import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type GenerateOptions, type GenerateReport, generate } from "../../codegen/main.ts";
import { renderReport } from "../../codegen/report.ts";
import { specFile } from "./described.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "specgate-generate-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Document = Record<string, unknown> & {
  paths: Record<string, unknown>;
  components: { schemas: Record<string, { properties?: Record<string, unknown> }> };
};

function shop(): Document {
  return parse(readFileSync(specFile("generate-shop.yaml"), "utf8")) as Document; // the document beside this test
}

async function run(document: unknown, more: Partial<GenerateOptions> = {}): Promise<GenerateReport> {
  const spec = join(folder, "openapi.json");
  writeFileSync(spec, JSON.stringify(document));
  return generate({ spec, name: "shop", out: join(folder, "out/shop"), config: {}, ...more });
}

function filesIn(out: string): Record<string, string> {
  const paths = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    paths.map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), "utf8")]),
  );
}

describe("generating", () => {
  it("writes one file per resource type and shared schema, an index and a manifest", async () => {
    const { changes, manifest } = await run(shop());
    expect(changes).toEqual({
      added: ["index.ts", "manifest.json", "resources/customer.ts", "resources/order.ts", "schemas/address.ts"],
      changed: [],
      removed: [],
      unchanged: 0,
    });
    expect(manifest.counts).toMatchObject({ operations: 5, resources: 2, tools: 6, derived: 1, skipped: 0 });
  });

  it("gives the same bytes for the same Spec, and touches nothing then", async () => {
    await run(shop());
    const first = filesIn(join(folder, "out/shop"));
    const { changes } = await run(shop());
    expect(changes).toEqual({ added: [], changed: [], removed: [], unchanged: 5 });
    expect(filesIn(join(folder, "out/shop"))).toEqual(first);
  });

  it("gives the same bytes whatever the order of paths, methods and schemas", async () => {
    const reverse = (value: object) => Object.fromEntries(Object.entries(value).reverse());
    const document = shop();
    await run(document);
    const paths = reverse(
      Object.fromEntries(Object.entries(document.paths).map(([path, item]) => [path, reverse(item as object)])),
    );
    const reordered = { ...document, paths, components: { schemas: reverse(document.components.schemas) } };
    const { changes } = await run(reordered);
    expect(changes).toMatchObject({ added: [], changed: ["manifest.json"], removed: [] }); // which holds the document's hash
  });

  it("changes one file, besides the manifest, for a field that changes", async () => {
    const document = shop();
    await run(document);
    const order = document.components.schemas.Order;
    if (order !== undefined) order.properties = { ...order.properties, colour: { type: "string" } };
    expect((await run(document)).changes).toMatchObject({
      added: [],
      changed: ["manifest.json", "resources/order.ts"],
      removed: [],
    });
  });

  it("removes what is no longer made", async () => {
    const document = shop();
    await run(document);
    const { "/customers": _, ...paths } = document.paths;
    const { changes } = await run({ ...document, paths });
    expect(changes.removed).toEqual(["resources/customer.ts", "schemas/address.ts"]);
    expect(existsSync(join(folder, "out/shop/resources/customer.ts"))).toBe(false);
  });

  it("only compares with check and dry-run", async () => {
    await run(shop());
    writeFileSync(join(folder, "out/shop/resources/order.ts"), "edited");
    writeFileSync(join(folder, "out/shop/extra.ts"), "left over");
    for (const mode of ["check", "dry-run"] as const) {
      const report = await run(shop(), { mode });
      expect(report.changes).toEqual({
        added: [],
        changed: ["resources/order.ts"],
        removed: ["extra.ts"],
        unchanged: 4,
      });
    }
    expect(readFileSync(join(folder, "out/shop/resources/order.ts"), "utf8")).toBe("edited");
  });

  it("writes nothing when the Spec has a fault, and leaves no temporary folder", async () => {
    await run(shop());
    const before = filesIn(join(folder, "out/shop"));
    const broken = { ...shop(), paths: { "/x/{id}": { get: { responses: { "200": { description: "ok" } } } } } };
    await expect(run(broken)).rejects.toThrow(/path parameter "id"/);
    expect(filesIn(join(folder, "out/shop"))).toEqual(before);
    expect(readdirSync(join(folder, "out"))).toEqual(["shop"]);
  });

  it("does not replace a folder that codegen did not write", async () => {
    const out = join(folder, "mine");
    await generate({ spec: specFile("schema-cycle.yaml"), name: "x", out, config: {} });
    rmSync(join(out, "manifest.json"));
    writeFileSync(join(out, "thesis.md"), "years of work");
    await expect(run(shop(), { out })).rejects.toThrow(/holds files that codegen did not write/);
    expect(readFileSync(join(out, "thesis.md"), "utf8")).toBe("years of work");
  });

  it("tells its steps", async () => {
    const steps: string[] = [];
    await run(shop(), { onProgress: (step) => steps.push(step) });
    expect(steps).toEqual(["load", "describe", "emit", "write"]);
  });

  it("keeps headers out of everything it writes", async () => {
    const bytes = Buffer.from(JSON.stringify(shop()));
    const fetch = async () => bytes;
    const report = await run(shop(), {
      spec: "https://u:pw@x.example.com/a.json?key=k3y",
      fetch,
      headers: { authorization: "s3cret" },
    });
    const everything = JSON.stringify([report, filesIn(join(folder, "out/shop")), renderReport(report)]);
    expect(everything).not.toMatch(/s3cret|u:pw|k3y/);
  });
});

describe("decisions of gateway.yaml", () => {
  const why = "a test";
  const cases = [
    { name: "a field", given: { fields: { "Order.nothing": { heavy: true, why } } }, want: 'fields "Order.nothing"' },
    { name: "a hidden argument", given: { hidden: { "*.nothing": { why } } }, want: 'hidden "*.nothing"' },
    { name: "a secret", given: { secret: { "*.nothing": { why } } }, want: 'secret "*.nothing"' },
    { name: "an enum", given: { enums: { "Nothing.state": { values: ["a"], why } } }, want: 'enums "Nothing.state"' },
    { name: "a rule on operations", given: { bodies: [{ match: "nothing*", wrap: [], why }] }, want: "bodies[0]" },
  ];
  for (const { name, given, want } of cases)
    it(`that match nothing are an error: ${name}`, async () => {
      await expect(run(shop(), { config: given })).rejects.toThrow(`codegen: nothing in the document matches ${want}`);
    });

  it("hide, fix, replace and mark what they name", async () => {
    const { manifest } = await run(shop(), {
      config: {
        hidden: { "Order.state": { value: "open", kinds: ["create"], why } },
        enums: { "Order.note": { values: ["a", "b"], why } },
        secret: { "Order.note": { why } },
        fields: { "*.name": { description: "How it is called.", heavy: true, why } },
        paging: [
          {
            kind: "list",
            paging: { style: "offset", offset: { name: "skip", in: "query" }, total: { path: ["n"] } },
            why,
          },
        ],
        results: [{ match: "createOrder", empty: true, why }],
      },
    });
    expect(manifest.counts.tools).toBe(6);
    const order = readFileSync(join(folder, "out/shop/resources/order.ts"), "utf8");
    expect(order).toContain('fixed: { state: "open" }');
    expect(order).toContain('note: { type: "string", enum: ["a", "b"], secret: true }');
    expect(order).toContain('offset: { name: "skip", in: "query" }');
    expect(readFileSync(join(folder, "out/shop/resources/customer.ts"), "utf8")).toContain(
      'description: "How it is called."',
    );
  });

  it("that hide what the Spec requires need a value to send", async () => {
    const spec = specFile("body-clash.yaml");
    const hide = (value?: number) => ({ hidden: { "View.limit": { why, ...(value !== undefined && { value }) } } });
    await expect(run({}, { spec, config: hide() })).rejects.toThrow(
      'updateView requires "limit", so hiding it needs a value',
    );
    await expect(run({}, { spec, config: hide(3) })).resolves.toBeDefined();
  });

  it("that are incomplete are an error", async () => {
    const config = { paging: [{ paging: { style: "cursor" } as never, why }] };
    await expect(run(shop(), { config })).rejects.toThrow('codegen.paging for "*": style cursor needs cursor and next');
  });
});

describe("the report", () => {
  it("says what was made, what to look at, and what changed", async () => {
    const report = await run(parse(readFileSync(specFile("body-kinds.yaml"), "utf8")), { mode: "dry-run" });
    expect(
      renderReport(report).replaceAll(folder, "DIR"),
    ).toBe(`shop: Every kind of body 1 (OpenAPI 3.0.3, DIR/openapi.json)
  10 operations → 9 tools in 9 resource types
  list 0 · count 0 · get 0 · create 7 · update 1 · delete 0 · action 1
  Skipped (1):
    POST /empties: its request body declares no properties and allows no others, so there is nothing to send
  Loosened: the tools allow more than the document (1):
    #/paths/~1unions/post/requestBody: oneOf served as anyOf: a value may fit several of its alternatives
  DIR/out/shop would change: 11 new, 0 changed, 0 removed, 0 unchanged`);
  });

  it("names stale files and the command that fixes them", async () => {
    await run(shop());
    rmSync(join(folder, "out/shop/index.ts"));
    const text = renderReport(await run(shop(), { mode: "check" }));
    expect(text).toContain("missing index.ts");
    expect(text).toContain("Run `npm run generate` (or `specgate generate`) and commit the result.");
  });

  it("moves no cursor, whatever the Spec holds", async () => {
    const document = {
      openapi: "3.1.0",
      info: { title: "T", version: "1" },
      paths: { "/a\u001B[2J\u202E": { head: { responses: { "200": { description: "ok" } } } } },
    };
    expect(renderReport(await run(document))).not.toMatch(/[\p{Cf}[\p{Cc}--\n]]/v);
  });
});
