import { describe, expect, it, vi } from "vitest";
import { GatewayError } from "../../src/errors.ts";
import type { Principal, Surface } from "../../src/mcp/context.ts";
import { createPolls, type Watching } from "../../src/mcp/polls.ts";
import type { Resource } from "../../src/surfaces/resources/resource.ts";
import { createResources } from "../../src/surfaces/resources/resources.ts";
import { parseUriTemplate } from "../../src/surfaces/resources/uriTemplate.ts";

const patience = { timeout: 10_000, interval: 5 };
const principalOf = (id: string): Principal => ({
  kind: "key",
  id,
  user: null,
  organisation: null,
  scopes: null,
});

/** A Surface with one resource that holds what the test says, looked at every 10 ms. */
function surfaceWith(read: (uri: string) => Promise<string> | string): Surface {
  const resource: Resource = {
    template: parseUriTemplate("test://host/{id}"),
    definition: { name: "x" },
    permits: ({ id }) => id !== "nobody",
    read: async (_reading, uri) => ({ contents: [{ uri, text: await read(uri) }] }),
    pollMs: 10,
  };
  const serverInfo = { name: "s", version: "1" };
  return {
    name: "default",
    path: "/mcp",
    resources: createResources({ resources: [resource], pageSize: 10, serverInfo }),
  } as unknown as Surface; // what polls look at
}

function watching(more: Partial<Watching> = {}): Watching & { readonly digests: string[] } {
  const digests: string[] = [];
  return {
    path: "/mcp",
    uri: "test://host/1",
    principalId: "ann",
    principal: async () => principalOf("ann"),
    seen: (digest) => void digests.push(digest),
    digests,
    ...more,
  };
}

describe("polls", () => {
  it("look again and again, and tell the same digest while nothing changes", async () => {
    let held = "a";
    const polls = createPolls({ surfaceAt: () => surfaceWith(() => held) });
    const one = watching();
    const stop = polls.watch(one);
    await vi.waitUntil(() => one.digests.length >= 3, patience);
    expect(new Set(one.digests).size).toBe(1);
    held = "b";
    await vi.waitUntil(() => new Set(one.digests).size === 2, patience);
    stop();
  });

  it("are one for all listeners of a principal, and another for another principal", async () => {
    let reads = 0;
    const polls = createPolls({ surfaceAt: () => surfaceWith(() => `${++reads && "a"}`) });
    const all = [watching(), watching(), watching({ principalId: "bob", principal: async () => principalOf("bob") })];
    const stops = all.map((one) => polls.watch(one));
    expect(polls.count()).toBe(2);
    await vi.waitUntil(() => all.every(({ digests }) => digests.length >= 2), patience);
    const late = watching();
    const stopLate = polls.watch(late);
    expect(late.digests).toHaveLength(1);
    for (const stop of [...stops, stopLate]) stop();
    expect(polls.count()).toBe(0);
    const before = reads;
    await new Promise((resolve) => setTimeout(resolve, 60)); // six rounds, in which nothing may be read
    expect(reads - before).toBeLessThanOrEqual(1);
  });

  it("end the look that runs when nobody listens any more", async () => {
    let ended: AbortSignal | undefined;
    const surface = surfaceWith(() => "x");
    const [resource] = surface.resources?.all ?? [];
    const waiting: Resource = {
      ...(resource as Resource),
      read: ({ signal }) => {
        ended = signal;
        return new Promise(() => undefined);
      },
    };
    const resources = createResources({ resources: [waiting], pageSize: 1, serverInfo: { name: "s", version: "1" } });
    const polls = createPolls({ surfaceAt: () => ({ ...surface, resources }) });
    const stop = polls.watch(watching());
    await vi.waitUntil(() => ended !== undefined, patience);
    stop();
    expect(ended?.aborted).toBe(true);
  });

  it("stop with a key that is no longer good, and tell nothing of what is hidden", async () => {
    const polls = createPolls({ surfaceAt: () => surfaceWith(() => "a") });
    let asked = 0;
    const revoked = watching({
      principal: async () => {
        asked += 1;
        throw new GatewayError("unauthenticated", "revoked");
      },
    });
    const hidden = watching({ principalId: "nobody", principal: async () => principalOf("nobody") });
    const stops = [polls.watch(revoked), polls.watch(hidden)];
    await new Promise((resolve) => setTimeout(resolve, 80)); // eight rounds
    expect([asked, revoked.digests, hidden.digests]).toEqual([1, [], []]);
    for (const stop of stops) stop();
  });

  it("take one that fails for no news, and one that is gone for news", async () => {
    let fails: GatewayError | undefined;
    const polls = createPolls({
      surfaceAt: () =>
        surfaceWith(() => {
          if (fails !== undefined) throw fails;
          return "a";
        }),
    });
    const one = watching();
    const stop = polls.watch(one);
    await vi.waitUntil(() => one.digests.length >= 1, patience);
    fails = new GatewayError("upstream_timeout", "slow");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(new Set(one.digests).size).toBe(1);
    fails = new GatewayError("unknown_resource", "gone");
    await vi.waitUntil(() => one.digests.includes("gone"), patience);
    stop();
  });

  it("run no more at once than allowed", async () => {
    let running = 0;
    let most = 0;
    const polls = createPolls({
      maxRunning: 3,
      surfaceAt: () =>
        surfaceWith(async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 5));
          running -= 1;
          return "a";
        }),
    });
    const all = Array.from({ length: 12 }, (_, index) => watching({ uri: `test://host/${index}` }));
    const stops = all.map((one) => polls.watch(one));
    await vi.waitUntil(() => all.every(({ digests }) => digests.length > 0), patience);
    expect(most).toBe(3);
    for (const stop of stops) stop();
  });
});
