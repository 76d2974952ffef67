import { globSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { describe as describeApi } from "../../codegen/describe.ts";
import { emit } from "../../codegen/emit.ts";
import { load } from "../../codegen/load.ts";
import { toolsOf } from "../../codegen/manifest.ts";
import { listOperations } from "../../codegen/operations.ts";
import { createCatalog } from "../../src/catalog/catalog.ts";

const root = dirname(createRequire(import.meta.url).resolve("@readme/oas-examples/package.json"));
const files = globSync(join(root, "{2.0,3.0,3.1}/json/**/*.json")).sort();
const twins = globSync(join(root, "{2.0,3.0,3.1}/yaml/**/*.yaml")).sort();

/** A document without a single response, which no version of OpenAPI allows. */
const invalid = "post";

describe("every example of @readme/oas-examples", () => {
  it("is there", () => expect([files.length, twins.length].map((number) => number > 50)).toEqual([true, true]));

  for (const file of files)
    it(`generates: ${relative(root, file)}`, async () => {
      const validate = !basename(file).startsWith(`${invalid}.`);
      const loaded = await load(file, { validate });
      const described = describeApi(loaded, {}, { allowConflicts: true, name: "example" });
      const { api, manifest } = described;
      expect(emit(described).has("index.ts")).toBe(true);
      // Each operation is exactly one tool, or has a reason; every tool is served; no name is used twice.
      const made = manifest.operations.flatMap((one) => ("tool" in one ? [one.tool] : []));
      const tools = toolsOf(api).map(({ name }) => name);
      expect([...made, ...manifest.derived.map(({ tool }) => tool)].sort()).toEqual(tools);
      expect(new Set(tools).size).toBe(tools.length);
      expect(createCatalog(api).tools).toHaveLength(tools.length);
    });

  for (const file of twins)
    it(`is read in YAML: ${relative(root, file)}`, async () => {
      const loaded = await load(file, { validate: false });
      const { manifest } = describeApi(loaded, {}, { allowConflicts: true, name: "example" });
      expect(manifest.counts.operations).toBe(listOperations(loaded.document).length);
    });

  it("is refused where it is not valid", async () => {
    const file = files.find((name) => basename(name) === `${invalid}.json`) ?? "";
    await expect(load(file)).rejects.toThrow(
      "post.json#/paths/~1hoot/post/responses must NOT have fewer than 1 properties",
    );
  });
});
