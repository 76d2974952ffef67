import { describe, expect, it } from "vitest";
import { changedLists, createLocalCatalogNews } from "../../src/session/catalogNews.ts";

describe("the lists in which two Catalogs differ", () => {
  const cases = [
    ["t.p.r", "t.p.r", []],
    ["t.p.r", "T.p.r", ["tools"]],
    ["t.p.r", "t.P.r", ["prompts"]],
    ["t.p.r", "T.p.R", ["tools", "resources"]],
    ["t", "T", ["tools"]],
    ["of another version", "t.p.r", ["tools", "prompts", "resources"]],
  ] as const;
  for (const [before, after, want] of cases)
    it(`of ${before} and ${after} are ${want.join(" and ") || "none"}`, () => {
      expect(changedLists(before, after)).toEqual(want);
    });
});

describe("the news of a process that is alone", () => {
  it("are told of what changed, once, under an id of their own", async () => {
    const told: (readonly [string, readonly string[]])[] = [];
    const news = createLocalCatalogNews(async (eventId, lists) => void told.push([eventId, lists]));
    for (const hash of ["a.b.c", "a.b.c", "a.x.c", "a.b.c", "z.b.c"]) await news.serve(() => hash);
    expect(told.map(([, lists]) => lists)).toEqual([["prompts"], ["prompts"], ["tools"]]);
    expect(new Set(told.map(([eventId]) => eventId)).size).toBe(3);
  });
});
