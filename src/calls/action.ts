import { hash, randomUUID } from "node:crypto";
import { lastingId } from "../auth/principal.ts";
import type { Param } from "../descriptor.ts";
import { canonical } from "../operations/canonical.ts";
import { idempotencyArg, idempotencyHeader } from "../operations/idempotency.ts";
import type { Call } from "./call.ts";
import type { Action } from "./claims.ts";
import { globPattern } from "./glob.ts";

/** What decides whether and how a Call is kept from being done twice. */
export interface ActionRules {
  /** The Upstream a Call goes to: the same key at another one is another action. */
  readonly upstreamName: (call: Call) => string;
  /** Globs of Tool names whose identical creates are all meant, such as entries of a log. */
  readonly neverShare: readonly string[];
}

/**
 * The Action of a Call; undefined where it may simply be done: a read, a Tool written by hand, a change without a key that is
 * not a create.
 */
export function createActionOf({ upstreamName, neverShare }: ActionRules): (call: Call) => Action | undefined {
  const never = neverShare.map(globPattern);
  return (call) => {
    const { tool, args, principal } = call;
    if (tool.effect === "read" || tool.origin === undefined) return undefined;
    const key = args[idempotencyArg];
    const isKeyed = typeof key === "string";
    if (!isKeyed && (tool.kind !== "create" || never.some((pattern) => pattern.test(tool.name)))) return undefined;
    const { api, spec } = tool.origin;
    const place = [api.name, upstreamName(call)];
    const digest = digestOf([tool.name, argumentsOf(args)]);
    return {
      mode: isKeyed ? "keyed" : "shared",
      principalId: lastingId(principal),
      id: digestOf(isKeyed ? [...place, "key", key] : [...place, "create", digest]),
      args: digest,
      isRepeatable: isKeyed && idempotencyHeader(spec) !== undefined,
    };
  };
}

/**
 * The value of the upstream's idempotency header for the change number `index` of a Call: the caller's key, mixed with who the
 * caller is, so that two callers' keys never meet; without a key one of its own, which makes retries of ours safe.
 */
export function headerValue({ principal, args }: Call, { schema }: Param, index: number): string {
  const key = args[idempotencyArg];
  if (typeof key !== "string") return randomUUID();
  const digest = hash("sha256", `${lastingId(principal)}|${key}${index === 0 ? "" : `|${index}`}`);
  return schema?.format === "uuid" ? uuidOf(digest) : digest.slice(0, schema?.maxLength ?? digest.length);
}

/** RFC 9562 §5.8: a UUID of one's own making. */
function uuidOf(hex: string): string {
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`];
  return [...parts, hex.slice(20, 32)].join("-");
}

function argumentsOf({ [idempotencyArg]: _key, ...args }: Call["args"]): unknown {
  return args;
}

/** Of equal values, whatever the order of their keys, the same digest. */
function digestOf(value: unknown): string {
  return hash("sha256", JSON.stringify(canonical(value)));
}
