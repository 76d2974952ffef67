import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateFrom, startGateway, type TestGateway } from "../fakes/gateway.ts";
import { startWidgets, type Widgets, widgetSpec } from "../fakes/widgets.ts";
import { key, postStateless } from "./wire.ts";

const yaml = `
api: test
surfaces:
  default: { path: /mcp }
  small: { path: /small/mcp, limits: { bodyBytes: 2000, resultBytes: 2000, readsPerMinute: 2 } }
`;

describe("the limits of one surface", () => {
  let upstream: Widgets;
  let gateway: TestGateway;
  beforeAll(async () => {
    upstream = await startWidgets([key["x-api-key"]]);
    for (let i = 2; i < 60; i++) upstream.widgets.set(`w${i}`, { id: `w${i}`, name: "x".repeat(60) });
    gateway = await startGateway((await generateFrom(widgetSpec)).api, upstream.url, yaml);
  });
  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });
  const call = (path: string, args: object): ReturnType<typeof postStateless> =>
    postStateless(gateway.base + path, "tools/call", { name: "list_widgets", arguments: args });
  const returned = (answer: { readonly text: string }): number =>
    Number(/"returnedCount":(\d+)/.exec(answer.text)?.[1]);

  it("hold there and nowhere else: of bodies, results, and calls in a minute", async () => {
    const large = { cursor: "c".repeat(3_000) };
    expect([(await call("/mcp", large)).status, (await call("/small/mcp", large)).status]).toEqual([200, 413]);
    const [whole, part] = [await call("/mcp", {}), await call("/small/mcp", {})];
    expect(returned(whole)).toBe(50);
    expect(returned(part)).toBeLessThan(40);
    await call("/small/mcp", {});
    expect((await call("/small/mcp", {})).text).toContain("rate_limited");
    expect(returned(await call("/mcp", {}))).toBe(50);
  });
});
