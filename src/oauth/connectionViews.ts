import type { KeyActor } from "../auth/gatewayKeys.ts";
import type { OAuthStore, StoredConnection } from "../storage/oauthPort.ts";
import type { Named } from "../storage/port.ts";
import type { Connections, ConnectionView } from "./port.ts";

/** Who changed a Connection. Its client does by RFC 7009; the gateway itself when a token was used twice, or nothing of it is left. */
export interface ConnectionActor {
  readonly kind: NonNullable<KeyActor["kind"]> | "connection" | "gateway";
  readonly id: string;
}

/** What became of a Connection, for the audit log. */
export interface ConnectionChange {
  readonly type: "created" | "widened" | "ended" | "upstream_key_deleted" | "upstream_key_left";
  readonly connectionId: string;
  readonly actor: ConnectionActor;
  /** Of what ended by itself. */
  readonly reason?: "reuse" | "unused";
  /** Null where the store could not say. */
  readonly name: string | null;
  readonly user: Named | null;
  readonly organisation: Named | null;
  readonly scopes: readonly string[];
  readonly client: { readonly name: string; readonly host: string | null } | null;
  readonly upstreamKeyRef?: string;
  readonly at: string;
}

/** What a change says of the Connection itself. */
export function changedConnection(
  id: string,
  stored: StoredConnection | null,
): Omit<ConnectionChange, "type" | "actor" | "at"> {
  const { key, connection } = stored ?? {};
  return {
    connectionId: id,
    name: key?.name ?? null,
    user: key?.owner ?? null,
    organisation: key?.organisation ?? null,
    scopes: key?.scopes ?? [],
    client: connection === undefined ? null : { name: connection.clientName, host: connection.clientHost },
  };
}

/** A Connection as people see it. */
export function connectionView({ connection, key }: StoredConnection): ConnectionView {
  return {
    id: key.id,
    keyName: key.name,
    user: key.owner,
    organisation: key.organisation,
    pages: connection.pages,
    scopes: key.scopes,
    clientId: connection.clientId,
    clientName: connection.clientName,
    clientHost: connection.clientHost,
    redirectHost: connection.redirectHost,
    resource: connection.resource,
    upstreamKeyRef: connection.upstreamKeyRef,
    createdAt: key.createdAt,
    expiresAt: key.expiresAt,
    lastUsedAt: key.lastUsedAt,
    revokedAt: key.revokedAt,
  };
}

/** {@link Connections} in the store. */
export function createConnections(store: Pick<OAuthStore, "connections" | "connection">): Connections {
  return {
    list: async ({ user, organisation, search, includeEnded, after, limit }) => {
      const { rows, next } = await store.connections(
        {
          now: "", // the store goes by its own clock
          ...(user !== undefined && { owner: user }),
          ...(organisation !== undefined && { organisation }),
          ...(search !== undefined && { search }),
          ...(includeEnded !== undefined && { includeEnded }),
        },
        { ...(after !== undefined && { after }), ...(limit !== undefined && { limit }) },
      );
      return { rows: rows.map(connectionView), ...(next !== undefined && { next }) };
    },
    get: async (id) => {
      const found = await store.connection(id);
      return found === null ? null : connectionView(found);
    },
  };
}
