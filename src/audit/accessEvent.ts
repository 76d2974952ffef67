import { randomUUID } from "node:crypto";
import type { Named } from "../storage/port.ts";
import type { AuditActorKind, AuditEvent } from "./event.ts";

/** A change of who may use the gateway, and who made it. Holds no credential. */
export interface AccessChange {
  /** `hosted_mcp`: connections by OAuth as a whole. */
  readonly what: "key" | "connection" | "hosted_mcp";
  readonly id: string;
  readonly type: AccessChangeType;
  readonly actor: { readonly kind?: AuditActorKind; readonly id: string };
  readonly name: string | null;
  readonly user: Named | null;
  readonly organisation: Named | null;
  readonly scopes: readonly string[];
  readonly client?: { readonly name: string; readonly host: string | null } | null;
  /** Why it ended by itself. */
  readonly reason?: string;
  /** The key that takes its place. */
  readonly successorId?: string;
  /** Name of the key at the upstream that it is about. */
  readonly upstreamKeyRef?: string;
  readonly at: string;
}

type AccessChangeType =
  | "created"
  | "rotated"
  | "revoked"
  | "widened"
  | "ended"
  | "turned_on"
  | "turned_off"
  | "upstream_key_deleted"
  | "upstream_key_left";

const actorTypes: Readonly<Record<AuditActorKind, AuditEvent["actor_type"]>> = {
  passthrough: "mcp",
  key: "mcp",
  connection: "mcp",
  stdio: "mcp",
  user: "user",
  operator: "operator",
  gateway: "gateway",
};

/**
 * The record of `change`: a `call` whose tool is `connection.created`, `key.revoked` and the like, which no Tool is called, on no
 * Surface and of no Upstream. Its values say what the key or Connection is from then on.
 */
export function accessEvent(change: AccessChange): AuditEvent {
  const { what, id, type, actor, user, organisation, client, at } = change;
  const { name, scopes, reason, successorId, upstreamKeyRef } = change;
  const kind = actor.kind ?? "operator";
  const isPerson = kind === "user";
  return {
    event_id: randomUUID(),
    kind: "call",
    at,
    actor_type: actorTypes[kind],
    actor_kind: kind,
    actor_id: actor.id,
    actor_user_id: isPerson ? actor.id : kind === "connection" ? (user?.id ?? null) : null,
    organisation: organisation?.id ?? null,
    client: client ? { name: client.name.slice(0, 100) } : null,
    client_host: null,
    session: null,
    request_id: randomUUID(),
    surface: "",
    tool: `${what}.${type}`,
    effect: ["created", "rotated", "widened", "turned_on"].includes(type) ? "write" : "destroy",
    resource: what,
    resource_id: id,
    args_hash: "",
    values: {
      ...(name !== null && { name }),
      ...(user !== null && { user: user.id }),
      scopes,
      ...(client?.host && { clientHost: client.host }),
      ...(reason !== undefined && { reason }),
      ...(successorId !== undefined && { successor: successorId }),
      ...(upstreamKeyRef !== undefined && { upstreamKey: upstreamKeyRef }),
    },
    upstream: "",
    outcome: type === "upstream_key_left" ? "failed" : "ok",
  };
}
