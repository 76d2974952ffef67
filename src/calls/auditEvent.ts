import type { AuditEvent, AuditOutcome } from "../audit/event.ts";
import { type Keys, sign, verifies } from "../auth/keys.ts";
import { lastingId } from "../auth/principal.ts";
import { type Change, type ErrorCode, GatewayError } from "../errors.ts";
import { canonical } from "../operations/canonical.ts";
import { idempotencyArg } from "../operations/idempotency.ts";
import { offeredParams } from "../operations/schemas.ts";
import { isSecretArgument } from "./auditValues.ts";
import type { Call, Outcome } from "./call.ts";
import { changeOf } from "./replay.ts";
import { notifyArg } from "./safeguards/guards.ts";
import type { Trail } from "./trail.ts";

/** What a record needs to know beside its Call. */
export interface EventParts {
  /** Keys of the purpose `audit`: the first signs, all verify. */
  readonly keys: Keys;
  readonly values: (call: Call) => Readonly<Record<string, unknown>>;
  readonly upstreamName: (call: Call) => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

type Begun = Omit<AuditEvent, "kind">;

/** What is known of a Call before it is sent. */
export function begunEvent({ keys, values, upstreamName, now }: EventParts, call: Call, { eventId }: Trail): Begun {
  const { principal, tool, args, client, confirmation } = call;
  const named = values(call);
  const notify = args[notifyArg];
  return {
    event_id: eventId,
    at: new Date(now()).toISOString(),
    actor_type: "mcp",
    actor_kind: principal.kind,
    actor_id: lastingId(principal),
    actor_user_id: principal.user?.id ?? null,
    organisation: principal.organisation?.id ?? null,
    client: client === undefined ? null : bounded(client),
    client_host: call.network ?? null,
    session: call.session ?? null,
    request_id: call.requestId,
    surface: call.surface,
    tool: tool.name,
    effect: tool.effect,
    resource: tool.resource,
    resource_id: resourceIdOf(call),
    args_hash: sign(keys, argsText(call)),
    ...(Object.keys(named).length > 0 && { values: named }),
    ...(typeof notify === "boolean" && { notify }),
    ...(confirmation !== undefined && { confirmed_by: confirmation.by }),
    upstream: upstreamName(call),
  };
}

/** Whether `event` was of the same Tool and arguments. The idempotency key is none of them. */
export function isSameAction(keys: Keys, event: Pick<AuditEvent, "args_hash">, call: Call): boolean {
  return verifies(keys, argsText(call), event.args_hash);
}

function argsText({ tool, args }: Call): string {
  const { [idempotencyArg]: _key, ...rest } = args;
  return JSON.stringify(canonical([tool.name, rest]));
}

/** The last id in the path: `/pages/{page_id}/components/{id}` is about the component. */
function resourceIdOf({ tool, args }: Call): string | null {
  const { origin } = tool;
  if (origin === undefined) return idText(args.id);
  const last = offeredParams(origin.spec)
    .filter((param) => param.in === "path" && !isSecretArgument(origin, param.arg))
    .at(-1);
  return last === undefined ? null : idText(args[last.arg]);
}

/** The id of the object that a Create answered with. */
function createdId({ tool }: Call, { structured }: Outcome): string | null {
  const item = structured?.item;
  if (tool.kind !== "create" || typeof item !== "object" || item === null) return null;
  const names = [...(tool.origin?.resource.ids ?? []), "id", "_id"];
  const fields = item as Readonly<Record<string, unknown>>; // an object, checked above
  return names.map((name) => idText(fields[name])).find((id) => id !== null) ?? null;
}

const longestId = 200;

function idText(value: unknown): string | null {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value.slice(0, longestId) : null;
}

/** A client says of itself what it likes. */
function bounded({ name, version }: NonNullable<Call["client"]>): NonNullable<AuditEvent["client"]> {
  return { name: name.slice(0, 100), ...(version !== undefined && { version: version.slice(0, 50) }) };
}

/** The record of a Call that came to `outcome`. */
export function endedEvent(parts: EventParts, call: Call, trail: Trail, outcome: Outcome): AuditEvent {
  const created = createdId(call, outcome);
  return {
    ...recordOf(parts, call, trail),
    outcome: outcomeOf(call, trail, outcome),
    ...(created !== null && { resource_id: created }),
  };
}

function outcomeOf({ signal }: Call, { intent }: Trail, { isError, isDryRun, structured }: Outcome): AuditOutcome {
  if (isDryRun === true) return "dry_run";
  if (isError === true) return "failed";
  if (structured?.replayed === true && intent === undefined) return "replayed";
  return signal.aborted && intent !== undefined ? "client_gone" : "ok";
}

/** The record of a Call that failed with `thrown`. */
export function failedEvent(parts: EventParts, call: Call, trail: Trail, thrown: unknown): AuditEvent {
  const { code, facts } = GatewayError.from(thrown);
  const status = facts.upstreamStatus;
  const isSent = trail.intent !== undefined && code !== "audit_unavailable";
  const change = isSent ? changeOf(thrown) : "none";
  return {
    ...recordOf(parts, call, trail),
    outcome: failureOf(code, change, isSent, call),
    code,
    ...(call.tool.effect !== "read" && { change }),
    ...(status !== undefined && { upstream_status: status }),
  };
}

function failureOf(code: ErrorCode, change: Change, isSent: boolean, { tool, signal }: Call): AuditOutcome {
  const isAsked = isSent || code.startsWith("upstream_");
  if (tool.effect === "read" && isAsked) return signal.aborted ? "client_gone" : "failed";
  if (change === "unknown") return "unknown";
  if (signal.aborted && change === "none") return "cancelled_before_send";
  return isSent ? "failed" : "refused";
}

function recordOf(parts: EventParts, call: Call, trail: Trail): AuditEvent {
  const { intent, upstreamStatus: status, upstreamRequestId: id, startedAt } = trail;
  const { deadline: _deadline, ...begun } = intent ?? begunEvent(parts, call, trail);
  return {
    ...begun,
    kind: intent === undefined ? "call" : "outcome",
    at: new Date(parts.now()).toISOString(),
    ...(status !== undefined && { upstream_status: status }),
    ...(id !== undefined && { upstream_request_id: id }),
    duration_ms: Math.round(performance.now() - startedAt),
  };
}
