import { describe, expect, it } from "vitest";
import {
  approved,
  authorizeUrl,
  callback,
  connect,
  openBrowser,
  openInteraction,
  pkce,
  redeem,
  refresh,
  register,
  startServer,
  verified,
} from "./server.ts";

describe("the authorization server", () => {
  it("takes a client from registration to tokens, and knows its Principal", async () => {
    const server = await startServer();
    const tokens = await connect(server);
    expect(tokens).toMatchObject({ status: 200, token_type: "Bearer", expires_in: 3_600, scope: "mcp.read" });
    expect(tokens.headers.get("cache-control")).toBe("no-store");
    expect(tokens.access_token).toMatch(/^mcp_at_[\w-]{43}$/);
    expect(tokens.refresh_token).toMatch(/^mcp_rt_[\w-]{43}$/);
    const principal = await verified(server, tokens.access_token);
    expect(principal).toMatchObject({
      kind: "connection",
      user: { id: "u1", name: "Ada" },
      organisation: { id: "o1", name: "Acme" },
      scopes: ["mcp.read"],
    });
    expect(principal?.credential?.reveal()).toBe("upstream-key-of-ada");
    const next = await refresh(server, tokens.clientId, tokens.refresh_token);
    expect(next).toMatchObject({ status: 200, scope: "mcp.read" });
    expect((await verified(server, next.access_token))?.id).toBe(principal?.id);
    void [approved, authorizeUrl, callback, openBrowser, openInteraction, pkce, redeem, register];
  });
});
