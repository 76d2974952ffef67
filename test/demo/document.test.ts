import { readFileSync } from "node:fs";
import SwaggerParser from "@apidevtools/swagger-parser";
import { describe, expect, it } from "vitest";
import { nouns } from "../../demo/model/index.ts";
import { allKinds } from "../../demo/model/noun.ts";
import { openApiDocument } from "../../demo/openapi.ts";
import { routes } from "../../demo/routes.ts";
import { specText } from "../../demo/writeSpec.ts";

const file = new URL("../../openapi/beacon/openapi.json", import.meta.url);

describe("the document of Beacon", () => {
  it("is what the model yields; if not, run `node demo/writeSpec.ts`", () => {
    expect(readFileSync(file, "utf8") === specText()).toBe(true);
  });

  it("is the same each time it is made", () => {
    expect(JSON.stringify(openApiDocument())).toBe(JSON.stringify(openApiDocument()));
  });

  it("is valid OpenAPI 3.1", async () => {
    const document = await SwaggerParser.validate(JSON.parse(readFileSync(file, "utf8")));
    expect(document).toMatchObject({ openapi: "3.1.0", info: { title: "Beacon" } });
  });

  it("holds at least 126 resource types and 711 operations, 110 of the types with all six kinds", () => {
    expect(nouns.length).toBeGreaterThanOrEqual(126);
    expect(routes.length).toBeGreaterThanOrEqual(711);
    const withAll = nouns.filter((noun) => allKinds.every((kind) => noun.kinds.includes(kind)));
    expect(withAll.length).toBeGreaterThanOrEqual(110);
  });

  it("fits into one page of a thousand tools", () => {
    const derivedCounts = nouns.filter((noun) => noun.kinds.includes("list") && !noun.kinds.includes("count")).length;
    expect(routes.length + derivedCounts).toBeLessThan(1000);
  });

  it("gives every noun a name, a path and an id prefix of its own", () => {
    for (const key of ["name", "plural", "path", "prefix"] as const) {
      const values = nouns.map((noun) => noun[key]);
      expect(values.filter((value, index) => values.indexOf(value) !== index)).toEqual([]);
    }
  });

  it("names operations once, and leaves a handful without a name", () => {
    const names = routes.flatMap((route) => route.operationId ?? []);
    expect(new Set(names).size).toBe(names.length);
    const unnamed = routes
      .filter((route) => route.operationId === undefined)
      .map((route) => `${route.method} ${route.path}`);
    expect(unnamed).toEqual(["GET /health", "GET /alert-sources/count", "GET /labels", "GET /labels/{id}"]);
  });

  it.each([
    ["paging", ["cursor", "link", "offset", "page"]],
    ["count", ["body", "endpoint", "header", "none"]],
    ["envelope", ["bare", "data", "items"]],
    ["update", ["both", "patch", "put"]],
    ["remove", ["empty", "flag"]],
  ] as const)("is not uniform in %s", (style, want) => {
    expect([...new Set(nouns.map((noun) => noun[style]))].sort()).toEqual(want);
  });
});
