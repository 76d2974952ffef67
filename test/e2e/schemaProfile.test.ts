import { describe, expect, it } from "vitest";
import { createCatalog } from "../../src/catalog/catalog.ts";
import {
  beaconCorpus,
  type Corpus,
  exampleCorpus,
  exampleNames,
  oneuptimeCorpus,
  oneuptimeMissing,
} from "../roundtrip/corpora.ts";
import type { ServedSchema } from "../roundtrip/points.ts";
import { isPlainRoot, profileRules } from "../roundtrip/profile.ts";

// What the strictest clients refuse does not occur in any served schema: one rule each, over every tool of every corpus.

/** Every rule that a schema of the corpus breaks: `tool: rule (places)`. */
function brokenIn({ described }: Corpus): readonly string[] {
  return createCatalog(described.api).tools.flatMap(({ name, definition }) => [
    ...profileRules.flatMap(({ rule, broken }) => {
      const places = broken(definition.inputSchema as ServedSchema);
      return places.length === 0 ? [] : [`${name}: ${rule} (${places.slice(0, 3).join(", ")})`];
    }),
    ...(definition.outputSchema === undefined || isPlainRoot(definition.outputSchema) ? [] : [`${name}: output`]),
  ]);
}

const closed = { type: "object", additionalProperties: false } as const;
const deep = (levels: number): object =>
  levels === 0 ? { type: "string" } : { type: "array", items: deep(levels - 1) };
const violations: Readonly<Record<string, object>> = {
  "the root is an object without combinators, and closed": { ...closed, anyOf: [{ required: ["a"] }] },
  "alternatives are anyOf": { ...closed, properties: { a: { oneOf: [{ type: "string" }, { type: "null" }] } } },
  "a schema has one type": { ...closed, properties: { a: { type: ["string", "null"] } } },
  "formats are those of JSON Schema and OpenAPI": { ...closed, properties: { a: { type: "string", format: "cuid" } } },
  "$ref leads to $defs of the same schema": { ...closed, properties: { a: { $ref: "#/components/schemas/A" } } },
  "keywords are those of the profile": { ...closed, properties: { a: { type: "string", "x-mcp-header": "A" } } },
  "patterns mean the same to JavaScript and to RE2": {
    ...closed,
    properties: { a: { type: "string", pattern: "(?<=a)b" } },
  },
  "arguments are named in plain characters, 64 at most": { ...closed, properties: { "a b": {} } },
  "enums are not empty and do not repeat themselves": { ...closed, properties: { a: { enum: [] } } },
  "depth and size are bounded": { ...closed, properties: { a: deep(50) } },
};

describe("the profile", () => {
  for (const { rule, broken } of profileRules) {
    it(`sees a schema in which not: ${rule}`, () => {
      expect(broken(closed as ServedSchema)).toEqual([]);
      expect(broken(violations[rule] as ServedSchema)).not.toEqual([]);
    });
  }

  it("is kept by every tool of every example", async () => {
    for (const name of exampleNames()) expect([name, brokenIn(await exampleCorpus(name))]).toEqual([name, []]);
  });

  it("is kept by every tool of Beacon", async () => {
    expect(brokenIn(await beaconCorpus())).toEqual([]);
  });

  it.skipIf(oneuptimeMissing !== false)(`is kept by every tool of OneUptime ${oneuptimeMissing || ""}`, async () => {
    expect(brokenIn(await oneuptimeCorpus())).toEqual([]);
  });
});
