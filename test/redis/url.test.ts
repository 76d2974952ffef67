import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseRedisUrl } from "../../src/redis/url.ts";
import { Secret } from "../../src/telemetry/secret.ts";

const folder = mkdtempSync(join(tmpdir(), "specgate-url-"));
const caFile = join(folder, "ca.pem");
writeFileSync(caFile, "PEM");
afterAll(() => rmSync(folder, { recursive: true }));

const cases = [
  {
    name: "a host alone",
    given: "redis://cache",
    want: { kind: "single", nodes: [{ host: "cache", port: 6379 }], db: 0 },
  },
  {
    name: "port and database",
    given: "redis://10.0.0.1:6380/3",
    want: { kind: "single", nodes: [{ host: "10.0.0.1", port: 6380 }], db: 3 },
  },
  {
    name: "an IPv6 address",
    given: "redis://[::1]:6380",
    want: { kind: "single", nodes: [{ host: "::1", port: 6380 }], db: 0 },
  },
  {
    name: "user and password, percent-encoded or with an @",
    given: "redis://me:p%2Fa@ss@cache:1/",
    want: { kind: "single", nodes: [{ host: "cache", port: 1 }], db: 0, username: "me", password: "p/a@ss" },
  },
  {
    name: "a password alone",
    given: "redis://:pass@cache",
    want: { kind: "single", nodes: [{ host: "cache", port: 6379 }], db: 0, password: "pass" },
  },
  {
    name: "TLS",
    given: "rediss://cache",
    want: { kind: "single", nodes: [{ host: "cache", port: 6379 }], db: 0, tls: {} },
  },
  {
    name: "TLS with authorities of its own",
    given: `rediss://cache?caFile=${encodeURIComponent(caFile)}`,
    want: { kind: "single", nodes: [{ host: "cache", port: 6379 }], db: 0, tls: { ca: "PEM" } },
  },
  {
    name: "sentinels",
    given: "redis+sentinel://:data@s1:26380,s2/main/2?sentinelUsername=watch&sentinelPassword=guard",
    want: {
      kind: "sentinel",
      nodes: [
        { host: "s1", port: 26380 },
        { host: "s2", port: 26379 },
      ],
      name: "main",
      db: 2,
      password: "data",
      sentinelUsername: "watch",
      sentinelPassword: "guard",
    },
  },
  {
    name: "a cluster",
    given: "rediss+cluster://n1:7000,n2:7001",
    want: {
      kind: "cluster",
      nodes: [
        { host: "n1", port: 7000 },
        { host: "n2", port: 7001 },
      ],
      db: 0,
      tls: {},
    },
  },
];

const faults = [
  { name: "another scheme", given: "http://cache", want: /is not a Redis URL/ },
  { name: "no scheme", given: "cache:6379", want: /is not a Redis URL/ },
  { name: "several hosts of one server", given: "redis://a,b", want: /names several hosts/ },
  { name: "sentinels without a name", given: "redis+sentinel://s1,s2", want: /names no master/ },
  { name: "a port that is none", given: "redis://cache:70000", want: /has a host that is not name:port/ },
  { name: "an empty host between commas", given: "redis+cluster://a,,b", want: /has a host that is not name:port/ },
  { name: "a database that is no number", given: "redis://cache/main", want: /not the number of a database/ },
  { name: "a database in a cluster", given: "redis+cluster://a/1", want: /has only number 0/ },
  { name: "an unknown setting", given: "redis://cache?tls=1", want: /unknown setting/ },
  { name: "authorities without TLS", given: "redis://cache?caFile=/x", want: /begin it with rediss/ },
  {
    name: "authorities that are not there",
    given: "rediss://cache?caFile=/not/there",
    want: /cannot be read \(ENOENT\)/,
  },
  { name: "a stray %", given: "redis://me:100%@cache", want: /write % as %25/ },
];

describe("REDIS_URL", () => {
  for (const { name, given, want } of cases) {
    it(`tells ${name}`, () => {
      const { password, sentinelPassword, ...rest } = parseRedisUrl(new Secret(given));
      const revealed = {
        ...rest,
        ...(password === undefined ? {} : { password: password.reveal() }),
        ...(sentinelPassword === undefined ? {} : { sentinelPassword: sentinelPassword.reveal() }),
      };
      expect(revealed).toEqual(want);
    });
  }
  for (const { name, given, want } of faults) {
    it(`refuses ${name} without showing it`, () => {
      const parse = (): unknown => parseRedisUrl(new Secret(given));
      expect(parse).toThrow(expect.objectContaining({ code: "invalid_request", message: expect.stringMatching(want) }));
      expect(parse).not.toThrow(given);
    });
  }
});
