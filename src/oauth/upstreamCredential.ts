import type { Keys } from "../auth/keys.ts";
import { open, seal } from "../auth/seal.ts";
import { GatewayError } from "../errors.ts";
import type { OAuthStore } from "../storage/oauthPort.ts";
import type { GatewayKeyRow, KeyStore } from "../storage/port.ts";
import type { Secret } from "../telemetry/secret.ts";
import type { UpstreamGrant } from "./port.ts";
import { openUpstream, sealUpstream } from "./upstreamGrant.ts";

export interface UpstreamCredentialOptions {
  readonly store: Pick<OAuthStore, "claim" | "letGo">;
  readonly keys: Pick<KeyStore, "byId" | "replaceCredential">;
  /** Decrypt what is kept for the upstream; the first encrypts. */
  readonly seals: Keys;
  /** Gets a credential of the upstream anew. Throws `unauthenticated`, `upstream_*`. Absent: what has run out is sent, and refused there. */
  readonly refreshUpstream?: (grant: UpstreamGrant) => Promise<UpstreamGrant>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What is sent to the upstream for the Connection whose key this is; undefined: the gateway's own. */
export type CredentialOf = (key: Sealed) => Promise<Secret | undefined>;

type Sealed = Pick<GatewayKeyRow, "id" | "upstreamCredential">;

/** A credential is had anew this long before it runs out. */
const earlyMs = 30_000;
/** Longer than the provider has to answer. */
const claimSeconds = 15;
/** How long a credential that another replica gets is waited for, and how often is looked. */
const waiting = { forMs: 10_000, everyMs: 100 };

interface Kept {
  readonly sealed: string;
  readonly grant: UpstreamGrant;
  readonly isOld: boolean;
}

/**
 * {@link CredentialOf}, had anew where it runs out. Of all replicas one alone asks the provider, since one that rotates refresh tokens
 * takes the second who uses one for a thief; the others wait for what it stores, or send what is still good. Never falls back to the
 * gateway's own credential: that may be allowed more.
 */
export function createUpstreamCredential(options: UpstreamCredentialOptions): CredentialOf {
  const { store, keys, seals, refreshUpstream, now } = options;
  /** What could not be stored when it was had: by key, with what it takes the place of. */
  const unsaved = new Map<string, { readonly from: string; readonly to: string }>();
  const runs = new Map<string, Promise<Secret>>();

  const save = async (id: string, from: string, to: string): Promise<boolean> => {
    try {
      await keys.replaceCredential(id, from, to);
      unsaved.delete(id);
      return true;
    } catch {
      return false; // the store is away, and says so itself
    }
  };
  const keptOf = async ({ id, upstreamCredential: stored }: Sealed): Promise<Kept | undefined> => {
    if (stored === null) return undefined;
    const late = unsaved.get(id);
    if (late?.from === stored) await save(id, late.from, late.to);
    const sealed = late?.from === stored ? late.to : stored;
    const opened = openUpstream(open(seals, sealed, id));
    if (opened !== null) return { sealed, ...opened };
    throw new GatewayError("internal", "internal error", { cause: new Error("a credential cannot be decrypted") });
  };
  const endsInMs = ({ grant }: Kept): number => (grant.refresh?.expiresAtMs ?? Number.POSITIVE_INFINITY) - now();
  const renewed = async (id: string, { sealed, grant }: Kept): Promise<Secret> => {
    const fresh = (await refreshUpstream?.(grant)) ?? grant;
    const to = seal(seals, sealUpstream(fresh), id);
    unsaved.set(id, { from: sealed, to });
    // One that is not stored keeps its claim: nobody else is to use the refresh token meanwhile.
    if (await save(id, sealed, to)) await store.letGo(claimName(id)).catch(() => undefined);
    return fresh.credential;
  };
  /** The first who claims it gets it anew; what stands in the store by then is looked at once more. */
  const renew = async (id: string, before: Kept): Promise<Secret> => {
    const deadline = performance.now() + waiting.forMs;
    for (let known = before; ; ) {
      const isMine = await store.claim(claimName(id), claimSeconds);
      const row = await keys.byId(id);
      known = (row !== null && (await keptOf(row))) || known;
      if (endsInMs(known) > earlyMs) {
        if (isMine) await store.letGo(claimName(id));
        return known.grant.credential;
      }
      if (isMine) return renewed(id, known).catch((thrown: unknown) => refused(thrown, id));
      if (endsInMs(known) > 0) return known.grant.credential;
      if (performance.now() > deadline)
        throw new GatewayError("upstream_unavailable", "the sign-in of this connection is being renewed", {
          next: "Try again shortly.",
          retryAfterSeconds: 2,
        });
      await new Promise((resolve) => setTimeout(resolve, waiting.everyMs));
    }
  };
  const refused = async (thrown: unknown, id: string): Promise<never> => {
    await store.letGo(claimName(id)).catch(() => undefined);
    throw thrown;
  };
  return async (key) => {
    const { id } = key;
    const kept = await keptOf(key);
    if (kept === undefined) return undefined;
    if (endsInMs(kept) <= earlyMs && refreshUpstream !== undefined) {
      const run = runs.get(id) ?? renew(id, kept).finally(() => runs.delete(id));
      runs.set(id, run);
      return run;
    }
    if (kept.isOld) await save(id, kept.sealed, seal(seals, sealUpstream(kept.grant), id));
    return kept.grant.credential;
  };
}

function claimName(id: string): string {
  return `upstream credential ${id}`;
}
