import type { OAuthStore, StoredConnection } from "../storage/oauthPort.ts";
import type { Named } from "../storage/port.ts";
import type { Connections, ConnectionView } from "./port.ts";

/** What became of a Connection, for the audit log. */
export interface ConnectionChange {
  readonly type: "created" | "widened" | "ended";
  readonly connectionId: string;
  readonly user?: Named | null;
  readonly organisation?: Named | null;
  readonly scopes?: readonly string[];
  readonly at: string;
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
