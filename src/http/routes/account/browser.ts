import type { IncomingMessage } from "node:http";
import { GatewayError } from "../../../errors.ts";
import type { BrowserSession, BrowserSessions } from "../../../oauth/signIn/browserSession.ts";

/** Carries the token of a page's session. */
const csrfHeader = "x-csrf-token";

/**
 * Who sends a request from one of our pages. Throws `unauthenticated` (401) for nobody, and `not_permitted` (403) for a request that
 * may change something and does not carry the token of the session.
 */
export async function sessionOf(req: IncomingMessage, sessions: BrowserSessions): Promise<BrowserSession> {
  const session = await sessions.of(req);
  if (session === null)
    throw new GatewayError("unauthenticated", "you are not signed in, or your sign-in is over", {
      next: "Load the page again, and sign in.",
    });
  if (req.method !== "GET" && req.method !== "HEAD") sessions.assertCsrf(req, req.headers[csrfHeader]);
  return session;
}

/** {@link sessionOf} for those with the admin role. Throws `not_permitted` for others. */
export async function adminSessionOf(req: IncomingMessage, sessions: BrowserSessions): Promise<BrowserSession> {
  const session = await sessionOf(req, sessions);
  if (session.who.isAdmin) return session;
  throw new GatewayError("not_permitted", "this is for administrators, and your account is not one", {
    next: "Sign in with an account that is.",
  });
}
