import type { BoundArguments } from "../../auth/principal.ts";
import { effects, effectWords, includedScopes } from "../../auth/scopes.ts";
import type { ScopesConfig } from "../../config/config.ts";
import { GatewayError } from "../../errors.ts";
import type { Named } from "../../storage/port.ts";
import type { AskedScope, ConnectionView, InteractionDetails } from "../port.ts";
import type { SignedIn } from "../signIn/browserSession.ts";
import { type Rights, type RightsOptions, rightsOf } from "../signIn/rights.ts";

/** What somebody can be asked to approve: nothing in it is more than they have themselves. */
export interface Offer {
  readonly user: Named;
  /** To choose from; empty where the API has none. */
  readonly organisations: readonly Named[];
  readonly organisation: Named | null;
  /** Null: the API has none. */
  readonly pages: readonly Named[] | null;
  readonly scopes: readonly AskedScope[];
  /** Asked for as well, but beyond the user's own rights. */
  readonly beyond: readonly AskedScope[];
  readonly rights: Rights;
  /** The Connection that would be widened; its organisation and pages stay. Null too where the one that was named cannot be. */
  readonly extended: ConnectionView | null;
}

export interface OfferOptions extends RightsOptions {
  readonly scopes: ScopesConfig;
  /** Name of the argument that pages are bound to, see `oauth.bind`. */
  readonly pageArgument?: string;
}

export interface OfferRequest {
  readonly details: Pick<InteractionDetails, "scopes">;
  readonly who: SignedIn;
  /** Id of the organisation that was chosen; absent: none was. */
  readonly organisation?: string;
  readonly extended: ConnectionView | null;
}

/**
 * The Offer at this moment; null where an organisation has to be chosen first, with those there are. Everything is asked of the API
 * with the user's own credential, each time. Throws `not_permitted` for an organisation that the user is not in, and `unauthenticated`
 * when the sign-in is over.
 */
export async function offerOf(
  request: OfferRequest,
  options: OfferOptions,
): Promise<Offer | { readonly choose: readonly Named[]; readonly user: Named }> {
  const { details, who, extended } = request;
  const organisations = await organisationsOf(who, options);
  const wanted = extended === null ? request.organisation : extended.organisation?.id;
  const chosen = chosenOf(organisations, wanted);
  if (chosen === undefined && wanted === undefined) return { choose: organisations, user: who.user };
  if (chosen === undefined && extended !== null) return offerOf({ ...request, extended: null }, options);
  if (chosen === undefined) throw notMember();
  const rights = await rightsOf(who, chosen, options);
  const held = includedScopes(extended?.scopes ?? [], options.scopes.hierarchy);
  const asked = details.scopes.filter(({ scope }) => !held.has(scope));
  const scopes = asked.filter((one) => isWithin(one, rights.scopes, options.scopes));
  // A key ends with what was made with it and never widens what it did not make; nor is there anything to widen without rights.
  const isExtendable = rights.madeWith === undefined && scopes.length > 0 && extended?.user?.id === rights.user.id;
  if (extended !== null && !isExtendable) return offerOf({ ...request, extended: null }, options);
  return {
    user: rights.user,
    organisations,
    organisation: rights.organisation ?? chosen,
    pages: extended === null ? await pagesOf(rights, options) : null,
    scopes,
    beyond: asked.filter((one) => !scopes.includes(one)),
    rights,
    extended,
  };
}

/** Null: there is none to choose from. Undefined: it has to be chosen, or the wanted one is not there. */
function chosenOf(organisations: readonly Named[], wanted: string | undefined): Named | null | undefined {
  if (wanted !== undefined) return organisations.find(({ id }) => id === wanted);
  return organisations.length > 1 ? undefined : (organisations[0] ?? null);
}

/** Those that somebody is in. Throws `not_permitted` where there are none, though the API lists them. */
export async function organisationsOf(who: SignedIn, options: OfferOptions): Promise<readonly Named[]> {
  if (who.organisation !== null) return [who.organisation];
  const { organisations } = options.accounts;
  if (organisations === undefined || who.by.means === "gatewayKey") return [];
  const { asking } = await rightsOf(who, null, options);
  const found = await organisations({ ...asking, organisation: null });
  if (found.length > 0) return found;
  throw new GatewayError("not_permitted", "you are in no organisation", {
    next: "Ask an administrator to invite you, then start again.",
  });
}

/** Those of the organisation; null: the API has none. */
export async function pagesOf(
  { asking, boundArguments }: Rights,
  options: OfferOptions,
): Promise<readonly Named[] | null> {
  const { accounts, pageArgument } = options;
  if (accounts.pages === undefined) return null;
  const all = await accounts.pages(asking);
  const bound = pageArgument === undefined ? undefined : valuesFor(pageArgument, boundArguments);
  return bound === undefined ? all : all.filter(({ id }) => bound.includes(id));
}

function valuesFor(argument: string, bound: BoundArguments | undefined): readonly string[] | undefined {
  const binding = bound !== undefined && Object.hasOwn(bound, argument) ? bound[argument] : undefined;
  if (binding === undefined) return undefined;
  return ("fixed" in binding ? [binding.fixed] : binding.within).map(String);
}

/** Whether scopes that somebody holds (null: nobody knows) include one that is asked for. */
export function isWithin(
  { scope, effect, resource }: AskedScope,
  held: readonly string[] | null,
  { effects: scopeOf, hierarchy }: ScopesConfig,
): boolean {
  if (held === null) return true;
  const all = includedScopes(held, hierarchy);
  if (all.has(scope)) return true;
  if (effect === null) return false;
  if (resource === undefined) return all.has(scopeOf[effect]);
  // `incident.write` is part of `mcp.write`, and of `incident.delete` where deleting includes writing.
  const including = effects.filter((one) => includedScopes([scopeOf[one]], hierarchy).has(scopeOf[effect]));
  return including.some((one) => all.has(scopeOf[one]) || all.has(`${resource}.${effectWords[one]}`));
}

function notMember(): GatewayError {
  return new GatewayError("not_permitted", "you are not in that organisation", {
    next: "Start again, and choose one that you are in.",
  });
}
