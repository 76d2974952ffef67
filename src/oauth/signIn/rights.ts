import type { Accounts, Asking } from "../../auth/account.ts";
import type { Identity } from "../../auth/authenticate.ts";
import type { GatewayKeyAuth } from "../../auth/gatewayKeyAuth.ts";
import type { BoundArguments, Principal } from "../../auth/principal.ts";
import { GatewayError } from "../../errors.ts";
import type { Named } from "../../storage/port.ts";
import { Secret } from "../../telemetry/secret.ts";
import type { SignedIn, SignInMeans } from "./browserSession.ts";

/** What somebody may do at this moment, within one organisation where one is chosen. */
export interface Rights {
  readonly user: Named;
  readonly organisation: Named | null;
  /** In scopes of the gateway; null: nothing says, the API decides call by call. */
  readonly scopes: readonly string[] | null;
  /** Of a gateway key that is bound: whatever it is used for stays within. */
  readonly boundArguments?: BoundArguments;
  /** Id of that key, bound or not. */
  readonly madeWith?: string;
  /** To ask the API more. */
  readonly asking: Asking;
}

export interface RightsOptions {
  readonly accounts: Accounts;
  readonly gatewayKeys: Pick<GatewayKeyAuth, "takes" | "mayTake" | "identify">;
}

/** Asked anew each time: what was so at sign-in may be so no more. Throws `unauthenticated` when the sign-in is good for nothing now. */
export async function rightsOf(
  { user, organisation, by }: Pick<SignedIn, "user" | "organisation" | "by">,
  chosen: Named | null,
  options: RightsOptions,
): Promise<Rights> {
  const asked = { user, organisation: chosen ?? organisation };
  if (by.means === "gatewayKey") return rightsOfGatewayKey(by, options);
  const isToken = by.means === "oidc";
  const credential = new Secret(isToken ? by.token : by.key);
  const asking: Asking = { credential, kind: isToken ? "token" : "key", ...asked };
  const { me } = options.accounts;
  if (me === undefined) return { ...asked, scopes: null, asking };
  const identity = await me(asking);
  if (identity === null) throw over();
  const own = isToken ? (chosen ?? identity.organisation) : identity.organisation;
  return {
    user: identity.user ?? user,
    organisation: own,
    scopes: identity.scopes,
    asking: { ...asking, organisation: own },
  };
}

async function rightsOfGatewayKey(
  { key }: Extract<SignInMeans, { means: "gatewayKey" }>,
  { gatewayKeys }: RightsOptions,
): Promise<Rights> {
  const principal = await gatewayKeys.identify(new Secret(key));
  if (principal === null) throw over();
  return rightsOfPrincipal(principal);
}

function rightsOfPrincipal({ id, user, organisation, scopes, boundArguments, credential }: Principal): Rights {
  const owner = user ?? { id };
  return {
    user: owner,
    organisation,
    scopes,
    madeWith: id,
    ...(boundArguments && { boundArguments }),
    asking: { credential: credential ?? null, kind: "key", user: owner, organisation },
  };
}

/**
 * Who a pasted key signs in: a key of the gateway, else one of the API, which is asked. Null when it is not good. Throws `upstream_*`
 * and `store_unavailable` when nobody can say.
 */
export async function signedInByKey(key: Secret, options: RightsOptions): Promise<SignedIn | null> {
  const { gatewayKeys, accounts } = options;
  if (!/^[\x21-\x7e]{1,1024}$/.test(key.reveal())) return null;
  if (gatewayKeys.takes(key)) {
    const principal = await gatewayKeys.identify(key);
    if (principal === null) return null;
    const { user, organisation } = rightsOfPrincipal(principal);
    return { user, organisation, isAdmin: false, by: { means: "gatewayKey", key: key.reveal() } };
  }
  // One of ours that was cut off goes nowhere.
  if (gatewayKeys.mayTake(key) || accounts.me === undefined) return null;
  const identity = await accounts.me({ credential: key, kind: "key", organisation: null, user: null });
  return identity === null ? null : signedInAs(identity, key);
}

function signedInAs({ user, organisation }: Identity, key: Secret): SignedIn | null {
  if (user === null) return null;
  return { user, organisation, isAdmin: false, by: { means: "key", key: key.reveal() } };
}

function over(): GatewayError {
  return new GatewayError("unauthenticated", "your sign-in is over: the API no longer accepts it", {
    next: "Sign in again.",
  });
}
