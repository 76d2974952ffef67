import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Accounts } from "../../auth/account.ts";
import { GatewayError } from "../../errors.ts";
import type { SignedIn } from "./browserSession.ts";
import { readCookie, setCookie } from "./cookies.ts";
import type { Arrival, Departure, IdentityProvider } from "./provider.ts";
import { hashOf, type Records } from "./records.ts";

/** Kept from *Continue* until the browser is back. */
export interface Away {
  readonly departure: Departure;
  /** Path to go on to. */
  readonly to: string;
  /** Hash of the cookie of the browser that left. */
  readonly browser: string;
}

export interface OidcSignInOptions {
  readonly provider: IdentityProvider;
  readonly records: Records<Away>;
  readonly accounts: Accounts;
  /** See `oauth.adminClaim`. */
  readonly adminClaim?: Readonly<Record<string, string | number | boolean>>;
}

/** Sign-in by the API owner's provider, from *Continue* to the way back. */
export interface OidcSignIn {
  /** The provider's name, for the button. */
  readonly name: string;
  /** Marks the browser; resolves to where it is to be sent. */
  readonly leave: (res: ServerResponse, to: string, again: boolean) => Promise<string>;
  /** Who came back to the browser that left, and where they go on to. Throws `invalid_request` (400) for any other. */
  readonly comeBack: (
    req: IncomingMessage,
    res: ServerResponse,
  ) => Promise<{ readonly who: SignedIn; readonly to: string }>;
}

const awaySeconds = 600;
const cookieName = (state: string): string => `__Host-mcp_signin_${hashOf(state).slice(0, 8)}`;

/**
 * {@link OidcSignIn}. The cookie is set only after *Continue* (security.md T1), state and nonce count once, for ten minutes, and only
 * for the browser that left: a link that somebody else prepared signs nobody in.
 */
export function createOidcSignIn({ provider, records, accounts, adminClaim }: OidcSignInOptions): OidcSignIn {
  return {
    name: provider.name,
    leave: async (res, to, again) => {
      const mark = randomBytes(32).toString("base64url");
      return provider.depart(async (departure) => {
        const state = await records.make({ departure, to, browser: hashOf(mark) }, awaySeconds);
        setCookie(res, cookieName(state), mark, awaySeconds);
        return state;
      }, again);
    },
    comeBack: async (req, res) => {
      const query = new URL(req.url ?? "/", "http://localhost").search;
      const state = new URLSearchParams(query).get("state") ?? "";
      const mark = readCookie(req, cookieName(state));
      const away = mark === null ? null : await records.find(state);
      if (mark === null || away === null || hashOf(mark) !== away.browser) throw unknownState();
      setCookie(res, cookieName(state), "", 0);
      if ((await records.take(state)) === null) throw unknownState();
      const arrival = await provider.arrive(query, state, away.departure);
      return { who: await whoArrived(arrival, { accounts, adminClaim }), to: away.to };
    },
  };
}

async function whoArrived(
  { claims, token, refreshToken, expiresAtMs }: Arrival,
  { accounts, adminClaim }: { readonly accounts: Accounts; readonly adminClaim: OidcSignInOptions["adminClaim"] },
): Promise<SignedIn> {
  const claimed = { id: String(claims.sub), ...nameIn(claims) };
  const asking = { credential: token, kind: "token" as const, organisation: null, user: claimed };
  const identity = accounts.me === undefined ? undefined : await accounts.me(asking);
  if (identity === null)
    throw new GatewayError("not_permitted", "the API does not know you", {
      next: "Sign in with an account that can use it.",
    });
  return {
    user: identity?.user ? { ...claimed, ...identity.user } : claimed,
    // Where there is a list, it is chosen from that.
    organisation: accounts.organisations === undefined ? (identity?.organisation ?? null) : null,
    isAdmin:
      adminClaim !== undefined && Object.entries(adminClaim).every(([name, value]) => claimHolds(claims[name], value)),
    by: {
      means: "oidc",
      token: token.reveal(),
      ...(refreshToken && { refreshToken: refreshToken.reveal() }),
      ...(expiresAtMs !== undefined && { expiresAtMs }),
    },
  };
}

/** A claim of several values (`groups`) holds each of them. */
function claimHolds(claim: unknown, wanted: string | number | boolean): boolean {
  return Array.isArray(claim) ? claim.includes(wanted) : claim === wanted;
}

function nameIn({ name, preferred_username: handle, email }: Arrival["claims"]): { readonly name?: string } {
  const found = [name, handle, email].find((one) => typeof one === "string" && one.trim() !== "");
  return found === undefined ? {} : { name: String(found).slice(0, 200) };
}

function unknownState(): GatewayError {
  return new GatewayError(
    "invalid_request",
    "this sign-in was not begun in this browser, has been used, or took too long",
    {
      next: "Go back to the program that you want to connect, and start again there. Safari keeps no cookies for http://localhost: use another browser for that.",
    },
  );
}
