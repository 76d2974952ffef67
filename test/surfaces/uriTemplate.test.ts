import { describe, expect, it } from "vitest";
import { parseUriTemplate } from "../../src/surfaces/resources/uriTemplate.ts";

describe("a URI template", () => {
  const matches = [
    ["a://pages/{id}", "a://pages/7", { id: "7" }],
    ["a://pages/{id}", "a://pages/a%20b%2Fc", { id: "a b/c" }],
    ["a://pages/{id}", "a://pages/7/more", undefined],
    ["a://pages/{id}", "a://pages/", undefined],
    ["a://pages/{id}", "a://pages/%zz", undefined],
    ["a://pages/{id}", "A://pages/7", undefined],
    ["a://pages/{id}", "a://pages/7#x", undefined],
    ["a://h/{id}.x/{n}", "a://h/7.x/8", { id: "7", n: "8" }],
    ["a://pages{?limit,q}", "a://pages", {}],
    ["a://pages{?limit,q}", "a://pages?q=a+b%26&limit=3", { limit: "3", q: "a b&" }],
    ["a://pages?limit={limit}", "a://pages?limit=3", { limit: "3" }],
    ["a://pages?limit={limit}", "a://pages", {}],
    ["a://pages?kind=x&limit={limit}", "a://pages?limit=3&kind=x", { limit: "3" }],
    ["a://pages?kind=x&limit={limit}", "a://pages?limit=3", undefined],
    ["a://pages?days=30", "a://pages?days=30", {}],
    ["a://pages?days=30", "a://pages?days=31", undefined],
    ["a://pages", "a://pages?x=1", undefined],
    ["a://p.ges", "a://pages", undefined],
  ] as const;
  for (const [template, uri, want] of matches)
    it(`${template} ${want === undefined ? "is not" : "is"} ${uri}`, () => {
      expect(parseUriTemplate(template).match(uri)?.values).toEqual(want);
    });

  it("names the parameters that it does not have", () => {
    expect(parseUriTemplate("a://pages{?limit}").match("a://pages?x=1&limit=2&y=3")).toEqual({
      values: { limit: "2" },
      unknown: ["x", "y"],
    });
  });

  const expansions = [
    ["a://pages/{id}/x{?limit}", { id: "a/b c", limit: "3" }, "a://pages/a%2Fb%20c/x?limit=3"],
    ["a://pages/{id}/x{?limit}", { id: "7" }, "a://pages/7/x"],
    ["a://pages/{id}/x{?limit}", { limit: "3" }, undefined],
    ["a://pages?kind=x&limit={limit}", { limit: "1&2" }, "a://pages?kind=x&limit=1%262"],
  ] as const;
  for (const [template, values, want] of expansions)
    it(`${template} of ${JSON.stringify(values)} is ${want}`, () => {
      expect(parseUriTemplate(template).expand(values)).toBe(want);
    });

  it("stands behind what is more literal", () => {
    const texts = ["a://p/{id}/{x}", "a://p/{id}", "a://p/active{?limit}", "a://p/{id}/x", "a://p/active?limit=3"];
    const ranked = texts.map(parseUriTemplate).sort((a, b) => (a.rank < b.rank ? -1 : 1));
    const first = (uri: string) => ranked.find(({ match }) => match(uri) !== undefined)?.text;
    expect(["a://p/active", "a://p/active?limit=3", "a://p/7", "a://p/7/x", "a://p/7/y", "a://p"].map(first)).toEqual([
      "a://p/active{?limit}",
      "a://p/active?limit=3",
      "a://p/{id}",
      "a://p/{id}/x",
      "a://p/{id}/{x}",
      undefined,
    ]);
  });

  const faults = [
    ["pages", "has to begin like"],
    ["a://pages/{+id}", "{+id} is not a variable"],
    ["a://pages/{id", "is not a variable"],
    ["a://pages/{id}/{id}", "stands in it twice"],
    ["a://pages?x", "is not a query parameter"],
    ["a://pages?x=a{b}", "mixes text and variables"],
    ["a://pages{?a b}", "is not the URI of a resource"],
    ["a://pages#x", "neither # nor white space"],
  ] as const;
  for (const [text, want] of faults)
    it(`is refused: ${text}`, () => expect(() => parseUriTemplate(text)).toThrow(want));
});
