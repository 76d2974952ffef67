import { describe, expect, it } from "vitest";
import { isRegistered, redirectFault, redirectView } from "../../src/oauth/redirectUri.ts";

/** oauth.md §6. */
describe("a redirect URI", () => {
  it.each([
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
    "https://vscode.dev/redirect",
    "https://app.example:8443/cb?x=1",
    "http://localhost/callback",
    "http://localhost:3118/callback",
    "http://127.0.0.1:33418/",
    "http://127.0.0.1:33418",
    "http://127.0.0.2/cb",
    "http://[::1]:9/cb",
  ])("is accepted: %s", (uri) => {
    expect(redirectFault(uri, [])).toBeNull();
  });

  it.each([
    "http://127.1/cb",
    "http://0x7f.1/cb",
    "http://2130706433/cb",
    "http://127.0.0.01/cb",
    "http://127.0.0.256/cb",
    "http://0177.0.0.1/cb",
    "http://[::ffff:127.0.0.1]/cb",
    "http://[0:0:0:0:0:0:0:1]/cb",
    "http://LOCALHOST/cb",
    "http://localhost./cb",
    "http://localhost.evil/cb",
    "http://evil.example/cb",
    "https://user@host/cb",
    "https://user:pass@host/cb",
    "http://localhost@evil.example/cb",
    "https://claude.ai/cb#fragment",
    "https://claude.ai/cb#",
    "http://localhost:99999/cb",
    "http://localhost:x/cb",
    "https:claude.ai/cb",
    "https:///cb",
    "https://claude.ai\\@evil.example/cb",
    "https://claude.ai/\ncb",
    " https://claude.ai/cb",
    "https://ｃlaude.ai/cb",
    "https://0x7f.1/cb",
    "https://2130706433/cb",
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "about:blank",
    "blob:https://x/y",
    "vbscript:x",
    "ftp://x/cb",
    "com.example.app:/cb",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "/relative",
    "",
  ])("is refused: %j", (uri) => {
    expect(redirectFault(uri, [])).toEqual(expect.any(String));
  });

  it("may have a scheme that the operator allows, and no other", () => {
    const uri = "cursor://anysphere.cursor-mcp/oauth/callback";
    expect(redirectFault(uri, ["cursor"])).toBeNull();
    expect(redirectFault(`${uri}#x`, ["cursor"])).not.toBeNull();
    expect(redirectFault("cursors://x/cb", ["cursor"])).not.toBeNull();
  });

  it.each([
    ["https://claude.ai/cb", "https://claude.ai/cb", true],
    ["https://claude.ai/cb", "https://claude.ai/cb/", false],
    ["https://claude.ai/cb", "https://claude.ai:443/cb", false],
    ["https://claude.ai/cb", "https://claude.ai.evil/cb", false],
    ["http://localhost/callback", "http://localhost:3118/callback", true],
    ["http://localhost:1/callback", "http://localhost:2/callback", true],
    ["http://localhost:1/callback", "http://localhost/callback", true],
    ["http://localhost/callback", "http://localhost:3118/other", false],
    ["http://localhost/callback", "http://localhost:3118/callback?x=1", false],
    ["http://127.0.0.1/cb", "http://localhost/cb", false],
    ["http://127.0.0.1/cb", "http://127.0.0.2/cb", false],
    ["http://127.0.0.1/cb", "http://127.1:5/cb", false],
    ["http://[::1]/cb", "http://[::1]:9/cb", true],
    ["http://localhost/cb", "https://localhost:9/cb", false],
    ["http://localhost/cb", "http://localhost@evil.example/cb", false],
  ])("registered as %s and used as %s: %s", (registered, used, want) => {
    expect(isRegistered(used, [registered])).toBe(want);
  });

  it.each([
    [
      "https://claude.ai/cb",
      { host: "claude.ai", isLoopback: false, isCustomScheme: false, formAction: "https://claude.ai" },
    ],
    [
      "http://localhost:3118/cb",
      { host: "localhost:3118", isLoopback: true, isCustomScheme: false, formAction: "http://localhost:3118" },
    ],
    [
      "cursor://anysphere.cursor-mcp/cb",
      { host: "cursor:", isLoopback: false, isCustomScheme: true, formAction: "cursor:" },
    ],
  ])("is shown: %s", (uri, want) => {
    expect(redirectView(uri)).toEqual({ uri, ...want });
  });
});
