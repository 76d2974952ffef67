import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createCatalog } from "../../src/catalog/catalog.ts";
import { createSearch, type Search } from "../../src/catalog/search/search.ts";
import type { Tool } from "../../src/catalog/tool.ts";
import { oneuptimeCorpus, oneuptimeMissing } from "../roundtrip/corpora.ts";
import { projectRoot } from "./process.ts";

// The score of search over a real API of 711 operations. Queries are given for measuring; nothing is derived from them.

const file = join(projectRoot, "../shared/data/search-queries.dev.jsonl");
const missing = existsSync(file) ? oneuptimeMissing : `SKIPPED: ${file} not found (development queries)`;

interface Query {
  readonly type: "question" | "tool-name" | "no-match";
  readonly query: string;
  readonly accept: readonly { readonly resource: string; readonly operationIds: readonly string[] }[];
}

describe.skipIf(missing !== false)(
  `search over the OneUptime document${missing === false ? "" : ` (${missing})`}`,
  () => {
    let tools: readonly Tool[];
    let search: Search;
    let queries: readonly Query[];
    beforeAll(async () => {
      ({ tools } = createCatalog((await oneuptimeCorpus()).described.api));
      search = createSearch(tools);
      const lines = readFileSync(file, "utf8").trim().split("\n");
      queries = lines.map((line) => JSON.parse(line) as Query);
    });
    const rank = ({ query, accept }: Query): number => {
      const at = search(query).hits.findIndex(({ resource }) => accept.some((one) => one.resource === resource));
      return at < 0 ? Number.POSITIVE_INFINITY : at + 1;
    };
    const share = (some: readonly unknown[], all: readonly unknown[]): number => some.length / all.length;

    it("has the right resource type first for 85 % of the queries and among the first five for 97 %", () => {
      const asked = queries.filter(({ type }) => type !== "no-match");
      const missed = asked.filter((one) => rank(one) > 5).map(({ query }) => query);
      expect(
        share(
          asked.filter((one) => rank(one) === 1),
          asked,
        ),
      ).toBeGreaterThanOrEqual(0.85);
      expect([share(missed, asked) <= 0.03, missed]).toEqual([true, missed]);
    });

    it("answers with nothing where the API has nothing, in nine cases of ten", () => {
      const hopeless = queries.filter(({ type }) => type === "no-match");
      const empty = hopeless.filter(({ query }) => {
        const { hits, lowConfidence } = search(query);
        return hits.length === 0 && lowConfidence;
      });
      expect(share(empty, hopeless)).toBeGreaterThanOrEqual(0.9);
    });

    it("pins every exact name first: 711 tools and their operationIds", () => {
      for (const { name, origin } of tools)
        for (const spelling of [name, origin?.spec.operation.id ?? name])
          expect(search(spelling).hits[0]?.tool.name).toBe(name);
      for (const { query, accept, type } of queries.filter((one) => one.type === "tool-name"))
        expect([type, accept[0]?.operationIds]).toEqual([
          type,
          [search(query).hits[0]?.tool.origin?.spec.operation.id],
        ]);
    });

    it("finds every resource type first by its name in words", () => {
      const names = [...new Set(tools.map(({ resource }) => resource))];
      const wrong = names.filter((name) => {
        const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
        return search(words).hits[0]?.resource !== name;
      });
      expect(wrong).toEqual([]);
    });

    it("answers 95 % of the queries over 10,000 tools within 5 ms (bound: 50 ms)", () => {
      const copies = Math.ceil(10_000 / tools.length);
      const many = Array.from({ length: copies }, (_one, copy) => tools.map((tool) => copied(tool, copy))).flat();
      expect(many.length).toBeGreaterThanOrEqual(10_000);
      const large = createSearch(many);
      const timed = (query: string): number => {
        const start = performance.now();
        large(query, { limit: 5 });
        return performance.now() - start;
      };
      // The best of five: what else the machine does is not search.
      const times = queries.map(({ query }) => Math.min(...Array.from({ length: 5 }, () => timed(query))));
      times.sort((a, b) => a - b);
      expect(times[Math.floor(times.length * 0.95)]).toBeLessThan(50);
    });
  },
);

const letters = "Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda My Ny Xi Omikron Pi".split(" ");

/** The same Tool in another corner of a larger API. */
function copied(tool: Tool, copy: number): Tool {
  const { origin, resource, name } = tool;
  const corner = letters[copy] ?? "";
  if (copy === 0 || origin === undefined) return tool;
  return {
    ...tool,
    name: `${name}_${corner.toLowerCase()}`,
    resource: `${corner}${resource}`,
    origin: {
      ...origin,
      resource: { ...origin.resource, name: `${corner}${resource}`, title: `${corner} ${origin.resource.title}` },
    },
    definition: tool.definition,
  };
}
