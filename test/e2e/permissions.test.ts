import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import type { Beacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import { testBeacon } from "../demo/beacon.ts";
import { startGateway, type TestGateway } from "../fakes/gateway.ts";
import { adminClient } from "../http/adminClient.ts";
import type { Edit } from "../load/planted.ts";
import { startProcess } from "../load/process.ts";
import { listsOf, type Seen, sweep } from "../permissions/sweep.ts";
import { type Caller, type ToolFact, tableOf, toolFacts } from "../permissions/table.ts";

const token = "an-admin-token-of-the-tests";
const variables = {
  SPECGATE_ADMIN_TOKEN: token,
  DATABASE_URL: "sqlite::memory:",
  UPSTREAM_API_KEY: "bk_demo_full_acme",
};
const tools = toolFacts();
const unlimited = Object.fromEntries(
  ["readsPerMinute", "writesPerMinute", "requestsPerMinutePerAddress", "failuresPerMinute"].map((one) => [one, "off"]),
);

/** Beacon's own gateway.yaml, with other scopes, and without limits that many callers in a row would meet. */
function configWith(change: (config: Record<string, unknown>) => object = () => ({})): string {
  const config = parse(readFileSync("openapi/beacon/gateway.yaml", "utf8")) as Record<string, unknown>;
  return stringify({ ...config, limits: { ...unlimited, sessionsPerPrincipal: 5_000 }, ...change(config) });
}

const standard = configWith();
const unverified = configWith(({ credentials }) => ({
  credentials: { headers: (credentials as { headers: string[] }).headers },
}));
const custom = configWith(() => ({
  scopes: {
    effects: { read: "read", write: "write", destroy: "write" },
    hierarchy: { "*": ["write", "incidents:publish"], write: ["read"], support: ["monitor.write", "incident.read"] },
    tools: [
      { match: "create_incident*", scope: "incidents:publish" },
      { match: "delete_*", scope: "write" },
    ],
  },
}));

/** A caller, and how it comes by its key. */
interface Subject extends Caller {
  readonly key?: string;
  readonly wanted?: object;
}

const pageId = "pg_acme";
const bound = (binding: object): object => ({ boundArguments: { pageId: { ...binding } } });

const subjects: Readonly<Record<string, { readonly config: string; readonly subjects: readonly Subject[] }>> = {
  "Beacon's own scopes": {
    config: standard,
    subjects: [
      { name: "a read-only key of the API", key: "bk_demo_read_acme", scopes: ["mcp.read"] },
      { name: "a read & write key of the API", key: "bk_demo_write_acme", scopes: ["mcp.read", "mcp.write"] },
      { name: "a full key of the API", key: "bk_demo_full_acme", scopes: ["mcp.read", "mcp.write", "mcp.delete"] },
      { name: "the preset read", scopes: ["mcp.read"], wanted: { scopes: "read" } },
      { name: "the preset read write", scopes: ["mcp.read", "mcp.write"], wanted: { scopes: "read write" } },
      { name: "the preset full", scopes: ["mcp.delete"], wanted: { scopes: "full" } },
      { name: "write alone", scopes: ["mcp.write"], wanted: { scopes: ["mcp.write"] } },
      { name: "several resources", scopes: ["monitor.read", "incident.write", "team.delete"], wanted: {} },
      { name: "a key that manages keys", scopes: ["admin.keys"], wanted: {} },
      { name: "one page, fixed", scopes: ["mcp.delete"], needs: ["pageId"], wanted: bound({ fixed: pageId }) },
      { name: "two pages", scopes: ["mcp.write"], needs: ["pageId"], wanted: bound({ within: [pageId, "x"] }) },
      {
        name: "one page, and what has none",
        scopes: ["mcp.read"],
        wanted: bound({ fixed: pageId, elsewhere: "allow" }),
      },
    ],
  },
  "no check of keys": {
    config: unverified,
    subjects: [
      { name: "an unverified key", key: "anything", scopes: null },
      { name: "a gateway key beside it", scopes: ["mcp.write"], wanted: {} },
    ],
  },
  "scopes of one's own": {
    config: custom,
    subjects: [
      { name: "read", scopes: ["read"], wanted: {} },
      { name: "write", scopes: ["write"], wanted: {} },
      { name: "everything", scopes: ["*"], wanted: {} },
      { name: "support", scopes: ["support"], wanted: {} },
      { name: "who publishes", scopes: ["incidents:publish"], wanted: {} },
      { name: "incidents, but not publishing", scopes: ["incident.delete"], wanted: {} },
    ],
  },
};

let beacon: Beacon;
beforeAll(async () => {
  beacon = await testBeacon();
});
afterAll(() => beacon.close());

async function keyOf(base: string, { name, key, scopes, wanted }: Subject): Promise<string> {
  if (key !== undefined) return key;
  const admin = adminClient(base, { authorization: `Bearer ${token}` });
  const made = await admin.send("POST /keys", {
    name,
    user: { id: "u1" },
    organisation: { id: "o1" },
    scopes,
    ...wanted,
  });
  expect(made.status).toBe(201);
  return String(made.body.key);
}

/** What differs from the table, one line each. */
function differences(seen: Seen, want: readonly string[]): string[] {
  const ways = [
    ...Object.entries(seen.listed).map(([way, names]) => [`listed, ${way}`, names] as const),
    ...Object.entries(seen.callable).map(([way, names]) => [`callable, ${way}`, names] as const),
  ];
  return ways.flatMap(([way, names]) => [
    ...names.filter((name) => !want.includes(name)).map((name) => `${name} is ${way}`),
    ...want.filter((name) => !names.includes(name)).map((name) => `${name} is not ${way}`),
  ]);
}

function wanted(config: string, caller: Caller, of: readonly ToolFact[] = tools): readonly string[] {
  const allows = tableOf(config);
  return of
    .filter((tool) => allows(caller, tool))
    .map(({ name }) => name)
    .sort();
}

for (const [title, { config, subjects: callers }] of Object.entries(subjects))
  describe(`every tool, with ${title}`, () => {
    let gateway: TestGateway;
    beforeAll(async () => {
      gateway = await startGateway(api, beacon.url, config, variables);
    });
    afterAll(() => gateway.close());

    for (const subject of callers)
      it(`is listed and callable exactly where the table says: ${subject.name}`, async () => {
        const seen = await sweep(gateway.url, await keyOf(gateway.base, subject), tools);
        expect(differences(seen, wanted(config, subject)).slice(0, 20)).toEqual([]);
        expect(seen.telling.slice(0, 3)).toEqual([]);
      });
  });

describe("every tool, with the scope of one resource type", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway(api, beacon.url, standard, variables);
  });
  afterAll(() => gateway.close());

  for (const word of ["read", "write", "delete"])
    it(`is listed, and callable, exactly where the table says: <resource>.${word}`, async () => {
      const faults: string[] = [];
      for (const resource of [...new Set(tools.map((tool) => tool.resource))]) {
        const subject: Subject = { name: resource, scopes: [`${resource}.${word}`], wanted: {} };
        const key = await keyOf(gateway.base, subject);
        const own = tools.filter((tool) => tool.resource === resource);
        const listed = await listsOf(gateway.url, { "x-api-key": key });
        const { callable } = await sweepCalls(gateway.url, key, own);
        faults.push(...differences({ listed, callable, telling: [] }, wanted(standard, subject)));
      }
      expect(faults.slice(0, 20)).toEqual([]);
    });
});

async function sweepCalls(url: string, key: string, own: readonly ToolFact[]): Promise<Pick<Seen, "callable">> {
  const { callable } = await sweep(url, key, own);
  return { callable };
}

describe("a planted fault of authorize is found by the same comparison:", () => {
  const planted: readonly { readonly name: string; readonly subject: string; readonly edit: Edit }[] = [
    {
      name: "an effect that is one too high",
      subject: "the preset read write",
      edit: {
        file: "src/calls/authorize.ts",
        find: "const effectScope = scopes.effects[tool.effect];",
        replace: 'const effectScope = scopes.effects[tool.effect === "destroy" ? "write" : tool.effect];',
      },
    },
    {
      name: "a word of a resource scope that is one too high",
      subject: "several resources",
      edit: {
        file: "src/calls/authorize.ts",
        find: "includedScopes([scopeOf[effect]], hierarchy).has(scope)",
        replace: "includedScopes([scope], hierarchy).has(scopeOf[effect])",
      },
    },
    {
      name: "a list that is not filtered as calls are",
      subject: "the preset read",
      edit: {
        file: "src/surfaces/typed.ts",
        find: "tools.filter((tool) => permits(principal, tool))",
        replace: "tools.filter((tool, at) => at === 0 || permits(principal, tool))",
      },
    },
    {
      name: "a bound argument that hides nothing",
      subject: "one page, fixed",
      edit: {
        file: "src/calls/authorize.ts",
        find: "if (bound !== undefined && !takesBindings(tool, bound)) return false;",
        replace: "",
      },
    },
  ];
  for (const { name, subject, edit } of planted)
    it(name, async () => {
      const found = Object.values(subjects)
        .flatMap((one) => one.subjects)
        .find((one) => one.name === subject);
      if (found === undefined) throw new Error(`no subject ${subject}`);
      const env = { ...variables, UPSTREAM: beacon.url, CONFIG: standard, PLANT: JSON.stringify(edit) };
      const nodeArgs = ["--import", "./test/permissions/plant.ts"];
      const running = await startProcess("test/permissions/gatewayProcess.ts", { env, nodeArgs });
      try {
        const seen = await sweep(`${running.url}/mcp`, await keyOf(running.url, found), tools);
        expect(differences(seen, wanted(standard, found))).not.toEqual([]);
      } finally {
        await running.kill();
      }
    });
});
