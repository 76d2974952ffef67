import { describe, expect, it } from "vitest";
import { parseGatewayFile } from "../../src/config/load.ts";
import { resolveSignIn, type SignInConfig, type SignInFile } from "../../src/config/signIn.ts";
import { Secret } from "../../src/telemetry/secret.ts";

const oidc = { issuer: "https://login.example", clientId: "gateway" };
const mint = { operation: "createApiKey" };
const check = { operation: "getMe", cacheSeconds: 60, refusedStatuses: [401, 403] } as const;

describe("sign-in in gateway.yaml", () => {
  it("is by keys alone where nothing is said", () => {
    const { key, oidc: none, upstreamCredential, consent } = resolveSignIn({}, { check });
    expect([key, none, upstreamCredential, consent.me]).toEqual([true, undefined, "pasted", check]);
    expect(consent.credential).toEqual({ header: "authorization", prefix: "Bearer " });
  });

  it("is at the provider alone where that is named, unless keys are allowed as well", () => {
    const secret = new Secret("of the client");
    const resolved = resolveSignIn({ signIn: { oidc }, consent: { mint } }, { check, clientSecret: secret });
    expect(resolved).toMatchObject({ key: false, upstreamCredential: "mint" });
    expect(resolved.oidc).toEqual({
      ...oidc,
      scopes: ["openid", "profile", "email"],
      parameters: {},
      clientSecret: secret,
    });
    expect(resolveSignIn({ signIn: { oidc, key: true }, consent: { mint } }, {}).key).toBe(true);
  });

  it("fills in where ids, names and keys stand in answers", () => {
    const consent: NonNullable<SignInFile["consent"]> = {
      me: { operation: "whoAmI", scopes: "rights" },
      organisations: { operation: "listTeams" },
      pages: { operation: "listBoards", items: "boards", id: "slug" },
      mint,
    };
    const want: Partial<SignInConfig["consent"]> = {
      me: { operation: "whoAmI", scopes: { path: "rights" }, refusedStatuses: [401, 403] },
      organisations: { operation: "listTeams", arguments: {}, id: "id", name: "name" },
      pages: { operation: "listBoards", arguments: {}, items: "boards", id: "slug", name: "name", label: "Pages" },
      mint: { operation: "createApiKey", arguments: {}, key: "key", keyRef: "id" },
    };
    expect(resolveSignIn({ consent }, {}).consent).toMatchObject(want);
  });

  const faults: readonly { readonly given: SignInFile; readonly says: string }[] = [
    { given: { signIn: { key: false } }, says: "oauth.signIn leaves no way to sign in" },
    { given: { signIn: { oidc } }, says: "oauth.upstreamCredential is pasted" },
    { given: { signIn: { oidc }, upstreamCredential: "mint" }, says: "oauth.consent.mint does not name" },
    ...["http://login.example", "https://user@login.example", "https://login.example?x=1", "login.example"].map(
      (issuer) => ({
        given: { signIn: { oidc: { ...oidc, issuer } }, upstreamCredential: "userToken" as const },
        says: "oauth.signIn.oidc.issuer is not an https URL",
      }),
    ),
  ];
  for (const { given, says } of faults)
    it(`is refused: ${says}, for ${JSON.stringify(given)}`, () => {
      expect(() => resolveSignIn(given, {})).toThrow(says);
    });

  it("takes http for a provider on this machine", () => {
    const given: SignInFile = {
      signIn: { oidc: { ...oidc, issuer: "http://localhost:4020" } },
      upstreamCredential: "userToken",
    };
    expect(resolveSignIn(given, {}).oidc?.issuer).toBe("http://localhost:4020");
  });

  it("names what is misspelt, with its line", () => {
    const text =
      "api: test\noauth:\n  mode: server\n  signIn:\n    oidc: { isuer: https://login.example, clientId: x }\n";
    expect(() => parseGatewayFile("gateway.yaml", text)).toThrow(/gateway\.yaml:5: .*isuer/);
  });
});
