import type { Secret } from "../telemetry/secret.ts";
import type { Narrowing } from "./narrowing.ts";

/** How a caller is known: by the API's own key, a gateway key, an OAuth Connection, or the configuration of a stdio server. */
export type PrincipalKind = "passthrough" | "key" | "connection" | "stdio";

/** Who is calling. Made anew from the credential of every request; nothing of it is taken from a session. */
export interface Principal {
  readonly kind: PrincipalKind;
  /** Stable and not secret: HMAC of a pass-through key, id of a gateway key or Connection. */
  readonly id: string;
  /**
   * The ids of the same caller under the further secrets, in their order: what was bound to one of them before a rotation is
   * still the caller's. Absent where the id depends on no secret, or there is one alone.
   */
  readonly formerIds?: readonly string[];
  /** Null where nothing says who the key belongs to (an *unverified* key). */
  readonly user: { readonly id: string; readonly name?: string } | null;
  readonly organisation: { readonly id: string; readonly name?: string } | null;
  /** Scopes held. Null for an unverified key: every Tool is offered and the upstream decides. */
  readonly scopes: readonly string[] | null;
  /** Arguments of Tools that are not the caller's to choose freely, by name; absent: all are. */
  readonly boundArguments?: BoundArguments;
  /** What this request leaves out of the Tools that it may use; absent: nothing. Of no meaning for resources and prompts. */
  readonly narrowing?: Narrowing;
  /** What is sent to the upstream for this caller; absent when the upstream needs none. */
  readonly credential?: Secret;
  /** When the credential that the caller sent ends by itself, milliseconds since the epoch; absent: it does not. */
  readonly expiresAtMs?: number;
}

/** A value that an argument may be bound to. */
export type BoundValue = string | number | boolean;

/**
 * `fixed`: the argument leaves the schema and is filled in. `within`: it stays, is required, and must be one of these. A Tool
 * without the argument could reach what the bound keeps out, so it is hidden, unless `elsewhere` allows it.
 */
export type Binding = ({ readonly fixed: BoundValue } | { readonly within: readonly BoundValue[] }) & {
  readonly elsewhere?: "allow";
};

/** Bindings by the name of the argument. */
export type BoundArguments = Readonly<Record<string, Binding>>;

/**
 * The id that outlives a rotation of secrets, for as long as the oldest of them is kept: what is done once must be known
 * by it, or the first call after a rotation would do it again.
 */
export function lastingId({ id, formerIds }: Principal): string {
  return formerIds?.at(-1) ?? id;
}
