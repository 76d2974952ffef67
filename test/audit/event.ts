import type { AuditEvent } from "../../src/audit/event.ts";

/** An intent that says as little as one may. */
export function auditEvent(id: string, more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    event_id: id,
    kind: "intent",
    at: "2026-07-01T00:00:00.000Z",
    actor_type: "mcp",
    actor_kind: "key",
    actor_id: "k1",
    actor_user_id: "u1",
    organisation: null,
    client: null,
    client_host: null,
    session: null,
    request_id: "r1",
    surface: "default",
    tool: "create_widget",
    effect: "write",
    resource: "Widget",
    resource_id: null,
    args_hash: "h",
    upstream: "default",
    deadline: "2026-07-01T00:01:00.000Z",
    ...more,
  };
}
