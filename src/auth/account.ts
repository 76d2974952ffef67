import type { Named } from "../storage/port.ts";
import type { Secret } from "../telemetry/secret.ts";
import type { Identity } from "./authenticate.ts";

/** Whose credential the API is asked with. */
export interface Asking {
  /** Null: the gateway's own, where a key of the gateway has none behind it. */
  readonly credential: Secret | null;
  /** `token`: an access token of the identity provider; `key`: a key of the API. They travel in different headers. */
  readonly kind: "token" | "key";
  /** The organisation that is meant; null: none is chosen yet. */
  readonly organisation: Named | null;
  /** Known once `me` has answered. */
  readonly user: Named | null;
}

/** A key that is to be made at the API, for one Connection. */
export interface WantedUpstreamKey {
  readonly name: string;
  /** Of the gateway's. */
  readonly scopes: readonly string[];
}

/** A key that was made at the API. */
export interface UpstreamKey {
  readonly credential: Secret;
  /** By which it can be deleted there. */
  readonly keyRef?: string;
}

/**
 * What the API says of a person, by the Operations that `oauth.consent` names, each asked with the person's own credential: nothing
 * here is more than the person may see. All of them throw `unauthenticated` when the API refuses the credential, `not_permitted` when
 * it refuses this, and `upstream_*` when it cannot say.
 */
export interface Accounts {
  /** Null when the API refuses the credential, or everything within that organisation. Absent: the API was not asked to say. */
  readonly me?: (asking: Asking) => Promise<Identity | null>;
  /** Absent: there is the one that `me` says. */
  readonly organisations?: (asking: Asking) => Promise<readonly Named[]>;
  /** Those of `asking.organisation`. Absent: the API has none. */
  readonly pages?: (asking: Asking) => Promise<readonly Named[]>;
  readonly mint?: (asking: Asking, wanted: WantedUpstreamKey) => Promise<UpstreamKey>;
  readonly unmint?: (asking: Asking, keyRef: string) => Promise<void>;
}
