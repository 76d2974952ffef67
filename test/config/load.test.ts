import { describe, expect, it } from "vitest";
import { readEnvironment } from "../../src/config/environment.ts";
import { parseGatewayFile, readGatewayFile, resolveConfig } from "../../src/config/load.ts";

const nothing = readEnvironment({});

function load(yaml: string, variables: Record<string, string> = {}, flags = {}) {
  return resolveConfig(parseGatewayFile("gateway.yaml", yaml), readEnvironment(variables), flags, "1.2.3");
}

describe("gateway.yaml", () => {
  it("needs no more than a name and an upstream, and fills in the defaults", () => {
    const config = load("api: beacon\nupstreams: { default: { url: 'http://127.0.0.1:4010/' } }\n");
    expect(config.upstreams.default).toMatchObject({ url: "http://127.0.0.1:4010", headers: {}, errors: [] });
    expect(config.surfaces.default).toMatchObject({
      path: "/mcp",
      upstream: "default",
      readOnly: false,
      pageSize: 1_000,
    });
    expect(config.credentials).toEqual({ headers: ["x-api-key", "authorization"], required: true, passThrough: true });
    expect(config.keys).toEqual({ prefix: "sg" });
    expect(config.scopes.effects).toEqual({ read: "mcp.read", write: "mcp.write", destroy: "mcp.delete" });
    expect(config.server).toMatchObject({ host: "127.0.0.1", port: 3000, logLevel: "info" });
  });

  it("takes how long a drain lasts from the environment, and refuses one that is over before it begins", () => {
    const yaml = "api: a\nupstreams: { x: { url: 'https://a.example' } }\n";
    expect(load(yaml).server.drain).toEqual({ readyMs: 5_000, graceMs: 30_000 });
    const given = { DRAIN_READY_MS: "100", DRAIN_GRACE_MS: "100" };
    expect(load(yaml, given).server.drain).toEqual({ readyMs: 100, graceMs: 100 });
    expect(() => load(yaml, { DRAIN_GRACE_MS: "3000" })).toThrow(
      "DRAIN_GRACE_MS is 3000, less than DRAIN_READY_MS, 5000",
    );
  });

  it("is frozen through and through", () => {
    const config = load("api: a\nupstreams: { x: { url: 'https://a.example' } }\n");
    expect(Object.isFrozen(config.upstreams.x?.limits)).toBe(true);
  });

  it("takes error rules as a map of statuses or as a list narrowed by message", () => {
    const map = load("api: a\nupstreams: { x: { url: 'https://a.example', errors: { 422: not_permitted } } }\n");
    expect(map.upstreams.x?.errors).toEqual([{ status: 422, code: "not_permitted" }]);
    const list = load(
      "api: a\nupstreams: { x: { url: 'https://a.example', errors: [ { status: 400, message: Invalid API Key, code: upstream_unauthorized } ] } }\n",
    );
    expect(list.upstreams.x?.errors).toEqual([
      { status: 400, message: "Invalid API Key", code: "upstream_unauthorized" },
    ]);
  });

  it("lets a flag beat the environment, and the environment the file", () => {
    const yaml = "api: a\nupstreams: { x: { url: 'https://file.example' } }\n";
    expect(load(yaml, { UPSTREAM_URL: "https://env.example" }).upstreams.x?.url).toBe("https://env.example");
    const both = load(
      yaml,
      { UPSTREAM_URL: "https://env.example", PORT: "1" },
      { upstreamUrl: "https://flag.example", port: 2 },
    );
    expect(both.upstreams.x?.url).toBe("https://flag.example");
    expect(both.server.port).toBe(2);
  });

  it("measures nothing unless told to, and never on the port of the gateway", () => {
    const yaml = "api: a\nupstreams: { x: { url: 'https://a.example' } }\n";
    expect(load(yaml).server.metricsPort).toBeUndefined();
    expect(load(yaml).metrics).toEqual({ toolNames: false });
    const told = load(`${yaml}metrics: { toolNames: true }\n`, { METRICS_PORT: "9464" });
    expect([told.server.metricsPort, told.metrics.toolNames]).toEqual([9464, true]);
    expect(load(yaml, { PORT: "0", METRICS_PORT: "0" }).server.metricsPort).toBe(0);
    expect(() => load(yaml, { METRICS_PORT: "8080" }, { port: 8080 })).toThrow("are both 8080");
  });

  it("makes every surface read-only when the operator says so, and none writable that the file made read-only", () => {
    const yaml =
      "api: a\nupstreams: { x: { url: 'https://a.example' } }\nsurfaces: { one: {}, two: { path: /two, readOnly: true } }\n";
    expect(Object.values(load(yaml).surfaces).map(({ readOnly }) => readOnly)).toEqual([false, true]);
    expect(Object.values(load(yaml, { SPECGATE_READ_ONLY: "1" }).surfaces).map(({ readOnly }) => readOnly)).toEqual([
      true,
      true,
    ]);
  });

  it("bounds what an upstream is asked to do, and takes other bounds one by one", () => {
    const config = load("api: a\nupstreams: { x: { url: 'https://a.example', limits: { running: 5 } } }\n");
    expect(config.upstreams.x?.limits).toEqual({
      responseBytes: 4 * 1024 * 1024,
      fileBytes: 10 * 1024 * 1024,
      totalMs: 30_000,
      connectMs: 2_000,
      headersMs: 10_000,
      idleMs: 15_000,
      running: 5,
      queued: 128,
      queueMs: 1_000,
      runningPerPrincipal: 8,
    });
    expect(config.limits.runningCalls).toBe(512);
  });

  it("limits callers by default, and as much as the file says", () => {
    const yaml = "api: a\nupstreams: { x: { url: 'https://a.example' } }\n";
    expect(load(yaml).limits).toMatchObject({
      readsPerMinute: 120,
      writesPerMinute: 30,
      requestsPerMinutePerAddress: 3_000,
      failuresPerMinute: 20,
      inFlight: 512,
      inFlightPerPrincipal: 64,
      shedAboveDelayMs: 200,
      shedAboveHeapPercent: 85,
    });
    const { limits } = load(`${yaml}limits: { readsPerMinute: off, writesPerMinute: 5 }\n`);
    expect([limits.readsPerMinute, limits.writesPerMinute]).toEqual(["off", 5]);
  });

  it("refuses keys while Redis is away and shares every identical create, unless told otherwise", () => {
    const yaml = "api: a\nupstreams: { x: { url: 'https://a.example' } }\n";
    expect(load(yaml).idempotency).toEqual({ onStoreDown: "reject", neverShare: [] });
    expect(load(`${yaml}idempotency: { onStoreDown: allow, neverShare: [create_log_*] }\n`).idempotency).toEqual({
      onStoreDown: "allow",
      neverShare: ["create_log_*"],
    });
  });

  it("takes scopes of tools, one glob or several, beside names and a hierarchy of one's own", () => {
    const config = load(
      "api: a\nupstreams: { x: { url: 'https://a.example' } }\nkeys: { prefix: os }\nscopes:\n  fromSpec: true\n  tools:\n    - { match: create_incident, scope: incidents.write }\n    - { match: [a_*, b_*], scope: ab }\n",
    );
    expect(config.scopes.tools).toEqual([
      { match: ["create_incident"], scope: "incidents.write" },
      { match: ["a_*", "b_*"], scope: "ab" },
    ]);
    expect([config.scopes.fromSpec, config.scopes.effects.read, config.keys.prefix]).toEqual([true, "mcp.read", "os"]);
  });

  it("takes an admin token that cannot be guessed, and never shows one", () => {
    const yaml = "api: a\nupstreams: { x: { url: 'https://a.example' } }\n";
    const token = "an-admin-token-of-a-good-length";
    const secret = { SPECGATE_SECRET: "a-secret-of-32-characters-000000" };
    expect(load(yaml, { ...secret, SPECGATE_ADMIN_TOKEN: token }).server.adminToken?.reveal()).toBe(token);
    expect(load(yaml).server).not.toHaveProperty("adminToken");
    for (const weak of ["short", "with spaces in the middle of it"])
      expect(() => load(yaml, { SPECGATE_ADMIN_TOKEN: weak })).toThrow(
        "SPECGATE_ADMIN_TOKEN must be 16 visible characters or more",
      );
    expect(() => load(yaml, { SPECGATE_ADMIN_TOKEN: "short" })).not.toThrow("short");
  });

  const faults = [
    {
      name: "a prefix that no key can have",
      yaml: "api: a\nupstreams: { x: { url: 'https://a.example' } }\nkeys:\n  prefix: O_S\n",
      want: 'gateway.yaml:4: keys.prefix is "O_S"; it must match pattern',
    },
    {
      name: "a tool's scope that could not travel beside others",
      yaml: "api: a\nupstreams: { x: { url: 'https://a.example' } }\nscopes:\n  tools:\n    - { match: a_*, scope: two words }\n",
      want: 'gateway.yaml:5: scopes.tools.0.scope is "two words"; it must match pattern',
    },
    {
      name: "a rule on tools without a scope",
      yaml: "api: a\nupstreams: { x: { url: 'https://a.example' } }\nscopes:\n  tools:\n    - { match: a_* }\n",
      want: 'gateway.yaml:5: scopes.tools.0: "scope" is missing',
    },
    {
      name: "a way to treat keys that does not exist",
      yaml: "api: a\nupstreams: { x: { url: 'https://a.example' } }\nidempotency: { onStoreDown: ignore }\n",
      want: 'gateway.yaml:3: idempotency.onStoreDown is "ignore"; allowed: "reject", "allow"',
    },
    {
      name: "a lane for nobody",
      yaml: "api: a\nupstreams:\n  x:\n    url: https://a.example\n    limits: { running: 0 }\n",
      want: "gateway.yaml:5: upstreams.x.limits.running",
    },
    {
      name: "a limit that lets nobody through",
      yaml: "api: a\nupstreams: { x: { url: 'https://a.example' } }\nlimits: { readsPerMinute: 0 }\n",
      want: "gateway.yaml:3: limits.readsPerMinute",
    },
    {
      name: "an unknown key",
      yaml: "api: a\nupstreams:\n  x:\n    url: https://a.example\n    retries: 3\n",
      want: 'gateway.yaml:5: upstreams.x: unknown key "retries"; allowed: url, credential',
    },
    {
      name: "a missing api",
      yaml: "upstreams: { x: { url: 'https://a.example' } }\n",
      want: 'gateway.yaml:1: the file: "api" is missing',
    },
    {
      name: "an error code that does not exist",
      yaml: "api: a\nupstreams:\n  x:\n    url: https://a.example\n    errors: { 422: denied }\n",
      want: 'upstreams.x.errors.422 is "denied"; allowed:',
    },
    {
      name: "a surface on an upstream that is not declared",
      yaml: "api: a\nupstreams: { x: { url: 'https://a.example' } }\nsurfaces:\n  s:\n    upstream: y\n",
      want: 'gateway.yaml:5: surfaces.s.upstream is "y"; declared upstreams: x',
    },
    {
      name: "two surfaces on one path",
      yaml: "api: a\nupstreams: { x: { url: 'https://a.example' } }\nsurfaces:\n  s: {}\n  t: {}\n",
      want: "gateway.yaml:5: surfaces.t has the path /mcp of another surface",
    },
    { name: "YAML that does not parse", yaml: "api: a\nbrand: { name: x }}\n", want: "gateway.yaml:2:" },
    {
      name: "a secret in the file",
      yaml: "api: a\nupstreams:\n  x:\n    url: https://a.example\n    apiKey: k\n",
      want: 'gateway.yaml:5: upstreams.x: unknown key "apiKey"',
    },
  ];
  for (const { name, yaml, want } of faults)
    it(`refuses ${name}, with the line`, () => expect(() => parseGatewayFile("gateway.yaml", yaml)).toThrow(want));

  it("reports every fault of the file at once", () => {
    expect(() => parseGatewayFile("g.yaml", "api: a\nbrands: {}\nlimit: {}\n")).toThrow(/g\.yaml:2:.*\n.*g\.yaml:3:/);
  });

  it("reports one mistake in the YAML itself once, not all that follows from it", () => {
    const yaml = "api: a\nbrand: { name: x, why: no {id} here }\nlimits: { a: 1 }\n";
    expect(() => parseGatewayFile("g.yaml", yaml)).toThrow(/^g\.yaml:2: [^\n]+$/);
  });

  it("refuses an alias bomb instead of expanding it", () => {
    const levels = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (let at = 1; at < 9; at++)
      levels.push(
        `${"abcdefghi"[at]}: &${"abcdefghi"[at]} [${Array(9)
          .fill(`*${"abcdefghi"[at - 1]}`)
          .join(", ")}]`,
      );
    expect(() => parseGatewayFile("g.yaml", levels.join("\n"))).toThrow();
  });

  it("says which file cannot be read", () => {
    expect(() => readGatewayFile("/nowhere/gateway.yaml")).toThrow("cannot read /nowhere/gateway.yaml (ENOENT)");
  });
});

describe("resolveConfig", () => {
  it("refuses to start without an upstream", () => {
    expect(() => resolveConfig({ api: "a" }, nothing, {})).toThrow("no upstream: give --upstream URL");
  });

  it("refuses an upstream URL that holds a query", () => {
    expect(() =>
      resolveConfig({ api: "a", upstreams: { x: { url: "https://a.example?key=1" } } }, nothing, {}),
    ).toThrow("upstreams.x.url is not");
  });

  it("refuses several replicas without a place to share sessions", () => {
    expect(() => resolveConfig({ api: "a" }, readEnvironment({ INSTANCES: "2" }), {})).toThrow(
      "INSTANCES is 2, but without REDIS_URL",
    );
  });

  it("refuses several replicas without a database that they share", () => {
    const shared = { INSTANCES: "2", REDIS_URL: "redis://r", SPECGATE_SECRET: "a-secret-of-32-characters-000000" };
    const resolve = (more: object) => resolveConfig({ api: "a" }, readEnvironment({ ...shared, ...more }), flags);
    const flags = { upstreamUrl: "https://a.example" };
    const want = "INSTANCES is 2, but DATABASE_URL names no PostgreSQL";
    expect(() => resolve({})).toThrow(want);
    expect(() => resolve({ DATABASE_URL: "sqlite:./x.db" })).toThrow(want);
    expect(resolve({ DATABASE_URL: "postgresql://u@db/x" }).server.databaseUrl.reveal()).toBe("postgresql://u@db/x");
  });

  it("keeps keys and audit in a file, in memory where a Spec is tried out, or where it is told", () => {
    const urlOf = (variables: Record<string, string>, more: object) => {
      const config = resolveConfig({ api: "a" }, readEnvironment(variables), {
        upstreamUrl: "https://a.example",
        ...more,
      });
      return config.server.databaseUrl.reveal();
    };
    const told = { DATABASE_URL: "sqlite:/x.db", SPECGATE_SECRET: "a-secret-of-32-characters-000000" };
    expect(urlOf({}, {})).toBe("sqlite:./data/specgate.db");
    expect(urlOf({}, { inMemory: true })).toBe("sqlite::memory:");
    expect(urlOf(told, { inMemory: true })).toBe("sqlite:/x.db");
  });

  it("refuses a database without a secret that outlives the process, and does not show its URL", () => {
    const resolve = (DATABASE_URL: string) =>
      resolveConfig({ api: "a" }, readEnvironment({ DATABASE_URL }), { upstreamUrl: "https://a.example" });
    const refusal = (() => {
      try {
        return resolve("postgres://u:hunter2@db.internal/x");
      } catch (thrown) {
        return String(thrown);
      }
    })();
    expect(refusal).toMatch(/DATABASE_URL is set, .* but SPECGATE_SECRET is not/);
    expect(refusal).not.toMatch(/hunter2|db\.internal/);
    expect(() => resolve("sqlite::memory:")).not.toThrow();
  });

  it("refuses to manage keys that outlive the process without a secret that does, and where they do not, it takes them", () => {
    const token = "an-admin-token-of-the-tests";
    const resolve = (more: object, flags: object = {}) =>
      resolveConfig({ api: "a" }, readEnvironment({ SPECGATE_ADMIN_TOKEN: token, ...more }), {
        upstreamUrl: "https://a.example",
        ...flags,
      });
    expect(() => resolve({})).toThrow(/SPECGATE_ADMIN_TOKEN is set, .* but SPECGATE_SECRET is not/);
    expect(() => resolve({})).not.toThrow(token);
    expect(() => resolve({ SPECGATE_SECRET: "a-secret-of-32-characters-000000" })).not.toThrow();
    expect(() => resolve({ DATABASE_URL: "sqlite::memory:" })).not.toThrow();
    expect(() => resolve({}, { inMemory: true })).not.toThrow();
  });

  it("refuses a shared store without a secret that outlives the process, and does not show its URL", () => {
    const resolve = () =>
      resolveConfig({ api: "a" }, readEnvironment({ REDIS_URL: "redis://:hunter2@redis.internal" }), {});
    expect(resolve).toThrow("SPECGATE_SECRET is not: set it");
    expect(resolve).not.toThrow(/hunter2|redis\.internal/);
  });
});
