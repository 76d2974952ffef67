import type { Accounts } from "../../auth/account.ts";
import type { GatewayKeys, IssuedKey, KeyActor, RotateOptions } from "../../auth/gatewayKeys.ts";
import type { KeyView } from "../../auth/keyView.ts";
import type { BoundArguments } from "../../auth/principal.ts";
import { scopesOfWords } from "../../auth/scopes.ts";
import type { ServerOAuthConfig } from "../../config/oauth.ts";
import { GatewayError } from "../../errors.ts";
import type { Named } from "../../storage/port.ts";
import type { Secret } from "../../telemetry/secret.ts";
import { isWithin, type OfferOptions, organisationsOf, pagesOf } from "../interaction/offer.ts";
import { askedScope } from "../interactions.ts";
import type { ConnectionView, OAuth } from "../port.ts";
import type { SignedIn } from "../signIn/browserSession.ts";
import { type Rights, rightsOf } from "../signIn/rights.ts";
import { type Access, accessOf, type PresetName, presets } from "./access.ts";

/** What somebody who is signed in sees and does about keys and Connections of their own, in organisations that they are in. */
export interface Account {
  /** Newest first; keys and Connections that are over are left out. */
  readonly overview: (who: SignedIn) => Promise<Overview>;
  /** What a new key may be. Throws `not_permitted` for an organisation that the user is not in. */
  readonly offer: (who: SignedIn, organisation: string | undefined) => Promise<KeyOffer>;
  /** Throws `not_permitted` for what was not offered, `invalid_arguments` for what no key may be. */
  readonly create: (who: SignedIn, wish: KeyWish) => Promise<IssuedKey>;
  /** Throws `unknown_resource` for a key that is not theirs, `not_permitted` for one with more rights than they have. */
  readonly rotate: (who: SignedIn, id: string, options: RotateOptions) => Promise<IssuedKey>;
  /** Ends a key or a Connection. Again changes nothing. Throws `unknown_resource` for what is not theirs. */
  readonly revoke: (who: SignedIn, id: string) => Promise<void>;
}

export interface Overview {
  readonly user: Named;
  readonly organisations: readonly Named[];
  readonly keys: readonly OwnKey[];
  readonly connections: readonly OwnConnection[];
  /** Why they can make no key here; null: they can. */
  readonly noNewKeys: string | null;
}

export interface OwnKey extends KeyView {
  readonly access: Access;
}

export interface OwnConnection extends ConnectionView {
  readonly access: Access;
  readonly calls: KeyView["calls"];
}

export interface KeyOffer {
  readonly presets: readonly {
    readonly name: PresetName;
    readonly access: Access;
    /** False: more than the user may do there. */
    readonly isAllowed: boolean;
  }[];
  /** To bind a key to. Null: the API has none, or keys cannot be bound to them. */
  readonly pages: readonly Named[] | null;
  readonly pagesLabel: string;
}

/** A key as its owner asks for it. */
export interface KeyWish {
  readonly name: string;
  readonly preset: PresetName;
  readonly organisation?: string;
  /** Ids; absent: it is bound to none. */
  readonly pages?: readonly string[];
  /** ISO 8601; absent: it does not expire. */
  readonly expiresAt?: string;
}

export interface AccountOptions extends OfferOptions {
  readonly brand: string;
  readonly config: Pick<ServerOAuthConfig, "signIn" | "bind">;
  readonly keys: GatewayKeys;
  readonly oauth: Pick<OAuth, "connections" | "revokeConnection">;
}

/** More than anybody has; what is beyond is not shown. */
const mostListed = 500;

/** {@link Account}. Who is in which organisation, with which rights, is asked of the API each time. */
export function createAccount(options: AccountOptions): Account {
  const { keys, oauth } = options;
  const access = {
    scopes: options.scopes,
    brand: options.brand,
    words: options.config.signIn.consent.words,
  };
  return {
    overview: async (who) => {
      const organisations = await ownOrganisations(who, options);
      const { items } = await keys.list({ user: who.user.id, limit: mostListed }, actorOf(who));
      const own = items.filter((view) => isIn(organisations, view));
      const connections = (await oauth.connections?.list({ user: who.user.id, limit: mostListed }))?.rows ?? [];
      const callsOf = new Map(own.map(({ id, calls }) => [id, calls]));
      return {
        user: who.user,
        organisations,
        keys: own.flatMap((one) => (one.kind === "key" ? [{ ...one, access: accessOf(one.scopes, access) }] : [])),
        connections: connections.flatMap((one) => {
          const calls = callsOf.get(one.id);
          return calls === undefined ? [] : [{ ...one, access: accessOf(one.scopes, access), calls }];
        }),
        noNewKeys: noNewKeys(who, options),
      };
    },
    offer: async (who, organisation) => {
      const { rights } = await rightsIn(who, organisation, options);
      const { pages: bindable } = options.config.bind;
      return {
        presets: (Object.keys(presets) as PresetName[]).map((name) => {
          const scopes = scopesOfWords(presets[name].words, options.scopes);
          return { name, access: accessOf(scopes, access), isAllowed: allows(rights, scopes, options) };
        }),
        pages: bindable === undefined ? null : await pagesOf(rights, options),
        pagesLabel: options.config.signIn.consent.pages?.label ?? "Pages",
      };
    },
    create: async (who, wish) => {
      assertMakesKeys(who, options);
      const { rights, organisation } = await rightsIn(who, wish.organisation, options);
      const scopes = scopesOfWords(presets[wish.preset].words, options.scopes);
      if (!allows(rights, scopes, options)) throw beyondRights();
      const boundArguments = await boundTo(wish.pages, rights, options);
      const { credential, unmake } = await credentialFor(who, rights, { name: wish.name, scopes }, options);
      const wanted = {
        name: wish.name,
        user: rights.user,
        scopes,
        upstreamCredential: credential,
        ...(organisation && { organisation }),
        ...(boundArguments && { boundArguments }),
        ...(wish.expiresAt !== undefined && { expiresAt: wish.expiresAt }),
      };
      try {
        return await keys.create(wanted, actorOf(who));
      } catch (thrown) {
        await unmake().catch(() => undefined); // what matters is why there is no key
        throw thrown;
      }
    },
    rotate: async (who, id, how) => {
      assertMakesKeys(who, options, "rotate");
      const view = await ownKey(who, id, options);
      const { rights } = await rightsIn(who, view.organisation?.id, options);
      if (!allows(rights, view.scopes, options)) throw beyondRights();
      return keys.rotate(id, how, actorOf(who));
    },
    revoke: async (who, id) => {
      const view = await ownKey(who, id, options);
      if (who.by.means !== "oidc") {
        // Somebody who found a read-only key must not be able to end the others of its owner.
        const { rights } = await rightsIn(who, view.organisation?.id, options);
        if (!allows(rights, view.scopes, options) || !isBoundAlike(rights, view)) throw beyondRights();
      }
      if (view.kind === "connection") await oauth.revokeConnection(id, actorOf(who));
      else await keys.revoke(id, actorOf(who));
    },
  };
}

function actorOf({ user }: SignedIn): KeyActor {
  return { kind: "user", id: user.id };
}

/** Throws `unauthenticated` when the sign-in is good for nothing now. */
async function ownOrganisations(who: SignedIn, options: AccountOptions): Promise<readonly Named[]> {
  if (who.organisation === null && options.accounts.organisations !== undefined && who.by.means !== "gatewayKey")
    return organisationsOf(who, options);
  const { organisation } = await rightsOf(who, null, options);
  return organisation === null ? [] : [organisation];
}

/** Those of no organisation are their owner's alone. */
function isIn(organisations: readonly Named[], { organisation }: Pick<KeyView, "organisation">): boolean {
  return organisation === null || organisations.some(({ id }) => id === organisation.id);
}

async function ownKey(who: SignedIn, id: string, options: AccountOptions): Promise<KeyView> {
  const organisations = await ownOrganisations(who, options);
  const view = await options.keys.get(id, actorOf(who));
  if (view.user?.id === who.user.id && isIn(organisations, view)) return view;
  throw new GatewayError("unknown_resource", `there is no key ${JSON.stringify(id.slice(0, 64))}`, {
    next: "Load the page again to see what there is.",
  });
}

interface RightsThere {
  readonly rights: Rights;
  readonly organisation: Named | null;
}

async function rightsIn(
  who: SignedIn,
  organisation: string | undefined,
  options: AccountOptions,
): Promise<RightsThere> {
  const organisations = await ownOrganisations(who, options);
  const [only] = organisations;
  if (organisation === undefined && organisations.length > 1)
    throw new GatewayError("invalid_arguments", "say which organisation is meant: you are in several");
  const chosen = organisation === undefined ? (only ?? null) : organisations.find((one) => one.id === organisation);
  if (chosen === undefined)
    throw new GatewayError("not_permitted", "you are not in that organisation", {
      next: "Choose one that you are in.",
    });
  const rights = await rightsOf(who, chosen, options);
  return { rights, organisation: rights.organisation ?? chosen };
}

function allows({ scopes: held }: Rights, scopes: readonly string[], options: AccountOptions): boolean {
  return scopes.every((scope) => isWithin(askedScope(scope, options.scopes), held, options.scopes));
}

function isBoundAlike({ boundArguments }: Rights, view: KeyView): boolean {
  return boundArguments === undefined || JSON.stringify(boundArguments) === JSON.stringify(view.boundArguments);
}

function noNewKeys({ by }: SignedIn, { config }: AccountOptions): string | null {
  if (by.means === "gatewayKey")
    return "You signed in with a key that was made here, and such a key makes no others. Ask whoever gave it to you.";
  if (by.means === "oidc" && config.signIn.upstreamCredential !== "mint")
    return "Keys are not made on this page. Connect your assistant by its URL, or ask an administrator for a key.";
  return null;
}

function assertMakesKeys(who: SignedIn, options: AccountOptions, what: "create" | "rotate" = "create"): void {
  const reason = what === "rotate" && who.by.means === "oidc" ? null : noNewKeys(who, options);
  if (reason !== null) throw new GatewayError("not_permitted", reason);
}

/** One page is filled in for the model; of several it says which it means (security.md §5). */
async function boundTo(
  ids: readonly string[] | undefined,
  rights: Rights,
  options: AccountOptions,
): Promise<BoundArguments | undefined> {
  const { pages: bindable } = options.config.bind;
  if (ids === undefined) return undefined;
  const pages = bindable === undefined ? null : await pagesOf(rights, options);
  if (bindable === undefined || pages === null)
    throw new GatewayError("invalid_arguments", "keys cannot be bound to pages here");
  const [first, ...others] = new Set(ids);
  if (first === undefined) throw new GatewayError("invalid_arguments", "choose at least one page, or all of them");
  if (![first, ...others].every((id) => pages.some((page) => page.id === id)))
    throw new GatewayError("not_permitted", "you cannot see one of these pages");
  return {
    [bindable.argument]: {
      ...(others.length === 0 ? { fixed: first } : { within: [first, ...others] }),
      ...(bindable.elsewhere === "allow" && { elsewhere: "allow" }),
    },
  };
}

interface CredentialFor {
  readonly credential: Secret;
  /** Deletes what was made at the API for it. */
  readonly unmake: () => Promise<void>;
}

/** What the API is sent for the key: never more than its owner has. */
async function credentialFor(
  { by }: SignedIn,
  { asking }: Rights,
  wanted: { readonly name: string; readonly scopes: readonly string[] },
  { accounts }: { readonly accounts: Accounts },
): Promise<CredentialFor> {
  if (by.means === "oidc" && accounts.mint !== undefined) {
    const { credential, keyRef } = await accounts.mint(asking, wanted);
    const unmake = async (): Promise<void> => {
      if (keyRef !== undefined) await accounts.unmint?.(asking, keyRef);
    };
    return { credential, unmake };
  }
  if (asking.credential === null) throw beyondRights();
  return { credential: asking.credential, unmake: async () => undefined };
}

function beyondRights(): GatewayError {
  return new GatewayError("not_permitted", "that is more than you may do yourself in this organisation", {
    next: "Choose fewer rights, or ask an administrator.",
  });
}
