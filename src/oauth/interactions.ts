import type { IncomingMessage, ServerResponse } from "node:http";
import type { Provider } from "oidc-provider";
import { mintKeyId } from "../auth/gatewayKey.ts";
import type { Keys } from "../auth/keys.ts";
import type { BoundArguments } from "../auth/principal.ts";
import { effects, effectWords, includedScopes } from "../auth/scopes.ts";
import { seal } from "../auth/seal.ts";
import type { ScopesConfig } from "../config/config.ts";
import type { ServerOAuthConfig } from "../config/oauth.ts";
import { GatewayError } from "../errors.ts";
import type { Artifact, OAuthStore, StoredConnection } from "../storage/oauthPort.ts";
import type { GatewayKeyRow, Named } from "../storage/port.ts";
import { artifactHash, type OAuthAdapter } from "./adapter.ts";
import { keyNameOf, shortened } from "./clientNames.ts";
import { type ConnectionChange, changedConnection, connectionView } from "./connectionViews.ts";
import type { Approval, AskedScope, AskingClient, ConnectionView, InteractionDetails, Interactions } from "./port.ts";
import { redirectView } from "./redirectUri.ts";
import { sealUpstream } from "./upstreamGrant.ts";

export interface InteractionsOptions {
  readonly provider: () => Promise<Provider>;
  readonly adapter: OAuthAdapter;
  readonly store: OAuthStore;
  readonly seals: Keys;
  readonly config: ServerOAuthConfig;
  readonly scopes: ScopesConfig;
  /** Every scope that can be asked for. */
  readonly allScopes: ReadonlySet<string>;
  /** URL of each Surface that takes tokens, by its path; the first is meant where a client names none. */
  readonly resources: () => ReadonlyMap<string, string>;
  /** Takes each change once it is stored. */
  readonly onChange?: (change: ConnectionChange) => void;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

const yearMs = 365 * 86_400_000;

/** What is stored of an interaction and matters here. */
interface Open {
  readonly params: Readonly<Record<string, unknown>>;
  readonly details: InteractionDetails;
}

/** {@link Interactions} of the authorization server. */
export function createInteractions(options: InteractionsOptions): Interactions {
  const { provider, store, now = Date.now } = options;
  const opened = async (req: IncomingMessage, res: ServerResponse, uid: string): Promise<Open> => {
    const server = await provider();
    const interaction = await server.interactionDetails(req, res).catch((thrown: unknown) => {
      if (thrown instanceof GatewayError) throw thrown;
      throw over(); // the library tells a missing cookie and an unknown interaction, and nothing else
    });
    if (interaction.uid !== uid) throw over();
    const { params, exp } = interaction;
    return { params, details: await detailsOf(options, server, { uid, params, exp }) };
  };
  /** One of those who decide at once does, and once. */
  const decide = async (uid: string): Promise<void> => {
    if (!(await store.consume("Interaction", artifactHash(uid)))) throw over();
  };
  return {
    details: async (req, res, uid) => (await opened(req, res, uid)).details,
    stepUpsOf: async ({ client, scopes, resource }, user) => {
      const { rows } = await store.connections({ clientId: client.id, owner: user.id, now: "" }, { limit: 20 });
      const asked = scopes.map(({ scope }) => scope);
      const narrower = rows.filter(
        (row) => row.connection.resource === resource && isNarrower(row.key.scopes, asked, options.scopes),
      );
      return narrower.map(connectionView).sort((one, other) => lastTime(other).localeCompare(lastTime(one)));
    },
    approve: async (req, res, uid, approval) => {
      const { params, details } = await opened(req, res, uid);
      assertAsked(approval, details);
      const extended = approval.extend === undefined ? null : await extendable(options, approval, details);
      const approved = approvedScopes(approval, details, extended);
      const server = await provider();
      await decide(uid);
      const { grant, grantId } = await grantOf(options, server, { params, details, approval, approved });
      const change =
        extended === null
          ? await connect(options, { details, approval, approved, grant, nowMs: now() })
          : await widen(options, { extended, approval, approved, grant, nowMs: now() });
      options.onChange?.(change);
      return server.interactionResult(
        req,
        res,
        { login: { accountId: approval.user.id, remember: false }, consent: { grantId } },
        { mergeWithLastSubmission: false },
      );
    },
    deny: async (req, res, uid) => {
      await opened(req, res, uid);
      const server = await provider();
      await decide(uid);
      const result = { error: "access_denied", error_description: "the user said no" };
      return server.interactionResult(req, res, result, { mergeWithLastSubmission: false });
    },
  };
}

/** Whether those who hold `held` would keep all of it, and get something, with `asked`. */
function isNarrower(held: readonly string[], asked: readonly string[], { hierarchy }: ScopesConfig): boolean {
  const [has, wants] = [includedScopes(held, hierarchy), includedScopes(asked, hierarchy)];
  return held.every((scope) => wants.has(scope)) && asked.some((scope) => !has.has(scope));
}

function lastTime({ lastUsedAt, createdAt }: ConnectionView): string {
  return lastUsedAt ?? createdAt;
}

function over(): GatewayError {
  return new GatewayError(
    "invalid_request",
    "this page is over: it was answered, took too long, or is another browser's",
    {
      next: "Start again from your assistant.",
    },
  );
}

async function detailsOf(
  options: InteractionsOptions,
  provider: Provider,
  { uid, params, exp }: { readonly uid: string; readonly params: Open["params"]; readonly exp: number },
): Promise<InteractionDetails> {
  const redirectUri = String(params.redirect_uri);
  const [path, resource] = resourceOf(options, params.resource);
  return {
    uid,
    client: await clientOf(options, provider, String(params.client_id), redirectUri),
    redirect: redirectView(redirectUri),
    scopes: askedScopes(params).flatMap((scope) =>
      options.allScopes.has(scope) ? [askedScope(scope, options.scopes)] : [],
    ),
    resource,
    path,
    expiresAtMs: exp * 1_000,
  };
}

async function clientOf(
  { config }: InteractionsOptions,
  provider: Provider,
  id: string,
  redirectUri: string,
): Promise<AskingClient> {
  const client = await provider.Client.find(id);
  if (client === undefined) throw over();
  const isConfigured = config.clients.some((one) => one.id === id);
  const document = !isConfigured && id.startsWith("https://") ? id : null;
  const name = shortened(client.clientName ?? id);
  return {
    id,
    name,
    verifiedHost: document === null ? null : new URL(document).host,
    registration: isConfigured ? "configured" : document === null ? "dynamic" : "document",
    keyName: keyNameOf({ name, document, isConfigured }, redirectUri),
  };
}

/** The Surface that is meant: the library has refused any that is none. */
function resourceOf({ resources }: InteractionsOptions, asked: unknown): readonly [path: string, url: string] {
  const all = [...resources()];
  const [first] = all;
  const [named] = Array.isArray(asked) ? asked : [asked];
  const found = all.find(([, url]) => url === named) ?? first;
  if (found === undefined) throw new Error("no surface takes tokens");
  return found;
}

function askedScopes({ scope }: Open["params"]): readonly string[] {
  return typeof scope === "string" ? [...new Set(scope.split(" "))].filter((one) => one !== "") : [];
}

/** A scope by its name, or by the broadest Effect that it includes. */
export function askedScope(scope: string, config: ScopesConfig): AskedScope {
  const [, resource, word] = /^(.+)\.([a-z]+)$/.exec(scope) ?? [];
  const included = includedScopes([scope], config.hierarchy);
  const effect = effects.findLast((one) => included.has(config.effects[one]));
  if (effect !== undefined) return { scope, effect };
  const own = effects.find((one) => effectWords[one] === word);
  return { scope, effect: own ?? null, ...(own !== undefined && resource !== undefined && { resource }) };
}

function assertAsked({ scopes }: Approval, details: InteractionDetails): void {
  const asked = new Set(details.scopes.map(({ scope }) => scope));
  const odd = scopes.find((scope) => !asked.has(scope));
  if (odd !== undefined)
    throw new GatewayError("invalid_arguments", `the scope ${JSON.stringify(odd)} was not asked for`);
  if (scopes.length === 0) throw new GatewayError("invalid_arguments", "no scope was approved; deny instead");
}

/** The Connection to widen: of the same client, user and Surface, and not over. */
async function extendable(
  { store }: InteractionsOptions,
  { extend = "", user }: Approval,
  { client, resource }: InteractionDetails,
): Promise<StoredConnection> {
  const found = await store.connection(extend);
  const { connection, key } = found ?? {};
  const isSame = connection?.clientId === client.id && connection.resource === resource;
  if (found !== null && isSame && key?.owner?.id === user.id) return found;
  throw new GatewayError("invalid_arguments", "the connection to widen is none of this user's with this client");
}

/** A step-up keeps what was asked for again and is held already. */
function approvedScopes(
  { scopes }: Approval,
  details: InteractionDetails,
  extended: StoredConnection | null,
): ReadonlySet<string> {
  const held = details.scopes.filter(({ scope }) => extended?.key.scopes.includes(scope) === true);
  return new Set([...scopes, ...held.map(({ scope }) => scope)]);
}

interface Granting {
  readonly params: Open["params"];
  readonly details: InteractionDetails;
  readonly approval: Approval;
  readonly approved: ReadonlySet<string>;
}

/**
 * Every scope that was asked for is decided in both spaces, of OpenID and of the resource: one that is neither granted nor
 * rejected would make the library ask again and again (oauth.md §4).
 */
async function grantOf(
  { adapter }: InteractionsOptions,
  provider: Provider,
  { params, details, approval, approved }: Granting,
): Promise<{ readonly grant: Artifact; readonly grantId: string }> {
  const grant = new provider.Grant({ accountId: approval.user.id, clientId: details.client.id });
  for (const scope of askedScopes(params)) {
    if (approved.has(scope) || scope === "offline_access") {
      grant.addOIDCScope(scope);
      grant.addResourceScope(details.resource, scope);
    } else {
      grant.rejectOIDCScope(scope);
      grant.rejectResourceScope(details.resource, scope);
    }
  }
  let grantId = "";
  const artifact = await adapter.heldGrant(async () => {
    grantId = await grant.save();
  });
  return { grant: artifact, grantId };
}

interface Connecting {
  readonly details: InteractionDetails;
  readonly approval: Approval;
  readonly approved: ReadonlySet<string>;
  readonly grant: Artifact;
  readonly nowMs: number;
}

async function connect(
  { store, seals, config }: InteractionsOptions,
  { details, approval, approved, grant, nowMs }: Connecting,
): Promise<ConnectionChange> {
  const { client, redirect, resource } = details;
  const { user, organisation, pages = [], upstream } = approval;
  const id = mintKeyId();
  // What was picked was offered within the key's own bounds, so it takes their place.
  const boundArguments = { ...approval.boundArguments, ...boundBy(config, organisation, approval.pages) };
  const key: GatewayKeyRow = {
    id,
    // There is no secret: no key has this hash.
    hash: "",
    pepperId: "",
    name: client.keyName,
    owner: user,
    organisation,
    scopes: [...approved],
    boundArguments: Object.keys(boundArguments).length === 0 ? null : boundArguments,
    upstreamCredential: upstream === null ? null : seal(seals, sealUpstream(upstream), id),
    createdBy: approval.madeWith ?? user.id,
    createdAt: new Date(nowMs).toISOString(),
    expiresAt: new Date(nowMs + yearMs).toISOString(),
    revokedAt: null,
    rotatedTo: null,
    lastUsedAt: null,
    kind: "connection",
  };
  const connection = {
    id,
    clientId: client.id,
    clientName: client.name,
    clientHost: client.verifiedHost,
    redirectHost: redirect.host,
    resource,
    pages,
    upstreamKeyRef: upstream?.keyRef ?? null,
  };
  const name = await store.connect(grant, connection, key);
  return changeOf("created", { connection, key: { ...key, name } }, nowMs);
}

interface WideningOf {
  readonly extended: StoredConnection;
  readonly approval: Approval;
  readonly approved: ReadonlySet<string>;
  readonly grant: Artifact;
  readonly nowMs: number;
}

async function widen(
  { store, seals }: InteractionsOptions,
  { extended, approval, approved, grant, nowMs }: WideningOf,
): Promise<ConnectionChange> {
  const { id } = extended.key;
  const { upstream } = approval;
  const scopes = [...new Set([...extended.key.scopes, ...approved])];
  const done = await store.widen(id, grant, {
    scopes,
    ...(upstream !== null && { upstreamCredential: seal(seals, sealUpstream(upstream), id) }),
    ...(upstream?.keyRef !== undefined && { upstreamKeyRef: upstream.keyRef }),
  });
  if (!done) throw over();
  return changeOf("widened", { ...extended, key: { ...extended.key, scopes } }, nowMs);
}

function changeOf(type: "created" | "widened", stored: StoredConnection, nowMs: number): ConnectionChange {
  const { id, owner } = stored.key;
  const actor: ConnectionChange["actor"] = { kind: "user", id: owner?.id ?? id };
  return { type, ...changedConnection(id, stored), actor, at: new Date(nowMs).toISOString() };
}

/** What the user picked, as sets of values: nothing is filled in for the model (security.md §5). */
function boundBy(
  { bind }: ServerOAuthConfig,
  organisation: Named | null,
  pages: readonly Named[] | undefined,
): BoundArguments {
  const within = ({ argument, elsewhere }: NonNullable<typeof bind.pages>, ids: readonly string[]): BoundArguments => ({
    [argument]: { within: ids, ...(elsewhere === "allow" && { elsewhere }) },
  });
  return {
    ...(bind.organisation !== undefined && organisation !== null && within(bind.organisation, [organisation.id])),
    ...(bind.pages !== undefined &&
      pages !== undefined &&
      within(
        bind.pages,
        pages.map(({ id }) => id),
      )),
  };
}
