import { AsyncLocalStorage } from "node:async_hooks";
import { hash } from "node:crypto";
import type { Adapter, AdapterPayload } from "oidc-provider";
import type { Artifact, OAuthStore } from "../storage/oauthPort.ts";

/** How the authorization server reaches the store, and what is ours to know of it. */
export interface OAuthAdapter {
  /** For `adapter` of the library. */
  readonly of: (model: string) => Adapter;
  /** Runs `save`, which saves a Grant through the library, and gives what would have been written instead of writing it. */
  readonly heldGrant: (save: () => Promise<unknown>) => Promise<Artifact>;
}

export interface OAuthAdapterOptions {
  readonly store: OAuthStore;
  /** What the loser of two who redeem the same thing is answered with: the library's `InvalidGrant`. */
  readonly alreadyUsed: () => Promise<Error>;
  /** Whether the library ends a Grant because its client asked to (RFC 7009). */
  readonly isAsked: () => Promise<boolean>;
  /** Hears of a Connection that ended with its Grant, and whether that was since something was used twice. */
  readonly ended: (connectionId: string, isReuse: boolean) => Promise<void>;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

/** The row id of an artefact: the artefact's own id is what its bearer sends, and stands nowhere at rest. */
export function artifactHash(id: string): string {
  return hash("sha256", id, "base64url");
}

/** A refresh token that was used so long ago is answered as an unknown one: its answer may have been lost (oauth.md A3). */
const graceMs = 10_000;
const dayS = 86_400;
/** A client lives as long as the refresh tokens it may have, and a day. */
const clientSeconds = { fresh: dayS, used: 31 * dayS };
/** Nobody is signed in at the authorization server: every authorization asks, so its sessions are kept nowhere. */
const kept = (model: string): boolean => model !== "Session";

/** {@link OAuthAdapter} by the rules of oauth.md §8. */
export function createOAuthAdapter(options: OAuthAdapterOptions): OAuthAdapter {
  const { store, alreadyUsed, isAsked, ended, now = Date.now } = options;
  const holding = new AsyncLocalStorage<{ artifact?: Artifact }>();
  const endGrant = async (grantId: string): Promise<void> => {
    const connectionId = await store.endGrant(artifactHash(grantId));
    if (connectionId !== null) await ended(connectionId, !(await isAsked()));
  };
  const of = (model: string): Adapter => ({
    upsert: async (id, payload, expiresIn) => {
      if (!kept(model)) return;
      const artifact = artifactOf(model, id, payload, expiresIn);
      const held = model === "Grant" ? holding.getStore() : undefined;
      if (held !== undefined) {
        held.artifact = artifact;
        return;
      }
      await store.put(artifact);
      const { clientId } = payload;
      if (model === "AccessToken" && clientId !== undefined)
        await store.prolong("Client", artifactHash(clientId), clientSeconds.used);
    },
    find: async (id) => {
      if (!kept(model)) return undefined;
      const found = await store.find(model, artifactHash(id));
      if (found === null) return undefined;
      const { payload, consumedMs, leftMs } = found;
      if (model === "Client") return payload as AdapterPayload; // what upsert was given
      if (model === "RefreshToken" && consumedMs !== null && consumedMs < graceMs) return undefined;
      return {
        ...payload,
        jti: id,
        // By the clock of this process, with which the library compares it.
        exp: Math.floor((now() + leftMs) / 1_000),
        ...(consumedMs !== null && { consumed: Math.floor((now() - consumedMs) / 1_000) }),
      };
    },
    consume: async (id) => {
      const idHash = artifactHash(id);
      if (await store.consume(model, idHash)) return;
      const lost = model === "AuthorizationCode" ? await store.find(model, idHash) : null;
      if (typeof lost?.payload.grantId === "string") await endGrant(lost.payload.grantId);
      throw await alreadyUsed();
    },
    destroy: async (id) => {
      if (model === "Grant") await endGrant(id);
      else if (kept(model)) await store.destroy(model, artifactHash(id));
    },
    revokeByGrantId: endGrant,
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
  });
  return {
    of,
    heldGrant: async (save) => {
      const held: { artifact?: Artifact } = {};
      await holding.run(held, save);
      if (held.artifact === undefined) throw new Error("no Grant was saved");
      return held.artifact;
    },
  };
}

function artifactOf(model: string, id: string, payload: AdapterPayload, expiresIn: number | undefined): Artifact {
  const { jti: _, ...rest } = payload; // what its bearer sends
  return {
    model,
    idHash: artifactHash(id),
    payload: rest,
    grantHash: typeof rest.grantId === "string" ? artifactHash(rest.grantId) : null,
    seconds: expiresIn ?? clientSeconds.fresh,
  };
}
