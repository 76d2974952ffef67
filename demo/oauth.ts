import type { GatewayFile } from "../src/index.ts";

/**
 * The `oauth` of Beacon's gateway.yaml, as an API owner would write it: people sign in at the demo's provider or with a key of Beacon's,
 * choose an organisation and status pages, and each connection gets a narrow key of its own at Beacon.
 */
export function demoOAuth(issuer: string): NonNullable<GatewayFile["oauth"]> {
  return {
    mode: "server",
    signIn: { oidc: { issuer, clientId: "specgate", name: "Beacon accounts" }, key: true },
    adminClaim: { role: "admin" },
    bind: { pages: { argument: "pageId", elsewhere: "allow" } },
    consent: {
      organisations: { operation: "listOrganisations" },
      pages: { operation: "listStatusPages", label: "Status pages" },
      headers: { "x-organisation-id": "{organisation.id}" },
      mint: {
        operation: "createApiKey",
        arguments: { name: "{name}", scopes: "{scopes}" },
        scopes: { "mcp.read": ["read"], "mcp.write": ["read", "write"], "mcp.delete": ["read", "write", "delete"] },
      },
      unmint: { operation: "deleteApiKey", arguments: { apiKeyId: "{key}" } },
    },
    extraRedirectSchemes: ["cursor"],
  };
}
