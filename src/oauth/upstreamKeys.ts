import type { Keys } from "../auth/keys.ts";
import { open } from "../auth/seal.ts";
import type { OAuthStore, StoredConnection } from "../storage/oauthPort.ts";
import type { Named } from "../storage/port.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Secret } from "../telemetry/secret.ts";
import { type ConnectionChange, changedConnection } from "./connectionViews.ts";
import { openUpstream } from "./upstreamGrant.ts";

/** A key that was made at the upstream for a Connection. */
export interface MintedKey {
  readonly keyRef: string;
  /** The key itself; null where it cannot be decrypted any more. */
  readonly credential: Secret | null;
  readonly user: Named | null;
  readonly organisation: Named | null;
}

export interface UpstreamKeysOptions {
  readonly store: Pick<OAuthStore, "connection" | "endedWithUpstreamKey" | "forgetUpstreamKey" | "claim" | "letGo">;
  readonly seals: Keys;
  /** Deletes it at the upstream; resolves too when it is not there. */
  readonly deleteKey: (key: MintedKey) => Promise<void>;
  readonly onChange?: (change: ConnectionChange) => void;
  readonly logger?: Pick<Logger, "warn">;
  readonly now: () => number;
}

/** Deletes what was made at the upstream for Connections that are over. None of it can hold up that they end. */
export interface UpstreamKeys {
  /** For one that has just ended. Returns at once; what fails is recorded, and left to {@link UpstreamKeys.retry}. */
  readonly ended: (connectionId: string) => void;
  /** Tries those again that failed within a day, or whose process ended before it came to it. Throws `store_unavailable`. */
  readonly retry: () => Promise<void>;
}

/** Longer than the upstream has to answer. */
const claimSeconds = 60;
const mostAtOnce = 100;

/** {@link UpstreamKeys}: what is still to be deleted stands in the store, so any replica does it. */
export function createUpstreamKeys(options: UpstreamKeysOptions): UpstreamKeys {
  const { store, logger } = options;
  const tell = (type: ConnectionChange["type"], stored: StoredConnection, upstreamKeyRef: string): void => {
    const { key } = stored;
    const actor = { kind: "gateway", id: "gateway" } as const;
    const at = new Date(options.now()).toISOString();
    options.onChange?.({ type, ...changedConnection(key.id, stored), actor, upstreamKeyRef, at });
  };
  const remove = async (stored: StoredConnection, isFirst: boolean): Promise<void> => {
    const { key, connection } = stored;
    const keyRef = connection.upstreamKeyRef;
    if (keyRef === null || key.revokedAt === null || !(await store.claim(`upstream key ${key.id}`, claimSeconds)))
      return;
    try {
      await options.deleteKey({ keyRef, ...ownerOf(stored, options) });
    } catch (thrown) {
      logger?.warn(
        { connectionId: key.id, keyRef, err: thrown },
        "a key that was made at the API for a connection is still there; deleting it is tried for a day",
      );
      if (isFirst) tell("upstream_key_left", stored, keyRef);
      await store.letGo(`upstream key ${key.id}`);
      return;
    }
    await store.forgetUpstreamKey(key.id);
    tell("upstream_key_deleted", stored, keyRef);
  };
  return {
    ended: (id) => {
      const begin = async (): Promise<void> => {
        const stored = await store.connection(id);
        if (stored !== null) await remove(stored, true);
      };
      void begin().catch(() => undefined); // the store is away: it says so itself, and retry finds it
    },
    retry: async () => {
      for (const stored of await store.endedWithUpstreamKey(mostAtOnce)) await remove(stored, false);
    },
  };
}

function ownerOf({ key }: StoredConnection, { seals }: UpstreamKeysOptions): Omit<MintedKey, "keyRef"> {
  const opened = key.upstreamCredential === null ? null : openUpstream(open(seals, key.upstreamCredential, key.id));
  return { credential: opened?.grant.credential ?? null, user: key.owner, organisation: key.organisation };
}
