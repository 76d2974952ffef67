import { beforeAll, describe, expect, it } from "vitest";
import { createCatalog } from "../../../src/catalog/catalog.ts";
import { assertAliases, createSearch, type Search } from "../../../src/catalog/search/search.ts";
import { synonyms } from "../../../src/catalog/search/synonyms.ts";
import { stem, wordsOf } from "../../../src/catalog/search/words.ts";
import { signatureOf } from "../../../src/catalog/signature.ts";
import type { Tool } from "../../../src/catalog/tool.ts";
import { loadGenerated } from "../../../src/cli/api.ts";
import type { Api } from "../../../src/descriptor.ts";
import { projectRoot } from "../../e2e/process.ts";

let api: Api;
let tools: readonly Tool[];
let search: Search;
beforeAll(async () => {
  api = await loadGenerated({ root: projectRoot, name: "beacon" });
  ({ tools } = createCatalog(api));
  search = createSearch(tools);
});
const resources = (query: string, limit = 5): readonly string[] =>
  search(query, { limit }).hits.map(({ resource }) => resource);

describe("words", () => {
  const cases = [
    { text: "OnCallPolicies", want: ["oncall", "policy"] },
    { text: "APIKey", want: ["api", "key"] },
    { text: "status_page-subscribers", want: ["status", "page", "subscriber"] },
    {
      text: "Scheduling the user's e-mails on the 14th",
      want: ["schedul", "the", "user", "email", "on", "the"],
    },
  ];
  for (const { text, want } of cases)
    it(`of "${text}" are ${want.join(" ")}`, () => expect(wordsOf(text).map(stem)).toEqual(want));

  it("meet in their stems whatever their ending", () => {
    const pairs = [
      "policy policies",
      "schedule scheduled",
      "schedule scheduling",
      "plan planned",
      "notify notified",
      "check checks",
    ];
    for (const pair of pairs) expect(new Set(pair.split(" ").map(stem)).size, pair).toBe(1);
  });
});

describe("the table of synonyms", () => {
  it("says no thing twice with different sureness in one line, and has no empty text", () => {
    for (const { said, meant } of synonyms) {
      expect(said.every((text) => wordsOf(text).length > 0 || text.includes("~"))).toBe(true);
      expect(meant.every((text) => wordsOf(text).length > 0)).toBe(true);
    }
  });
});

describe("search", () => {
  const cases = [
    { query: "which websites do we watch", want: "Monitor" },
    { query: "open an outage for the checkout", want: "Incident" },
    { query: "who follows our public page", want: "StatusPageSubscriber" },
    { query: "planned works on Sunday", want: "Maintenance" },
    { query: "monitros that are down", want: "Monitor" },
  ];
  for (const { query, want } of cases) it(`finds ${want} by "${query}"`, () => expect(resources(query)[0]).toBe(want));

  it("pins the exact name of a tool first, in every spelling", () => {
    for (const tool of tools) {
      const id = tool.origin?.spec.operation.id ?? tool.name;
      const spellings = [tool.name, tool.name.replaceAll("_", "-"), tool.name.replaceAll("_", " ").toUpperCase()];
      if (tool.origin?.spec.count?.from !== "list" && /^[a-zA-Z]+$/.test(id)) spellings.push(id);
      for (const spelling of spellings) {
        const [first] = search(spelling).hits;
        expect([spelling, first?.tool.name, first?.score]).toEqual([spelling, tool.name, 1]);
      }
    }
  });

  it("finds the name of a tool in a sentence", () => {
    expect(search("please use list_monitors for me").hits[0]?.tool.name).toBe("list_monitors");
  });

  const kinds = [
    { query: "how many monitors are there", want: "count_monitors" },
    { query: "remove a monitor", want: "delete_monitor" },
    { query: "add a monitor", want: "create_monitor" },
    { query: "rename a monitor", want: "update_monitor" },
    { query: "which monitors are there", want: "list_monitors" },
  ];
  for (const { query, want } of kinds)
    it(`takes the verb of "${query}" as a hint at ${want}`, () => expect(search(query).hits[0]?.tool.name).toBe(want));

  for (const query of ["give me a pancake recipe", "", "   ", "?!", "the of and", "order a pizza for tonight"])
    it(`answers "${query}" with nothing, and says that it is not sure`, () => {
      expect(search(query)).toMatchObject({ hits: [], lowConfidence: true });
    });

  it("reports the words that none of its hits answers to", () => {
    expect(search("monitors of the zeppelin").unmatched).toEqual(["zeppelin"]);
  });

  it("leaves out what the caller may not use, also by its exact name", () => {
    const allows = ({ resource }: Tool): boolean => resource !== "Monitor";
    for (const query of ["list_monitors", "listMonitors", "monitors"]) {
      const { hits } = search(query, { allows });
      expect(hits.flatMap((hit) => hit.tools).filter((tool) => !allows(tool))).toEqual([]);
      expect(hits.every(({ score }) => score < 1)).toBe(true);
    }
    for (const query of ["labels", "zeppelins"])
      expect(search(query, { allows: () => false })).toEqual({ hits: [], unmatched: [query], lowConfidence: true });
    const only = search("incidents", { allows: ({ effect }) => effect === "read" });
    expect(only.hits.flatMap((hit) => hit.tools).every(({ effect }) => effect === "read")).toBe(true);
  });

  it("knows the API's own words by the aliases of gateway.yaml", () => {
    expect(search("zeppelin").hits).toEqual([]);
    expect(createSearch(tools, { Monitor: ["zeppelin", "air ship"] })("air ships").hits[0]?.resource).toBe("Monitor");
    expect(() => assertAliases({ Monitr: ["x"] }, tools)).toThrow('no resource type "Monitr"; did you mean Monitor?');
  });

  it("looks at the beginning of a text only, whatever its length", () => {
    const start = performance.now();
    expect(search(`monitors ${"x".repeat(500_000)}`).hits[0]?.resource).toBe("Monitor");
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it("finds a resource type by name in every spelling", () => {
    for (const name of ["StatusPage", "status pages", "status_page"])
      expect(search.resource(name)?.name, name).toBe("StatusPage");
    expect(search.resource("zeppelin")).toBeUndefined();
  });
});

describe("a signature", () => {
  it("names required arguments first, and counts the optional ones that it leaves out", () => {
    const tool = tools.find(({ name }) => name === "update_monitor") as Tool;
    expect(signatureOf(tool)).toMatch(/^update_monitor\(\w+: \w+, .*\?: .*\)$/);
    for (const one of tools) expect(signatureOf(one).length).toBeLessThan(700);
  });
});
