import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readEnvironment } from "../../src/config/environment.ts";
import { testFolder } from "../fakes/folder.ts";

describe("readEnvironment", () => {
  it("gives defaults when nothing is set, and takes an empty variable for unset", () => {
    expect(readEnvironment({ PORT: "", PUBLIC_URL: " " })).toEqual({
      allowedHosts: [],
      allowedOrigins: [],
      readOnly: false,
      upstreamUrls: new Map(),
      upstreamApiKeys: new Map(),
      secrets: [],
      instances: 1,
    });
  });

  it("reads what is one upstream's alone by its name, and lists of names", () => {
    const { upstreamUrls, upstreamApiKeys, upstreamApiKey, ...names } = readEnvironment({
      UPSTREAM_URL_EU: "https://eu.example.com/",
      UPSTREAM_API_KEY: "first",
      UPSTREAM_API_KEY_EU_STAGING: "second",
      SPECGATE_TOOLS: "a, b,",
      SPECGATE_TOOLSETS: "",
      SPECGATE_EXCLUDE_TOOLS: "c",
    });
    expect([...upstreamUrls]).toEqual([["EU", "https://eu.example.com"]]);
    expect([...upstreamApiKeys].map(([name, key]) => [name, key.reveal()])).toEqual([["EU_STAGING", "second"]]);
    expect([upstreamApiKey?.reveal(), names.tools, names.toolsets, names.excludeTools]).toEqual([
      "first",
      ["a", "b"],
      undefined,
      ["c"],
    ]);
  });

  it("reads every variable", () => {
    const environment = readEnvironment({
      SPECGATE_CONFIG: "a/gateway.yaml",
      PORT: "8080",
      HOST: "0.0.0.0",
      METRICS_PORT: "9464",
      PUBLIC_URL: "https://mcp.example.com/",
      ALLOWED_HOSTS: "a.example.com, b.example.com",
      ALLOWED_ORIGINS: "https://app.example.com",
      UPSTREAM_URL: "https://api.example.com/v1/",
      LOG_LEVEL: "debug",
      SPECGATE_READ_ONLY: "yes",
      INSTANCES: "3",
      DRAIN_READY_MS: "0",
      DRAIN_GRACE_MS: "60000",
    });
    expect(environment).toMatchObject({
      config: "a/gateway.yaml",
      port: 8080,
      host: "0.0.0.0",
      metricsPort: 9464,
      publicUrl: "https://mcp.example.com",
      allowedHosts: ["a.example.com", "b.example.com"],
      upstreamUrl: "https://api.example.com/v1",
      readOnly: true,
      instances: 3,
      drainReadyMs: 0,
      drainGraceMs: 60_000,
    });
  });

  it("reads secrets from the variable or from the file that _FILE names, and shows neither", () => {
    const file = join(testFolder(), "key");
    writeFileSync(file, "upstream-key-1\n");
    const environment = readEnvironment({
      UPSTREAM_API_KEY_FILE: file,
      SPECGATE_SECRET: "first-secret-000001,second-secret-0002",
    });
    expect(environment.upstreamApiKey?.reveal()).toBe("upstream-key-1");
    expect(environment.secrets.map((one) => one.reveal())).toEqual(["first-secret-000001", "second-secret-0002"]);
    expect(JSON.stringify(environment)).not.toMatch(/upstream-key|first-secret/);
  });

  const faults = [
    { given: { PORT: "http" }, want: 'PORT is "http"' },
    { given: { METRICS_PORT: "-1" }, want: 'METRICS_PORT is "-1"' },
    { given: { PORT: "70000" }, want: 'PORT is "70000"' },
    { given: { INSTANCES: "0" }, want: 'INSTANCES is "0"' },
    { given: { DRAIN_READY_MS: "5s" }, want: 'DRAIN_READY_MS is "5s"; give milliseconds' },
    { given: { DRAIN_GRACE_MS: "-1" }, want: 'DRAIN_GRACE_MS is "-1"; give milliseconds' },
    { given: { PUBLIC_URL: "mcp.example.com" }, want: "PUBLIC_URL is not an http(s) URL" },
    {
      given: { UPSTREAM_URL: "https://user:pass@api.example.com" },
      want: "UPSTREAM_URL is not an http(s) URL without user",
    },
    { given: { LOG_LEVEL: "loud" }, want: 'LOG_LEVEL is "loud"; allowed: fatal' },
    { given: { SPECGATE_READ_ONLY: "maybe" }, want: 'SPECGATE_READ_ONLY is "maybe"' },
    { given: { SPECGATE_SECRET: "short" }, want: "SPECGATE_SECRET holds a secret of fewer than 16 characters" },
    {
      given: { UPSTREAM_API_KEY_FILE: "/nowhere/key" },
      want: 'UPSTREAM_API_KEY_FILE names "/nowhere/key", which cannot be read (ENOENT)',
    },
  ];
  for (const { given, want } of faults)
    it(`refuses ${Object.keys(given)[0]} with: ${want}`, () => expect(() => readEnvironment(given)).toThrow(want));

  it("reports every fault at once and never a secret's text", () => {
    const read = () => readEnvironment({ PORT: "x", INSTANCES: "x", SPECGATE_SECRET: "tiny" });
    expect(read).toThrow(/PORT.*SPECGATE_SECRET.*INSTANCES/s);
    expect(read).not.toThrow(/tiny/);
  });
});
