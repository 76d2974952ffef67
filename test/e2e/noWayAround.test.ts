import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request as forward, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Beacon } from "../../demo/server.ts";
import { api } from "../../generated/beacon/index.ts";
import type { ToolHook } from "../../src/calls/hooks.ts";
import { createCatalog } from "../../src/catalog/catalog.ts";
import type { Tool } from "../../src/catalog/tool.ts";
import { createValidator } from "../../src/catalog/validator.ts";
import { compose, type Gateway } from "../../src/compose.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { parseGatewayFile, resolveConfig } from "../../src/config/load.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { testBeacon } from "../demo/beacon.ts";
import { openSession, postSession, postStateless } from "../http/wire.ts";
import { drawArguments } from "../roundtrip/draw.ts";
import { placesOf } from "../roundtrip/roundTrip.ts";
import { projectRoot } from "./process.ts";

/** A request that reached the API, and what the audit log held at that moment. */
interface Arrival {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** The intent with the event id of its header was committed. */
  readonly isIntended: boolean;
}

/** Stands before Beacon and looks into the audit log whenever a request arrives. */
interface Watch {
  readonly url: string;
  readonly arrivals: Arrival[];
  readonly close: () => Promise<void>;
}

async function watchBefore(beacon: Beacon, file: string): Promise<Watch> {
  const arrivals: Arrival[] = [];
  let database: DatabaseSync | undefined;
  const isIntended = (id: unknown): boolean => {
    database ??= new DatabaseSync(file, { readOnly: true });
    const found = database.prepare("select tool from specgate_audit where event_id = ? and kind = 'intent'");
    return found.get(String(id)) !== undefined;
  };
  const server = createServer((req, res) => {
    const { method = "", url = "", headers } = req;
    if (url !== "/me") arrivals.push({ method, headers, isIntended: isIntended(headers["x-audit-event-id"]) });
    const options = { host: "127.0.0.1", port: beacon.port, method, path: url, headers };
    req.pipe(
      forward(options, (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      }),
    );
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    close: async () => {
      database?.close();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

type Send = (params: { readonly name: string; readonly arguments: object }) => Promise<unknown>;

/** A way in which a change can reach the API. */
interface Way {
  readonly name: string;
  /** What stands around every Tool. */
  readonly hook?: (watch: Watch) => ToolHook["hook"];
  readonly connect: (url: string, key: string) => Promise<Send>;
}

const stateless: Way["connect"] = async (url, key) => (params) =>
  postStateless(url, "tools/call", params, { headers: { "x-api-key": key } });

const ways: readonly Way[] = [
  { name: "typed, 2026-07-28", connect: stateless },
  {
    name: "typed, 2025-11-25",
    connect: async (url, key) => {
      const { headers } = await openSession(url, { headers: { "x-api-key": key } });
      return (params) => postSession(url, "tools/call", params, { headers });
    },
  },
  {
    name: "a batch",
    connect: async (url, key) => {
      const { headers } = await openSession(url, { version: "2025-03-26", headers: { "x-api-key": key } });
      return async (params) => {
        const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
        const ping = { jsonrpc: "2.0", id: 2, method: "ping" };
        await fetch(url, {
          method: "POST",
          headers: { ...headers, "content-type": "application/json", accept: "application/json, text/event-stream" },
          body: JSON.stringify([message, ping]),
        });
      };
    },
  },
  { name: "a before hook", hook: () => ({ before: ({ args }) => ({ ...args }) }), connect: stateless },
  { name: "an after hook", hook: () => ({ after: (outcome) => outcome }), connect: stateless },
  {
    name: "an instead hook",
    hook: (watch) => ({
      instead: async ({ trail }) => {
        const answer = await fetch(`${watch.url}/labels/none`, {
          method: "DELETE",
          headers: { "x-audit-event-id": trail?.eventId ?? "" },
        });
        return { structured: { status: answer.status } };
      },
    }),
    connect: stateless,
  },
];

const configText = `${readFileSync(join(projectRoot, "openapi/beacon/gateway.yaml"), "utf8")}
audit: { attribution: true }
limits: { readsPerMinute: "off", writesPerMinute: "off", requestsPerMinutePerAddress: "off" }
`;
const changing = createCatalog(api).tools.filter(({ effect }) => effect !== "read");
const validator = createValidator();

/** Arguments that the schema allows; what they name need not exist. */
function argumentsFor(tool: Tool, seed: number): Readonly<Record<string, unknown>> {
  const arbitrary = drawArguments(tool.definition.inputSchema, { places: placesOf(tool) });
  for (const { value } of fc.sample(arbitrary, { numRuns: 50, seed })) {
    try {
      validator.check(tool, value);
      return value;
    } catch {
      // the next one
    }
  }
  throw new Error(`no arguments for ${tool.name}`);
}

describe.each(ways)("by $name", ({ hook, connect }) => {
  let beacon: Beacon;
  let watch: Watch;
  let gateway: Gateway;
  let folder: string;
  let send: Send;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "specgate-ways-"));
    const file = join(folder, "audit.db");
    beacon = await testBeacon();
    watch = await watchBefore(beacon, file);
    const environment = readEnvironment({
      LOG_LEVEL: "silent",
      DATABASE_URL: `sqlite:${file}`,
      SPECGATE_SECRET: "a secret of the tests",
    });
    const flags = { port: 0, upstreamUrl: watch.url };
    const config = resolveConfig(parseGatewayFile("gateway.yaml", configText), environment, flags, api.version);
    const hooks = hook === undefined ? [] : changing.map(({ name }) => ({ tool: name, hook: hook(watch) }));
    gateway = compose({ api, config, hooks, logger: createLogger("silent") });
    send = await connect(`http://127.0.0.1:${await gateway.listen()}/mcp`, beacon.keys.full);
  });
  afterAll(async () => {
    await gateway.close();
    await watch.close();
    await beacon.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("an intent precedes the request of every tool that changes something", async () => {
    expect(changing.length).toBeGreaterThan(150);
    const unsent: string[] = [];
    const early: string[] = [];
    for (const tool of changing) {
      const before = watch.arrivals.length;
      for (let seed = 1; seed <= 5 && watch.arrivals.length === before; seed++) {
        const args = argumentsFor(tool, seed);
        await send({ name: tool.name, arguments: "notify" in args ? args : withNotify(tool, args) });
      }
      const own = watch.arrivals.slice(before);
      if (own.length === 0) unsent.push(tool.name);
      if (own.some(({ isIntended }) => !isIntended)) early.push(tool.name);
    }
    expect(early).toEqual([]);
    expect(unsent).toEqual([]);
  });
});

/** A Tool without a flag of its own is asked for one by its safeguard. */
function withNotify({ definition }: Tool, args: Readonly<Record<string, unknown>>): object {
  return Object.hasOwn(definition.inputSchema.properties ?? {}, "notify") ? { ...args, notify: false } : args;
}
