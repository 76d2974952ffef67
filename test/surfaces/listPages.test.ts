import { describe, expect, it } from "vitest";
import { createListPages } from "../../src/surfaces/listPages.ts";
import type { Principal } from "../../src/surfaces/surface.ts";

const principalOf = (...scopes: string[]): Principal => ({
  kind: "key",
  id: scopes.join(" "),
  user: null,
  organisation: null,
  scopes,
});
const list = createListPages({
  member: "prompts",
  method: "prompts/list",
  items: ["a", "b", "c", "d", "e"],
  keyOf: (item) => item,
  shown: (name) => ({ name }),
  permits: (item, { scopes }) => scopes?.includes(item) !== false,
  pageSize: 2,
  serverInfo: { name: "s", version: "1" },
});
interface Page {
  readonly prompts: readonly { readonly name: string }[];
  readonly nextCursor?: string;
}
const page = (principal: Principal, cursor?: string): Page =>
  JSON.parse(String(list(principal, cursor, "session"))) as Page; // what it serialises

describe("pages of a list", () => {
  it("hold what the principal may see, page by page", () => {
    const all = principalOf("a", "c", "d", "e");
    const first = page(all);
    const second = page(all, first.nextCursor);
    expect([first.prompts, second]).toEqual([
      [{ name: "a" }, { name: "c" }],
      { prompts: [{ name: "d" }, { name: "e" }] },
    ]);
  });

  it("go on after a cursor whose item is gone", () => {
    const { nextCursor } = page(principalOf("a", "b", "c"));
    expect(page(principalOf("a", "c", "d"), nextCursor).prompts).toEqual([{ name: "c" }, { name: "d" }]);
    expect(page(principalOf("a"), nextCursor).prompts).toEqual([]);
  });

  it("are serialised once for all who see the same, with hints in the stateless era alone", () => {
    expect(list(principalOf("a", "b"), undefined, "session")).toBe(list(principalOf("b", "a"), undefined, "session"));
    expect(JSON.parse(String(list(principalOf("a"), undefined, "stateless")))).toEqual({
      prompts: [{ name: "a" }],
      ttlMs: 0,
      cacheScope: "private",
      resultType: "complete",
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "s", version: "1" } },
    });
    expect(page(principalOf("a"))).toEqual({ prompts: [{ name: "a" }] });
  });

  for (const cursor of ["", "x", Buffer.from("resources/list:a").toString("base64url")])
    it(`refuse the cursor "${cursor}"`, () => {
      expect(() => page(principalOf("a"), cursor)).toThrow("is not one that prompts/list gave");
    });
});
