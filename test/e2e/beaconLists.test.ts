import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Beacon, startBeacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import type { ResourceType } from "../../src/descriptor.ts";
import { type Caller, callerOf } from "../fakes/caller.ts";
import { startGateway, type TestGateway } from "../fakes/gateway.ts";
import { projectRoot } from "./process.ts";

// Beacon pages in every way there is. Whatever it does, a client sees one way, reaches every item once, and counts the same.

let beacon: Beacon;
let gateway: TestGateway;
let caller: Caller;

beforeAll(async () => {
  beacon = await startBeacon();
  gateway = await startGateway(api, beacon.url, readFileSync(join(projectRoot, "openapi/beacon/gateway.yaml"), "utf8"));
  caller = callerOf(gateway.url, beacon.keys.full);
});

afterAll(async () => {
  await gateway.close();
  await beacon.close();
});

type Item = Readonly<Record<string, unknown>>;

/** Every item of a List, two at a time. */
async function readAll(tool: string, args: Item): Promise<readonly Item[]> {
  const items: Item[] = [];
  let cursor: unknown;
  do {
    const { structured, text } = await caller.call(tool, {
      ...args,
      limit: 2,
      ...(cursor !== undefined && { cursor }),
    });
    if (!Array.isArray(structured.items) || structured.hasMore !== (structured.nextCursor !== undefined))
      throw new Error(`${tool}: ${text}`);
    items.push(...(structured.items as readonly Item[])); // the envelope of list
    cursor = structured.nextCursor;
  } while (cursor !== undefined && items.length < 1_000);
  return items;
}

/** The ids of the parents a List is nested in, each the first of its own List; undefined where such a parent is itself nested. */
async function parentsOf(resource: ResourceType): Promise<Item | undefined> {
  const params = resource.tools.list?.params?.filter(({ in: place }) => place === "path") ?? [];
  const parents = params.map(({ arg = "" }) => ({
    arg,
    list: api.resources.find(({ ids }) => ids?.[0] === arg)?.tools.list,
  }));
  const found: Record<string, unknown> = {};
  for (const { arg, list } of parents) {
    if (list === undefined || list.params?.some(({ in: place }) => place === "path")) return undefined;
    const [first] = await readAll(list.name, {});
    found[arg] = first?.id;
  }
  return found;
}

const styles = ["cursor", "link", "none", "offset", "page"];

for (const style of styles)
  it(`every List paged by ${style} reaches each item once and agrees with its Count`, async () => {
    const resources = api.resources.filter(({ tools }) => tools.list?.paging?.style === style);
    const wrong: unknown[] = [];
    let read = 0;
    for (const resource of resources) {
      const args = await parentsOf(resource);
      const { list, count } = resource.tools;
      if (args === undefined || !list || !count) continue;
      const items = await readAll(list.name, args);
      const { structured } = await caller.call(count.name, args);
      const distinct = new Set(items.map((item) => JSON.stringify(item.id ?? item))).size;
      read += items.length;
      if (distinct !== items.length || structured.count !== items.length || structured.exact !== true)
        wrong.push({ list: list.name, items: items.length, distinct, counted: structured });
    }
    expect(wrong).toEqual([]);
    expect(read).toBeGreaterThan(style === "none" ? 1 : 20);
  });

it("there are Lists of every one of these styles and of no other", () => {
  const found = new Set(api.resources.flatMap(({ tools }) => (tools.list ? [tools.list.paging?.style] : [])));
  expect([...found].sort()).toEqual(styles);
});
