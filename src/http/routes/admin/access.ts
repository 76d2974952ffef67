import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Authenticate } from "../../../auth/authenticate.ts";
import type { KeyActor } from "../../../auth/gatewayKeys.ts";
import { adminScope } from "../../../auth/scopes.ts";
import { GatewayError } from "../../../errors.ts";
import type { BrowserSessions } from "../../../oauth/signIn/browserSession.ts";
import type { Secret } from "../../../telemetry/secret.ts";
import { blamedFor } from "../../address.ts";
import { adminSessionOf } from "../account/browser.ts";

export interface AdminAccessOptions {
  /** `SPECGATE_ADMIN_TOKEN`; absent: only keys with the scope `admin.keys`. */
  readonly token?: Secret;
  /** Knows gateway keys alone: what is sent here goes to no upstream. */
  readonly authenticate: Authenticate;
  /** Whether scopes include `admin.keys`. */
  readonly mayAdminister: (scopes: readonly string[]) => boolean;
  /** Who is signed in at `/admin`. Absent: nobody can. */
  readonly sessions?: BrowserSessions;
}

/**
 * Who manages: the admin token as `Authorization: Bearer`, for every organisation; or a gateway key with the scope `admin.keys`, for
 * its own; or a browser that is signed in with the admin role, for every organisation, with the token of its page. Null where there is
 * neither a token in the configuration nor such a key or session in the request: then there is no admin API. Throws `unauthenticated`,
 * `insufficient_scope` and `not_permitted`.
 */
export async function adminOf(
  req: IncomingMessage,
  { token, authenticate, mayAdminister, sessions }: AdminAccessOptions,
): Promise<KeyActor | null> {
  const { authorization, "x-api-key": key } = req.headers;
  if (sessions !== undefined && authorization === undefined && key === undefined && (await sessions.of(req)) !== null)
    return { kind: "user", id: (await adminSessionOf(req, sessions)).who.user.id };
  if (token !== undefined && isToken(req, token)) return { id: "admin" };
  try {
    const { id, organisation, scopes } = await authenticate(req.rawHeaders, blamedFor(req));
    if (organisation !== null && mayAdminister(scopes ?? [])) return { kind: "key", id, organisation: organisation.id };
    throw new GatewayError("insufficient_scope", `this needs the admin token, or a key with the scope ${adminScope}`, {
      data: { scopes: [adminScope] },
    });
  } catch (thrown) {
    const { code } = GatewayError.from(thrown);
    if (token === undefined && (code === "unauthenticated" || code === "insufficient_scope")) return null;
    throw thrown;
  }
}

/** Compares hashes, so that neither the length nor a common beginning of a guess shows in the time it takes. */
function isToken(req: IncomingMessage, token: Secret): boolean {
  const [, given] = /^Bearer[ \t]+(\S+)[ \t]*$/i.exec(req.headers.authorization ?? "") ?? [];
  return given !== undefined && timingSafeEqual(digest(given), digest(token.reveal()));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
