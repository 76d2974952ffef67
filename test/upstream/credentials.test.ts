import { describe, expect, it } from "vitest";
import type { UpstreamConfig } from "../../src/config/config.ts";
import type { SecurityRequirement, SecurityScheme } from "../../src/descriptor.ts";
import { Secret } from "../../src/telemetry/secret.ts";
import { configuredHeaders, credentialsFor } from "../../src/upstream/credentials.ts";
import { callerWith, errorOf, securityOf, upstreamConfig } from "./fixture.ts";

const schemes: Readonly<Record<string, SecurityScheme>> = {
  header: { type: "apiKey", in: "header", name: "X-Api-Key" },
  query: { type: "apiKey", in: "query", name: "api_key" },
  cookie: { type: "apiKey", in: "cookie", name: "sid" },
  basic: { type: "http", scheme: "Basic" },
  bearer: { type: "http", scheme: "bearer" },
  digest: { type: "http", scheme: "digest" },
  oauth: { type: "oauth2" },
  oidc: { type: "openIdConnect" },
  tls: { type: "mutualTLS" },
};

describe("the caller's key goes where the Spec wants it", () => {
  const cases: readonly {
    name: string;
    required?: readonly SecurityRequirement[];
    own?: readonly SecurityRequirement[];
    key?: string;
    config?: Partial<UpstreamConfig>;
    want: readonly string[];
  }[] = [
    { name: "in a header", required: [{ header: [] }], want: ["header X-Api-Key: k"] },
    { name: "in the query", required: [{ query: [] }], want: ["query api_key: k"] },
    { name: "in a cookie", required: [{ cookie: [] }], want: ["cookie sid: k"] },
    { name: "as bearer", required: [{ bearer: [] }], want: ["header authorization: Bearer k"] },
    { name: "as basic, a user name alone", required: [{ basic: [] }], want: ["header authorization: Basic azo="] },
    { name: "as basic, a pair", required: [{ basic: [] }], key: "u:p", want: ["header authorization: Basic dTpw"] },
    { name: "as an OAuth token", required: [{ oauth: ["read"] }], want: ["header authorization: Bearer k"] },
    { name: "as an OpenID token", required: [{ oidc: [] }], want: ["header authorization: Bearer k"] },
    {
      name: "in both of an AND",
      required: [{ header: [], query: [] }],
      want: ["header X-Api-Key: k", "query api_key: k"],
    },
    {
      name: "in the first of an OR that one key can satisfy",
      required: [{ digest: [] }, { query: [] }, { header: [] }],
      want: ["query api_key: k"],
    },
    {
      name: "in the named one where anonymous is allowed too",
      required: [{}, { header: [] }],
      want: ["header X-Api-Key: k"],
    },
    { name: "nowhere when only anonymous is allowed", required: [{}], want: [] },
    { name: "nowhere when no alternative can be satisfied", required: [{ digest: [] }, { unknown: [] }], want: [] },
    { name: "nowhere for a TLS certificate", required: [{ tls: [] }], want: [] },
    {
      name: "by the operation's own requirement",
      required: [{ header: [] }],
      own: [{ query: [] }],
      want: ["query api_key: k"],
    },
    { name: "nowhere for an operation with security: []", required: [{ header: [] }], own: [], want: [] },
    { name: "in the first scheme where the Spec requires none anywhere", want: ["header X-Api-Key: k"] },
    {
      name: "in the configured header instead",
      required: [{ bearer: [] }],
      config: { credential: { header: "APIKey" } },
      want: ["header APIKey: k"],
    },
    {
      name: "in the configured header with its prefix",
      config: { credential: { header: "Authorization", prefix: "Token " } },
      want: ["header Authorization: Token k"],
    },
    {
      name: "nowhere for security: [] in spite of a configured header",
      own: [],
      config: { credential: { header: "APIKey" } },
      want: [],
    },
    {
      name: "beside a fixed header that is the other half of an AND",
      required: [{ header: [], bearer: [] }],
      config: { headers: { "x-api-key": "app" } },
      want: ["header authorization: Bearer k"],
    },
  ];
  for (const { name, required = [], own, key = "k", config = {}, want } of cases) {
    it(name, () => {
      const got = credentialsFor(
        securityOf(schemes, required, own),
        upstreamConfig("http://h", config),
        callerWith(key),
      );
      const flat = (place: string, pairs: readonly (readonly [string, string])[]): string[] =>
        pairs.map(([header, value]) => `${place} ${header}: ${value}`);
      expect([...flat("header", got.headers), ...flat("query", got.query), ...flat("cookie", got.cookies)]).toEqual(
        want,
      );
    });
  }

  it("is the gateway's own where the caller brings none, and nothing where there is none", () => {
    const security = securityOf(schemes, [{ header: [] }]);
    const config = upstreamConfig("http://h", { apiKey: new Secret("own") });
    expect(credentialsFor(security, config, callerWith()).headers).toEqual([["X-Api-Key", "own"]]);
    expect(credentialsFor(security, config, callerWith("theirs")).headers).toEqual([["X-Api-Key", "theirs"]]);
    expect(credentialsFor(security, upstreamConfig("http://h"), callerWith()).headers).toEqual([]);
  });
});

describe("configured headers", () => {
  const config = upstreamConfig("http://h", {
    headers: { "X-Source": "mcp", "X-User": "u-{user.id}", "X-Org": "{organisation.id}/{principal.id}/{other}" },
  });

  it("are filled in from the principal", () => {
    const caller = callerWith("k", { user: { id: "7" }, organisation: { id: "acme" } });
    expect(configuredHeaders(config, caller)).toEqual([
      ["X-Source", "mcp"],
      ["X-User", "u-7"],
      ["X-Org", "acme/p1/{other}"],
    ]);
  });

  for (const user of [null, { id: "7\r\nX-Admin: 1" }, { id: "" }]) {
    it(`refuse a caller whose user is ${JSON.stringify(user)}: the API would take it for somebody else`, async () => {
      const caller = callerWith("k", { user, organisation: { id: "acme" } });
      expect((await errorOf(() => configuredHeaders(config, caller))).code).toBe("not_permitted");
    });
  }
});
