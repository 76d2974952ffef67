import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Authenticate } from "../../../auth/authenticate.ts";
import type { KeyActor } from "../../../auth/gatewayKeys.ts";
import { adminScope } from "../../../auth/scopes.ts";
import { GatewayError } from "../../../errors.ts";
import type { Secret } from "../../../telemetry/secret.ts";
import { blamedFor } from "../../address.ts";

export interface AdminAccessOptions {
  /** `SPECGATE_ADMIN_TOKEN`; absent: only keys with the scope `admin.keys`. */
  readonly token?: Secret;
  /** Knows gateway keys alone: what is sent here goes to no upstream. */
  readonly authenticate: Authenticate;
  /** Whether scopes include `admin.keys`. */
  readonly mayAdminister: (scopes: readonly string[]) => boolean;
}

/**
 * Who manages: the admin token as `Authorization: Bearer`, for every organisation; or a gateway key with the scope `admin.keys`, for
 * its own. Null where there is neither a token in the configuration nor such a key in the request: then there is no admin API.
 * Throws `unauthenticated` and `insufficient_scope`.
 */
export async function adminOf(
  req: IncomingMessage,
  { token, authenticate, mayAdminister }: AdminAccessOptions,
): Promise<KeyActor | null> {
  if (token !== undefined && isToken(req, token)) return { id: "admin" };
  try {
    const { id, organisation, scopes } = await authenticate(req.rawHeaders, blamedFor(req));
    if (organisation !== null && mayAdminister(scopes ?? [])) return { id, organisation: organisation.id };
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
