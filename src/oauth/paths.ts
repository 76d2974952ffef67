/** Paths of the authorization server (oauth.md §2), in the names of its library. */
export const endpoints = {
  authorization: "/mcp/oauth/authorize",
  token: "/mcp/oauth/token",
  revocation: "/mcp/oauth/revoke",
  registration: "/mcp/oauth/register",
  jwks: "/mcp/oauth/jwks",
} as const;

/** Where the pages of one interaction are, followed by its id. */
export const interactionPath = "/mcp/oauth/interaction";

/** https://www.rfc-editor.org/rfc/rfc9728#section-3; the path of a Surface follows. */
export const resourceMetadataPath = "/.well-known/oauth-protected-resource";

/** Both answer the same document. */
export const serverMetadataPaths = [
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
] as const;
