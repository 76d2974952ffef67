import { GatewayError } from "../../errors.ts";
import type { Named } from "../../storage/port.ts";
import { Secret } from "../../telemetry/secret.ts";
import type { Approval, InteractionDetails, UpstreamGrant } from "../port.ts";
import type { SignInMeans } from "../signIn/browserSession.ts";
import type { Offer, OfferOptions } from "./offer.ts";

/** What the form said. */
export interface Choices {
  readonly pages: readonly string[];
  readonly scopes: readonly string[];
}

/** Something that the person at the page can put right there. */
export class ChoiceFault extends Error {
  override readonly name = "ChoiceFault";
}

/**
 * The Approval that `choices` mean, all of them checked against an Offer made at this moment (B45); without the upstream credential,
 * which may have to be made. Throws `not_permitted` for what was not offered, {@link ChoiceFault} where nothing was chosen.
 */
export function approvalOf(
  { pages, scopes }: Choices,
  offer: Offer,
  details: Pick<InteractionDetails, "scopes">,
): Omit<Approval, "upstream"> {
  const offered = new Set(offer.scopes.map(({ scope }) => scope));
  if (!scopes.every((one) => offered.has(one))) throw notOffered("a right");
  const { user, organisation, extended } = offer;
  // Whoever ticks nothing more leaves a connection as it is.
  const kept =
    extended === null ? [] : details.scopes.map(({ scope }) => scope).filter((scope) => !isNew(scope, offer));
  const granted = [...kept, ...scopes];
  if (granted.length === 0) throw new ChoiceFault("Tick at least one thing that it may do, or deny.");
  if (extended !== null) return { user, organisation, scopes: granted, extend: extended.id };
  const chosen = chosenPages(pages, offer.pages);
  const { boundArguments, madeWith } = offer.rights;
  return {
    user,
    organisation,
    scopes,
    ...(chosen && { pages: chosen }),
    ...(boundArguments && { boundArguments }),
    ...(madeWith !== undefined && { madeWith }),
  };
}

/** Whether it was asked for beyond what the Connection has. */
function isNew(scope: string, { scopes, beyond }: Offer): boolean {
  return [...scopes, ...beyond].some((one) => one.scope === scope);
}

function chosenPages(ids: readonly string[], offered: Offer["pages"]): readonly Named[] | undefined {
  if (offered === null) {
    if (ids.length > 0) throw notOffered("a page");
    return undefined;
  }
  const chosen = offered.filter(({ id }) => ids.includes(id));
  if (chosen.length !== new Set(ids).size) throw notOffered("a page");
  if (chosen.length === 0 && offered.length > 0) throw new ChoiceFault("Choose at least one of the pages.");
  return chosen;
}

function notOffered(what: string): GatewayError {
  return new GatewayError("not_permitted", `the form named ${what} that was not offered to you`, {
    next: "Start again from the program that you want to connect.",
  });
}

export interface UpstreamGrantRequest {
  readonly by: SignInMeans;
  readonly offer: Offer;
  readonly approval: Omit<Approval, "upstream">;
  /** What the key is to be called. */
  readonly keyName: string;
}

/**
 * What will be sent to the API for the Connection: a key made for it, the provider's token, or the key that was pasted; null: the
 * gateway's own.
 */
export async function upstreamGrantOf(
  { by, offer, approval, keyName }: UpstreamGrantRequest,
  { accounts, mints }: Pick<OfferOptions, "accounts"> & { readonly mints: boolean },
): Promise<UpstreamGrant | null> {
  const { asking } = offer.rights;
  if (by.means !== "oidc") return asking.credential === null ? null : { credential: asking.credential };
  if (mints && accounts.mint !== undefined) return accounts.mint(asking, { name: keyName, scopes: approval.scopes });
  const { token, refreshToken, expiresAtMs } = by;
  const refresh =
    refreshToken === undefined || expiresAtMs === undefined
      ? {}
      : { refresh: { token: new Secret(refreshToken), expiresAtMs } };
  return { credential: new Secret(token), ...refresh };
}
