import type { Secret } from "../telemetry/secret.ts";
import type { Principal } from "./principal.ts";

/** Knows OAuth access tokens; `src/oauth` makes it. */
export interface TokenVerifier {
  /** Whether a text is meant as an access token, a cut or expired one too. Such a text is never passed on to an upstream. */
  readonly takes: (credential: Secret) => boolean;
  /** Whether it was good when it was last looked at. */
  readonly wasGood: (credential: Secret) => boolean;
  /**
   * Who sends the token, of kind `connection`; null for one that is unknown, expired, revoked or for another resource than this
   * URL. Throws `store_unavailable` when it cannot say: a 401 would make a client throw a good token away.
   */
  readonly verify: (credential: Secret, resource: string) => Promise<Principal | null>;
}
