import type { IncomingMessage, ServerResponse } from "node:http";
import type { Router } from "express";
import type { KeyActor } from "../auth/gatewayKeys.ts";
import type { BoundArguments } from "../auth/principal.ts";
import type { TokenVerifier } from "../auth/tokenVerifier.ts";
import type { Effect } from "../descriptor.ts";
import type { Named, Page, PageRequest } from "../storage/port.ts";
import type { Secret } from "../telemetry/secret.ts";

/**
 * OAuth as the rest of the gateway knows it. Two make it: the gateway's own authorization server (`oauth.mode: server`), and the
 * resource server alone in front of somebody else's (`resource`).
 */
export interface OAuth extends TokenVerifier {
  /** The RFC 9728 document of the Surface at `path`; null where that offers no OAuth. */
  readonly metadata: (path: string) => ResourceMetadata | null;
  /**
   * Every route of its own: the well-known documents, and with a server of our own the endpoints below `/mcp/oauth`. Leaves what is
   * not its own to the next. Hosts are to be checked before it.
   */
  readonly router: Router;
  /**
   * Ends a Connection: refused here at once and by every replica within a second, its streams closed, its reads aborted. False
   * when there is none, or it is over already. Throws `store_unavailable`.
   * @param by who does it, for the audit log
   */
  readonly revokeConnection: (id: string, by: KeyActor) => Promise<boolean>;
  /**
   * To be told when the key of a Connection was revoked: deletes the key that was made for it at the upstream. Returns at once; what
   * fails is tried again.
   */
  readonly keyRevoked?: (id: string) => void;
  /** Absent with somebody else's authorization server, which asks its users itself. */
  readonly interactions?: Interactions;
  /** Absent likewise: nothing is kept of who uses it. */
  readonly connections?: Connections;
  /** Ends its timers. */
  readonly close: () => Promise<void>;
}

/** https://www.rfc-editor.org/rfc/rfc9728#section-2 */
export interface ResourceMetadata {
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly scopes_supported: readonly string[];
  readonly bearer_methods_supported: readonly ["header"];
  readonly resource_name: string;
}

/**
 * Where the pages of sign-in and consent meet the authorization server. `authorize` checks client, redirect URI, PKCE and resource,
 * sets a cookie and sends the browser to `/mcp/oauth/interaction/<uid>`; what is served there is the pages' own, up to the POST
 * that approves or denies. An interaction lives ten minutes. It belongs to one browser: every method takes its request, and throws
 * `invalid_request` (400) where the cookie is missing or another's, or the interaction is over.
 */
export interface Interactions {
  readonly details: (req: IncomingMessage, res: ServerResponse, uid: string) => Promise<InteractionDetails>;
  /**
   * The Connections that an approval may widen, once the user is known, those used last first: the client has them already for the
   * same user and Surface, with fewer rights than it asks for now. Several, or another installation's, where the client shares its id
   * with every other installation of the same program, as one of a metadata document does: the user says which. None: an approval
   * makes a new one.
   */
  readonly stepUpsOf: (details: InteractionDetails, user: Named) => Promise<readonly ConnectionView[]>;
  /**
   * In one transaction keeps the grant and the Connection with its named key; then the interaction is decided. Resolves to where
   * the browser is to be sent with 303. What was asked for and is not in `scopes` is refused. The caller has checked the user, the
   * organisation, the pages and that the scopes are within the user's own permissions: nothing of it is asked of the upstream here.
   * Throws `invalid_arguments` for a scope that was not asked for, or none at all.
   */
  readonly approve: (req: IncomingMessage, res: ServerResponse, uid: string, approval: Approval) => Promise<string>;
  /** Resolves to where the browser is to be sent with 303: it comes to the client as `access_denied`. */
  readonly deny: (req: IncomingMessage, res: ServerResponse, uid: string) => Promise<string>;
}

/** What a client asks for. Names are claims of the client's: text to be escaped, and worth no more than what vouches for them. */
export interface InteractionDetails {
  readonly uid: string;
  readonly client: AskingClient;
  readonly redirect: RedirectView;
  /** At least one. Without those that the gateway does not know, and without `offline_access`. */
  readonly scopes: readonly AskedScope[];
  /** The URL of the Surface that it is for, and its path. */
  readonly resource: string;
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

export interface AskingClient {
  readonly id: string;
  /** As the client says it; its id where it says none. */
  readonly name: string;
  /** The https host that vouches for it by a metadata document; null: "unverified". */
  readonly verifiedHost: string | null;
  readonly registration: "configured" | "document" | "dynamic";
  /** What its key will be called: `MCP — Claude.ai`, without a number. */
  readonly keyName: string;
}

export interface RedirectView {
  readonly uri: string;
  /** `claude.ai`, `localhost:3118`; the scheme (`cursor:`) of one that has no host of anybody's. */
  readonly host: string;
  /** Only programs on the user's own machine can receive the code: any of them, so the page warns. */
  readonly isLoopback: boolean;
  /** A scheme that any program can claim: warn more strongly. */
  readonly isCustomScheme: boolean;
  /** For `form-action` of a Content-Security-Policy: `https://claude.ai`, `cursor:`. */
  readonly formAction: string;
}

export interface AskedScope {
  readonly scope: string;
  /** What it lets a client do at most; write and destroy are to be unticked. Null for a scope of its own, outside the Effects. */
  readonly effect: Effect | null;
  /** ResourceType of a scope such as `status_page.write`, as scopes spell it. */
  readonly resource?: string;
}

/** What the user decided, checked. */
export interface Approval {
  readonly user: Named;
  readonly organisation: Named | null;
  /** Bound as `oauth.bind` says. Absent: the API has none, or all of them are meant. */
  readonly pages?: readonly Named[];
  /** Of those asked for. */
  readonly scopes: readonly string[];
  /** Null: the gateway's own credential is sent. */
  readonly upstream: UpstreamGrant | null;
  /** Of the gateway key that the user signed in with: the Connection has them as well, and ends with that key. */
  readonly boundArguments?: BoundArguments;
  /** Id of that key. */
  readonly madeWith?: string;
  /** Id of the Connection of {@link Interactions.stepUpsOf} that gets the scopes; its user, organisation, pages and name stay. */
  readonly extend?: string;
}

/** What is sent to the upstream for a Connection, kept encrypted. */
export interface UpstreamGrant {
  readonly credential: Secret;
  /** Name of a key that was made at the upstream for this Connection, by which it can be deleted there. */
  readonly keyRef?: string;
  /** Gets a new credential when this one is over. */
  readonly refresh?: { readonly token: Secret; readonly expiresAtMs: number };
}

/** A Connection as its user and the administrators see it. Nothing in it can be used to get in. */
export interface ConnectionView {
  /** Also that of its key. */
  readonly id: string;
  readonly keyName: string;
  readonly user: Named | null;
  readonly organisation: Named | null;
  readonly pages: readonly Named[];
  readonly scopes: readonly string[];
  readonly clientId: string;
  readonly clientName: string;
  readonly clientHost: string | null;
  readonly redirectHost: string;
  readonly resource: string;
  readonly upstreamKeyRef: string | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

export interface ConnectionQuery extends PageRequest {
  readonly user?: string;
  readonly organisation?: string;
  /** Text that stands in its id or name, in those of its user or organisation, or in what is known of its client. */
  readonly search?: string;
  /** Default false: neither revoked nor expired ones. */
  readonly includeEnded?: boolean;
}

export interface Connections {
  /** Newest first. */
  readonly list: (query: ConnectionQuery) => Promise<Page<ConnectionView>>;
  readonly get: (id: string) => Promise<ConnectionView | null>;
}
