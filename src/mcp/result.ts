import type { Outcome } from "../calls/call.ts";
import type { ErrorCode, GatewayError } from "../errors.ts";
import type { McpContext, MethodResult, Surface } from "./context.ts";
import { meta } from "./versions.ts";

/**
 * The `result` of a tools/call, serialised. A described Tool gives `structuredContent` and the same as compact JSON text;
 * its JSON is made once and used for both.
 */
export function callToolResult(outcome: Outcome, context: McpContext): MethodResult {
  const { structured, content, isError } = outcome;
  const json = structured === undefined ? undefined : JSON.stringify(structured);
  const blocks = content ?? [];
  const text =
    json === undefined ? "" : `{"type":"text","text":${JSON.stringify(json)}}${blocks.length > 0 ? "," : ""}`;
  const members = [`"content":[${text}${blocks.map((block) => JSON.stringify(block)).join(",")}]`];
  // The v1 client holds structuredContent of an error against outputSchema, and throws (security.md, outcome notation).
  if (json !== undefined && isError !== true) members.push(`"structuredContent":${json}`);
  if (isError === true) members.push('"isError":true');
  return { text: `{${members.join(",")}${completeMembers(context)}}`, ...(isError === true && { isError }) };
}

/** An error the caller can act on, as a tool result: JSON text `{ code, message, next, retryable, retryAfterSeconds?, data? }`. */
export function errorResult(error: GatewayError, context: McpContext): MethodResult {
  const { next = nextByCode[error.code], retryAfterSeconds, data } = error.facts;
  const text = JSON.stringify({
    code: error.code,
    message: error.message,
    next,
    retryable: error.retryable,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(data === undefined ? {} : { data }),
  });
  return callToolResult({ content: [{ type: "text", text }], isError: true }, context);
}

/** `value` as a whole result of the request's era: the stateless era adds `resultType` and who the server is. */
export function complete(context: McpContext, value: Readonly<Record<string, unknown>>): MethodResult {
  if (context.era === "session") return { value };
  const own = value._meta as object | undefined;
  return {
    value: { ...value, resultType: "complete", _meta: { ...own, [meta.serverInfo]: context.surface.serverInfo } },
  };
}

/** What every result of the stateless era ends with, as JSON members behind a comma; made once per Surface. */
const endings = new WeakMap<Surface, string>();

function completeMembers({ era, surface }: McpContext): string {
  if (era === "session") return "";
  const known = endings.get(surface);
  if (known !== undefined) return known;
  const ending = `,"resultType":"complete","_meta":${JSON.stringify({ [meta.serverInfo]: surface.serverInfo })}`;
  endings.set(surface, ending);
  return ending;
}

/** What to do next where the error itself does not say. Its reader is a model that will try again. */
const nextByCode: Readonly<Record<ErrorCode, string>> = {
  invalid_arguments: "Correct the arguments by the tool's inputSchema and call again.",
  not_permitted: "Do not repeat the call; ask the user for a key with more rights, or choose another tool.",
  lookup_required: "Look the object up with the list or get tool first, then call again with the id it returned.",
  confirmation_required: "Ask the user to confirm, in a client that can answer questions of a server (elicitation).",
  in_progress: "Wait a few seconds, then call again with the same arguments.",
  idempotency_conflict: "Use a new idempotency_key for a different request.",
  outcome_unknown: "Do not repeat the call; read the object first to see whether the change took effect.",
  rate_limited: "Wait, then call again.",
  overloaded: "Wait a few seconds, then call again.",
  store_unavailable: "Wait a few seconds, then call again.",
  audit_unavailable: "Wait a few seconds, then call again; nothing was changed.",
  upstream_timeout: "Call again with a narrower query, or later.",
  upstream_unavailable: "Wait, then call again; tell the user if it persists.",
  upstream_redirect: "Tell the user that the gateway's upstream URL needs correcting.",
  upstream_rejected: "Read the message, correct the arguments and call again.",
  upstream_unauthorized: "Ask the user to check their API key.",
  upstream_not_found: "Check the id with the list tool.",
  upstream_conflict: "Read the object again, then decide.",
  upstream_rate_limited: "Wait, then call again.",
  upstream_failed: "Call again later; tell the user if it persists.",
  upstream_invalid_response: "Tell the user that the API answered something unreadable.",
  response_too_large: "Narrow the query: fewer items, fewer fields, more filters.",
  unknown_tool: "Call tools/list to see the tools there are.",
  unknown_resource: "Call resources/list to see the resources there are.",
  unauthenticated: "Ask the user for a valid API key.",
  insufficient_scope: "Ask the user for a key with the missing scope.",
  invalid_request: "Correct the request.",
  internal: "Call again once; tell the user if it persists.",
};
