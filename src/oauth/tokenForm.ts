/** How our tokens begin, so that one is never taken for a key of the API and sent there, and scanners of leaked secrets know it. */
export const tokenPrefixes = { AccessToken: "mcp_at_", RefreshToken: "mcp_rt_" } as const;

/** Whether a text is meant as a token of ours: a cut one too, or a refresh token where an access token belongs. */
export function looksLikeToken(text: string): boolean {
  return Object.values(tokenPrefixes).some((prefix) => text.startsWith(prefix));
}
