import { describe, expect, it } from "vitest";
import { isPlural, pascal, plural, singular, snake, splitWords, titleOf, typeName } from "../../codegen/words.ts";

describe("splitWords", () => {
  const cases: [given: string, want: string][] = [
    ["listHTTPMonitors", "list http monitors"],
    ["on-call_policy.v2", "on call policy v2"],
    ["OnCallDutyPolicy", "on call duty policy"],
    ["AIAgentTask", "ai agent task"],
    ["OAuthClient", "oauth client"],
    ["monitorIDs", "monitor ids"],
    ["Écran d'accueil", "ecran d accueil"],
    ["Project's members", "projects members"],
    ["", ""],
    ["—…!", ""],
    ["__proto__", "proto"],
    ["a\u200bb\u202ec", "abc"],
  ];
  for (const [given, want] of cases) it(JSON.stringify(given), () => expect(splitWords(given).join(" ")).toBe(want));

  it("keeps a look-alike letter apart from the word it imitates", () => {
    const [homoglyph] = splitWords("mоnitor"); // The first o is Cyrillic.
    expect(homoglyph).toMatch(/^x[0-9a-f]{6}$/);
    expect(splitWords("mоnitor")).toEqual([homoglyph]);
  });

  it("gives nouns of other scripts names of their own", () => {
    expect(splitWords("монитор")[0]).not.toBe(splitWords("инцидент")[0]);
    expect(splitWords("監視")[0]).toMatch(/^x[0-9a-f]{6}$/);
  });
});

describe("singular and plural", () => {
  const pairs: [one: string, many: string][] = [
    ["monitor", "monitors"],
    ["status", "statuses"],
    ["policy", "policies"],
    ["key", "keys"],
    ["address", "addresses"],
    ["analysis", "analyses"],
    ["database", "databases"],
    ["release", "releases"],
    ["response", "responses"],
    ["cache", "caches"],
    ["box", "boxes"],
    ["branch", "branches"],
    ["person", "people"],
    ["child", "children"],
    ["index", "indexes"],
    ["alias", "aliases"],
    ["api", "apis"],
    ["kpi", "kpis"],
    ["cpu", "cpus"],
    ["archive", "archives"],
    ["house", "houses"],
    ["campus", "campuses"],
    ["movie", "movies"],
    ["setting", "settings"],
    ["metric", "metrics"],
    ["process", "processes"],
    ["hero", "heroes"],
    ["photo", "photos"],
  ];
  for (const [one, many] of pairs) {
    it(`${one}, ${many}`, () => {
      expect(plural([one])).toEqual([many]);
      expect(singular([many])).toEqual([one]);
      expect(singular([one])).toEqual([one]);
      expect(plural([many])).toEqual([many]);
    });
  }

  for (const word of ["series", "data", "metadata", "news", "information", "sms", "dns", "analytics", "equipment"]) {
    it(`${word} is the same in both`, () => {
      expect(singular([word])).toEqual([word]);
      expect(plural([word])).toEqual([word]);
      expect(isPlural([word])).toBe(false);
    });
  }

  it("changes the last word only", () =>
    expect(snake(plural(["series", "status", "page"]))).toBe("series_status_pages"));
});

describe("typeName", () => {
  const cases: [given: string, want: string][] = [
    ["AIAgents", "AIAgent"],
    ["StatusPageSSO", "StatusPageSSO"],
    ["on-call-policies", "OnCallPolicy"],
    ["statuses", "Status"],
    ["OutboundIPs", "OutboundIp"],
    ["3d-models", "N3dModel"],
    ["", ""],
  ];
  for (const [given, want] of cases) it(`${given} → ${want}`, () => expect(typeName(given)).toBe(want));
});

describe("spellings", () => {
  it("writes acronyms of the trade in capitals for people only", () => {
    expect(titleOf(["api", "key"])).toBe("API Key");
    expect(pascal(["api", "key"])).toBe("ApiKey");
  });
});
