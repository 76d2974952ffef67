import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { startServer, type TestServer } from "./server.ts";

async function json(
  url: string,
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: unknown }> {
  const answer = await fetch(url);
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

/** A request that says of itself what it likes. */
function forged(server: TestServer, path: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const url = new URL(path, server.url);
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: url.port, path, headers }, (res) => {
      let text = "";
      res.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      res.on("end", () => resolve(text));
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("the metadata", () => {
  it("13.2: of the resource is as clients expect it, at both places", async () => {
    const server = await startServer();
    const document = {
      resource: `${server.url}/mcp`,
      authorization_servers: [server.url],
      scopes_supported: ["mcp.read"],
      bearer_methods_supported: ["header"],
      resource_name: "Beacon",
    };
    for (const path of ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"]) {
      const { status, headers, body } = await json(`${server.url}${path}`);
      expect({ status, body }).toEqual({ status: 200, body: document });
      expect(headers.get("cache-control")).toBe("public, max-age=300");
      expect(headers.get("access-control-allow-origin")).toBe("*");
    }
    expect(server.oauth.metadata("/mcp")).toEqual(document);
    expect(server.oauth.metadata("/other")).toBeNull();
  });

  it("of each Surface is at its own path", async () => {
    const surfaces = [
      { path: "/mcp", title: "Beacon" },
      { path: "/api/mcp/mcp", title: "Beacon, all" },
    ];
    const server = await startServer({ surfaces });
    const { body } = await json(`${server.url}/.well-known/oauth-protected-resource/api/mcp/mcp`);
    expect(body).toMatchObject({ resource: `${server.url}/api/mcp/mcp`, resource_name: "Beacon, all" });
    expect((await json(`${server.url}/.well-known/oauth-protected-resource/keys`)).status).toBe(404);
  });

  it("13.2: of the authorization server is as clients expect it, at both places", async () => {
    const server = await startServer();
    const at = (path: string): string => `${server.url}/mcp/oauth/${path}`;
    const golden = {
      issuer: server.url,
      authorization_endpoint: at("authorize"),
      token_endpoint: at("token"),
      registration_endpoint: at("register"),
      revocation_endpoint: at("revoke"),
      jwks_uri: at("jwks"),
      authorization_response_iss_parameter_supported: true,
      claim_types_supported: ["normal"],
      claims_parameter_supported: false,
      claims_supported: ["sub", "sid", "auth_time", "iss"],
      client_id_metadata_document_supported: true,
      code_challenge_methods_supported: ["S256"],
      grant_types_supported: ["authorization_code", "refresh_token"],
      id_token_signing_alg_values_supported: ["ES256"],
      request_uri_parameter_supported: false,
      response_modes_supported: ["form_post", "fragment", "query"],
      response_types_supported: ["code"],
      scopes_supported: ["offline_access", "mcp.read", "mcp.write", "mcp.delete", "openid"],
      subject_types_supported: ["public"],
      token_endpoint_auth_methods_supported: ["none", "private_key_jwt"],
    };
    for (const path of ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]) {
      const { status, headers, body } = await json(`${server.url}${path}`);
      const { token_endpoint_auth_signing_alg_values_supported: algorithms, ...rest } = body as typeof golden & {
        token_endpoint_auth_signing_alg_values_supported: string[];
      };
      expect({ status, rest }).toEqual({ status: 200, rest: golden });
      expect(algorithms.filter((one) => one.startsWith("HS"))).toEqual([]);
      expect(headers.get("cache-control")).toBe("public, max-age=300");
    }
  });

  it.each([
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/openid-configuration/mcp",
    "/.well-known/oauth-protected-resource/",
    "/.well-known/jwks.json",
    "/mcp/oauth",
    "/mcp/oauth/userinfo",
    "/mcp/oauth/introspect",
    "/session/end/confirm",
    "/mcp/oauth/register/some-client",
    "/mcp/oauth/par",
  ])("is not at %s", async (path) => {
    const server = await startServer();
    expect((await fetch(`${server.url}${path}`)).status).toBe(404);
  });

  it("T14: is the same whatever Host a request names", async () => {
    const server = await startServer();
    const paths = [
      "/.well-known/oauth-authorization-server",
      "/.well-known/oauth-protected-resource",
      "/mcp/oauth/jwks",
    ];
    for (const path of paths) {
      const honest = await (await fetch(`${server.url}${path}`)).text();
      for (const headers of [
        { host: "evil.example" },
        { host: "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" },
        {
          host: new URL(server.url).host,
          "x-forwarded-host": "evil.example",
          forwarded: "host=evil.example;proto=https",
        },
        { host: new URL(server.url).host, "x-forwarded-proto": "javascript" },
      ]) {
        expect(await forged(server, path, headers), `${path} ${JSON.stringify(headers)}`).toBe(honest);
      }
    }
  });

  it("publishes public keys and nothing of the private ones", async () => {
    const server = await startServer();
    const { body } = await json(`${server.url}/mcp/oauth/jwks`);
    expect(body).toEqual({
      keys: [
        {
          kty: "EC",
          crv: "P-256",
          alg: "ES256",
          use: "sig",
          kid: expect.any(String),
          x: expect.any(String),
          y: expect.any(String),
        },
      ],
    });
  });
});
