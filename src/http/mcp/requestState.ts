import { createHash } from "node:crypto";
import { type Keys, sign, verifies } from "../../auth/keys.ts";
import { GatewayError } from "../../errors.ts";
import { rpc } from "../../mcp/versions.ts";

/** What a request that asked something must be the same in when it comes back. */
export interface StateBinding {
  readonly principalId: string;
  /** See `src/auth/principal.ts`. */
  readonly formerIds?: readonly string[];
  readonly surface: string;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** What the rounds so far have come to. */
export interface RequestState {
  /** Questions asked in the last round, by key. */
  readonly asked: readonly string[];
  /** Answers of earlier rounds, by key. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly round: number;
}

/** Seconds an opened question may be answered (security.md T6). */
export const stateSeconds = 600;
/** A state larger than this is refused unread. */
const maxLength = 65_536;

/**
 * The state as text for the client to carry: signed, not encrypted, since it holds what the client itself said. Bound to
 * principal, Surface, method, name and arguments, so that a "yes" to one call never confirms another.
 */
export function sealState(keys: Keys, state: RequestState, binding: StateBinding, nowMs: number): string {
  const expires = Math.floor(nowMs / 1_000) + stateSeconds;
  const body = Buffer.from(JSON.stringify({ ...state, expires })).toString("base64url");
  return `v1.${body}.${sign(keys, `${body}|${digest(binding)}`)}`;
}

/** The state in `text`. Throws -32602 with `data.reason` when it was changed, is too old, or belongs to another request. */
export function openState(keys: Keys, text: unknown, binding: StateBinding, nowMs: number): RequestState {
  const parts = typeof text === "string" && text.length <= maxLength ? /^v1\.([\w-]+)\.([\w-]{43})$/.exec(text) : null;
  const [, body, signature] = parts ?? [];
  if (body === undefined || signature === undefined) throw invalidState();
  if (!isSigned(keys, body, binding, signature)) throw invalidState();
  // The signature is ours, so the content is what sealState wrote.
  const state = JSON.parse(Buffer.from(body, "base64url").toString()) as RequestState & { expires: number };
  if (state.expires * 1_000 <= nowMs) throw invalidState();
  return state;
}

/** Under each key the principal has the id that it had while that key signed. */
function isSigned(keys: Keys, body: string, binding: StateBinding, signature: string): boolean {
  const ids = [binding.principalId, ...(binding.formerIds ?? [])];
  return keys.some((key, index) => {
    const principalId = ids[index] ?? binding.principalId;
    return verifies([key], `${body}|${digest({ ...binding, principalId })}`, signature);
  });
}

function digest({ principalId, surface, method, params }: StateBinding): string {
  const target = { name: params.name, uri: params.uri, arguments: params.arguments };
  return createHash("sha256")
    .update(JSON.stringify([principalId, surface, method, canonical(target)]))
    .digest("base64url");
}

/**
 * The same value whatever the order of its keys: a client may rebuild the arguments for the retry. Arrays and objects begin
 * with a mark, so that no array of pairs is taken for an object.
 */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return ["[", ...value.map(canonical)];
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return ["{", ...entries.flatMap(([key, member]) => [key, canonical(member)])];
}

function invalidState(): GatewayError {
  return new GatewayError(
    "invalid_request",
    "requestState is not valid for this request; send the request without it",
    {
      rpcCode: rpc.invalidParams,
      data: { reason: "invalid_request_state" },
    },
  );
}
