import type { IncomingMessage, ServerResponse } from "node:http";
import { type Keys, sign, verifies } from "../../auth/keys.ts";
import { GatewayError } from "../../errors.ts";
import type { Named } from "../../storage/port.ts";
import { readCookie, setCookie } from "./cookies.ts";
import { hashOf, type Records } from "./records.ts";

/** Somebody who signed in, and by what: enough to ask the API on their behalf. Kept encrypted. */
export interface SignedIn {
  readonly user: Named;
  /** Of a key, the one it belongs to. Null: to be chosen. */
  readonly organisation: Named | null;
  /** The claims of `oauth.adminClaim` are all there. */
  readonly isAdmin: boolean;
  readonly by: SignInMeans;
}

/** What was shown to sign in. */
export type SignInMeans =
  | {
      readonly means: "oidc";
      readonly token: string;
      /** Present when the provider gave one. */
      readonly refreshToken?: string;
      /** Milliseconds since the epoch; absent: the provider did not say. */
      readonly expiresAtMs?: number;
    }
  /** A key of the API. */
  | { readonly means: "key"; readonly key: string }
  | { readonly means: "gatewayKey"; readonly key: string };

/** One browser that is signed in. */
export interface BrowserSession {
  /** Names it, and opens nothing. */
  readonly id: string;
  readonly who: SignedIn;
  /** To be sent back with every form, see {@link BrowserSessions.assertCsrf}. Worthless to any other session and after it. */
  readonly csrfToken: string;
}

/** Who is signed in at the gateway's own pages. A session lives an hour; every replica knows it. */
export interface BrowserSessions {
  /** Null: nobody. Throws `store_unavailable`. */
  readonly of: (req: IncomingMessage) => Promise<BrowserSession | null>;
  /** A new session under a new name; what the browser had before is over. */
  readonly start: (req: IncomingMessage, res: ServerResponse, who: SignedIn) => Promise<void>;
  /** On every replica, and for every copy of the cookie. */
  readonly signOut: (req: IncomingMessage, res: ServerResponse) => Promise<void>;
  /** Throws `not_permitted` (403) when the form was not sent by a page of this session. */
  readonly assertCsrf: (req: IncomingMessage, token: unknown) => void;
}

export interface BrowserSessionsOptions {
  readonly records: Records<SignedIn>;
  /** Keys of the purpose `csrf`. */
  readonly csrfKeys: Keys;
}

const cookieName = "__Host-mcp_session";
/** oauth.md §9 */
const sessionSeconds = 3_600;

/** {@link BrowserSessions} over records that all replicas share. */
export function createBrowserSessions({ records, csrfKeys }: BrowserSessionsOptions): BrowserSessions {
  return {
    signOut: async (req, res) => {
      const name = readCookie(req, cookieName);
      if (name === null) return;
      await records.end(name);
      setCookie(res, cookieName, "", 0);
    },
    of: async (req) => {
      const name = readCookie(req, cookieName);
      const who = name === null ? null : await records.find(name);
      if (name === null || who === null) return null;
      return { id: hashOf(name), who, csrfToken: formToken(csrfKeys, "session", name) };
    },
    start: async (req, res, who) => {
      const before = readCookie(req, cookieName);
      if (before !== null) await records.end(before);
      setCookie(res, cookieName, await records.make(who, sessionSeconds), sessionSeconds);
    },
    assertCsrf: (req, token) => assertFormToken(csrfKeys, token, "session", readCookie(req, cookieName) ?? ""),
  };
}

/** What a form of ours carries, made of what it is for and of whom it is shown to. */
export function formToken(csrfKeys: Keys, ...facts: readonly string[]): string {
  return sign(csrfKeys, facts.join("\n"));
}

/** Throws `not_permitted` (403) unless `given` is what {@link formToken} makes of these. */
export function assertFormToken(csrfKeys: Keys, given: unknown, ...facts: readonly string[]): void {
  if (typeof given === "string" && verifies(csrfKeys, facts.join("\n"), given)) return;
  throw new GatewayError("not_permitted", "this form is out of date, or was not sent from a page of ours", {
    next: "Go back, load the page again, and try once more.",
  });
}
