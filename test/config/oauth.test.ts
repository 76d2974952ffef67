import { describe, expect, it } from "vitest";
import { readEnvironment } from "../../src/config/environment.ts";
import { parseGatewayFile, resolveConfig } from "../../src/config/load.ts";
import type { OAuthConfig } from "../../src/config/oauth.ts";

const secret = "0123456789abcdef";
const server = { PUBLIC_URL: "https://gw.example", SPECGATE_SECRET: secret };

function resolved(yaml: string, env: Readonly<Record<string, string>> = server): OAuthConfig {
  const text = `api: beacon\nupstreams: { prod: { url: https://api.example } }\n${yaml}`;
  return resolveConfig(parseGatewayFile("gateway.yaml", text), readEnvironment(env), {}).oauth;
}

describe("oauth in gateway.yaml", () => {
  it("is off where nothing is said", () => {
    expect(resolved("")).toEqual({ mode: "off" });
    expect(resolved("oauth: { mode: off }", {})).toEqual({ mode: "off" });
    expect(resolved("oauth: { clientDocuments: open }", {})).toEqual({ mode: "off" });
  });

  it("fills in the server's defaults", () => {
    expect(resolved("oauth: { mode: server }")).toMatchObject({
      mode: "server",
      clients: [],
      registration: true,
      clientDocuments: "open",
      extraRedirectSchemes: [],
      bind: {},
    });
  });

  it("reads what arguments are bound", () => {
    const yaml =
      "oauth: { mode: server, bind: { organisation: org_id, pages: { argument: page_id, elsewhere: allow } } }";
    expect(resolved(yaml)).toMatchObject({
      bind: {
        organisation: { argument: "org_id", elsewhere: "hide" },
        pages: { argument: "page_id", elsewhere: "allow" },
      },
    });
  });

  it("fills in the defaults of a resource server", () => {
    const yaml =
      "oauth: { mode: resource, issuer: https://id.example, audience: https://gw.example/mcp, upstream: gateway }";
    expect(resolved(yaml)).toEqual({
      mode: "resource",
      issuer: "https://id.example",
      audience: "https://gw.example/mcp",
      tokenType: "at+jwt",
      clockToleranceSeconds: 30,
      claims: { user: "sub", scopes: "scope" },
      upstream: "gateway",
    });
  });

  it("tells every fault with its line", () => {
    const yaml = [
      "oauth:",
      "  mode: resource",
      "  issuer: ftp://x",
      "  registration: false",
      "  upstream: gateway",
    ].join("\n");
    expect(() => resolved(yaml)).toThrow(
      [
        "gateway.yaml:6: oauth.registration belongs to mode server, and the mode is resource",
        'gateway.yaml:3: oauth lacks "audience": without it a token that was issued for another service would be good here',
        "gateway.yaml:5: oauth.issuer is not an https URL without user, query and fragment",
      ].join("\n"),
    );
  });

  it.each([
    ["oauth: { mode: both }", 'oauth.mode is "both"; allowed: "off", "server", "resource"'],
    ["oauth: { mode: server, clients: [{ id: a }] }", 'oauth.clients.0: "redirectUris" is missing'],
    ["oauth: { mode: server, extraRedirectSchemes: [javascript] }", "names javascript, which is never allowed"],
    ["oauth: { mode: server, issuer: https://x }", "oauth.issuer belongs to mode resource"],
    ["oauth: { mode: resource }", 'lacks "issuer"'],
    ["oauth: { mode: resource, clockToleranceSeconds: 31 }", "oauth.clockToleranceSeconds is 31"],
    ["surfaces: { a: { oauth: maybe } }", 'surfaces.a.oauth is "maybe"'],
  ])("refuses %s", (yaml, message) => {
    expect(() => resolved(yaml)).toThrow(message);
  });

  const resource = "oauth: { mode: resource, issuer: https://id.example, audience: a";
  it.each([
    ["oauth: { mode: server }", { ...server, PUBLIC_URL: "http://gw.example" }, "must begin with https://"],
    ["oauth: { mode: server }", { ...server, PUBLIC_URL: "https://gw.example/base" }, "PUBLIC_URL without a path"],
    ["oauth: { mode: server }", { HOST: "0.0.0.0", SPECGATE_SECRET: secret }, "PUBLIC_URL is not set"],
    ["oauth: { mode: server }", { PUBLIC_URL: "https://gw.example" }, "SPECGATE_SECRET is not set"],
    [`${resource}, upstream: { exchange: { clientId: gw } } }`, server, "OAUTH_EXCHANGE_SECRET"],
    [`${resource}, upstream: { keys: { claim: org } } }`, server, "OAUTH_UPSTREAM_KEYS is not set"],
    [
      `${resource}, upstream: { keys: { claim: org } } }`,
      { ...server, OAUTH_UPSTREAM_KEYS: "[]" },
      "not a JSON object of keys",
    ],
    [
      `${resource}, upstream: { keys: { claim: org } } }`,
      { ...server, OAUTH_UPSTREAM_KEYS: '{"a":1}' },
      "not a JSON object of keys",
    ],
  ])("refuses to start with %s and %j", (yaml, env, message) => {
    expect(() => resolved(yaml, env)).toThrow(message);
  });

  it.each([{ PUBLIC_URL: "http://localhost:3000", SPECGATE_SECRET: secret }, { SPECGATE_SECRET: secret }])(
    "takes http on this machine: %j",
    (env) => {
      expect(resolved("oauth: { mode: server }", env).mode).toBe("server");
    },
  );
});
