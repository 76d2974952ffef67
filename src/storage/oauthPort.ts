import type { GatewayKeyRow, IsoTime, KeyFilter, Named, Page, PageRequest } from "./port.ts";

/**
 * What the authorization server keeps (oauth.md §8). Ids of artefacts come hashed: nothing in a row can be used as a token. All
 * life is by the clock of the database, so that replicas whose clocks differ agree.
 */
export interface OAuthStore {
  /** Writes it, or writes it anew: then what was consumed stays consumed. */
  readonly put: (artifact: Artifact) => Promise<void>;
  /** Null when there is none, it has expired, or it is a Grant whose Connection is over. */
  readonly find: (model: string, idHash: string) => Promise<FoundArtifact | null>;
  /** True for one alone of all who ever try: a conditional write. False too when there is none. */
  readonly consume: (model: string, idHash: string) => Promise<boolean>;
  readonly destroy: (model: string, idHash: string) => Promise<void>;
  /** From now on it lives so long; does nothing when there is none. */
  readonly prolong: (model: string, idHash: string, seconds: number) => Promise<void>;
  /** How many of a model have not expired. */
  readonly count: (model: string) => Promise<number>;
  /**
   * Deletes the Grant first, and ends its Connection where this is the Grant it has at present; then deletes what was issued by it.
   * Asking again does no harm. The id of the Connection that this call ended.
   */
  readonly endGrant: (grantHash: string) => Promise<string | null>;
  /** What an access token stands for: null when it, its Grant or its Connection is not there any more. */
  readonly access: (idHash: string) => Promise<Access | null>;
  /**
   * In one transaction keeps Grant, Connection and key. The key gets ` (2)` behind its name where its owner has such a one: the name
   * that it has.
   */
  readonly connect: (grant: Artifact, connection: ConnectionRow, key: GatewayKeyRow) => Promise<string>;
  /**
   * In one transaction gives a Connection another Grant and these scopes; a credential where one is given. What was issued by the Grant
   * before is good as long as it was. False, with nothing done, when it is over.
   */
  readonly widen: (id: string, grant: Artifact, change: Widening) => Promise<boolean>;
  readonly connection: (id: string) => Promise<StoredConnection | null>;
  /** Newest first. @param limit default 50, at most 500 */
  readonly connections: (filter: ConnectionFilter, page?: PageRequest) => Promise<Page<StoredConnection>>;
  /** Ends it with everything that was issued for it. True when this call did. */
  readonly endConnection: (id: string) => Promise<boolean>;
  /** Those that are over, for a day at most, and whose key at the upstream is still to be deleted. */
  readonly endedWithUpstreamKey: (limit: number) => Promise<readonly StoredConnection[]>;
  /** Forgets the key at the upstream, and what is sent there: it was deleted. */
  readonly forgetUpstreamKey: (id: string) => Promise<void>;
  /**
   * True for one alone of all who claim `name`, until it lets go of it or so many seconds have passed. Claims are kept as the artefacts
   * of the model `Claim`.
   */
  readonly claim: (name: string, seconds: number) => Promise<boolean>;
  readonly letGo: (name: string) => Promise<void>;
  /** Deletes what has expired, and ends Connections that nothing is left of to use them with; the ids of those. */
  readonly sweep: () => Promise<readonly string[]>;
  /** Oldest first. */
  readonly signingKeys: () => Promise<readonly SigningKeyRow[]>;
  /** Adds the one that follows the newest; false when another replica has added one of that generation. */
  readonly addSigningKey: (key: SigningKeyRow) => Promise<boolean>;
  /** Deletes those of generations before this one. */
  readonly deleteSigningKeys: (before: number) => Promise<void>;
}

export interface Artifact {
  /** `AccessToken`, `Grant`, … */
  readonly model: string;
  /** SHA-256 of its id. */
  readonly idHash: string;
  /** Without its id. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Hash of the id of the Grant it was issued by; null: none. */
  readonly grantHash: string | null;
  /** Seconds from now. */
  readonly seconds: number;
}

export interface FoundArtifact {
  readonly payload: Readonly<Record<string, unknown>>;
  /** Milliseconds since it was consumed; null: it is not. */
  readonly consumedMs: number | null;
  /** Milliseconds that it has left. */
  readonly leftMs: number;
}

/** A Connection without what its key knows of it. */
export interface ConnectionRow {
  /** Also that of its key. */
  readonly id: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly clientHost: string | null;
  readonly redirectHost: string;
  readonly resource: string;
  readonly pages: readonly Named[];
  readonly upstreamKeyRef: string | null;
}

export interface StoredConnection {
  readonly connection: ConnectionRow;
  readonly key: GatewayKeyRow;
}

export interface Access extends StoredConnection {
  /** Of the token. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly leftMs: number;
}

export interface Widening {
  readonly scopes: readonly string[];
  /** Sealed; absent: it stays. */
  readonly upstreamCredential?: string;
  readonly upstreamKeyRef?: string;
}

export interface ConnectionFilter extends KeyFilter {
  readonly clientId?: string;
}

export interface SigningKeyRow {
  /** 1, 2, 3 … */
  readonly generation: number;
  readonly keyId: string;
  /** The private JWK, encrypted by the caller. */
  readonly sealed: string;
  /** Signs from then on; published before. */
  readonly activeAt: IsoTime;
}
