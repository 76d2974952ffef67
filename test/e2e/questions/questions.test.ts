import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Beacon } from "../../../demo/server.ts";
import { api } from "../../../generated/beacon/index.ts";
import { createCatalog } from "../../../src/catalog/catalog.ts";
import { runnerOf } from "../../../src/surfaces/compact/tools.ts";
import { call, testBeacon } from "../../demo/beacon.ts";
import { type Caller, callerOf } from "../../fakes/caller.ts";
import { startGateway, type TestGateway } from "../../fakes/gateway.ts";
import { projectRoot } from "../process.ts";
import { type Hands, type Item, questions } from "./questions.ts";

// What people ask, as the tool calls that answer it: by typed tools, and by the five that find and run them.

const surfaces = "\nsurfaces: { default: { path: /mcp }, compact: { path: /compact, style: compact } }\n";
let configText: string;
let beacon: Beacon;
let gateway: TestGateway;

beforeAll(() => {
  configText = readFileSync(join(projectRoot, "openapi/beacon/gateway.yaml"), "utf8") + surfaces;
});
beforeEach(async () => {
  beacon = await testBeacon();
  gateway = await startGateway(api, beacon.url, configText);
});
afterEach(async () => {
  await gateway.close();
  await beacon.close();
});

type Given = Readonly<Record<string, unknown>>;
const catalog = createCatalog(api);

async function called(caller: Caller, tool: string, args: Given): Promise<Given> {
  const { isError, structured, text } = await caller.call(tool, args);
  if (isError) throw new Error(`${tool} ${JSON.stringify(args)}: ${text}`);
  return structured;
}

function handsOf(run: Hands["run"]): Hands {
  return {
    run,
    list: async (tool, args) => (await run(tool, args)).items as readonly Item[],
    item: async (tool, args) => {
      const answer = await run(tool, args);
      return (answer.item ?? answer.result ?? answer) as Item;
    },
    direct: async (path) => (await call(beacon, beacon.keys.full, `GET ${path}`)).body,
  };
}

describe.each(questions)("$document: $ask", ({ script, find }) => {
  it("is answered by typed tools", async () => {
    const caller = callerOf(gateway.url, beacon.keys.full);
    await script(handsOf((tool, args = {}) => called(caller, tool, args)));
  });

  it("is answered by search, describe, read and write", async () => {
    const caller = callerOf(`${gateway.base}/compact`, beacon.keys.full);
    for (const [query, resource] of Object.entries(find)) {
      const { found } = await called(caller, "search", { query });
      expect((found as readonly { resource: string }[]).map((one) => one.resource)).toContain(resource);
    }
    await script(
      handsOf(async (tool, args = {}) => {
        const effect = catalog.find(tool)?.effect ?? "read";
        const { inputSchema } = await called(caller, "describe", { name: tool });
        const known = Object.keys((inputSchema as { properties: object }).properties);
        expect(Object.keys(args).filter((arg) => !known.includes(arg))).toEqual([]);
        return called(caller, runnerOf[effect], { tool, arguments: args });
      }),
    );
  });
});
