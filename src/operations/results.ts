import type { ToolOrigin } from "../catalog/tool.ts";
import type { Source } from "../descriptor.ts";
import type { UpstreamResponse } from "../upstream/exchange.ts";
import { unwrapValues } from "./wrappers.ts";

/**
 * The value an answer holds, taken out of its envelope and its value wrappers. A body without the path is itself the value.
 * Files never come here (calls/files.ts); bytes in an answer that is none are told by their size.
 */
export function answerValue({ api, spec }: ToolOrigin, response: UpstreamResponse): unknown {
  if (response.body instanceof Uint8Array) {
    return { mediaType: response.mediaType, size: response.body.length };
  }
  const path = spec.result?.unwrap;
  const inner = path === undefined ? undefined : at(response.body, path);
  return unwrapValues(api.wrappers, inner === undefined ? response.body : inner);
}

/** What stands at `path` of `value`; undefined where there is no such place, null where null stands there. */
export function at(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (!isRecord(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}

/** Whether an answer says nothing: no body, null, an empty text, `{}`, `[]`. */
export function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What an answer says at `source`: any JSON value of its body, or the text of a header. */
export function fromSource(source: Source | undefined, response: UpstreamResponse): unknown {
  if (source === undefined) return undefined;
  return "path" in source ? at(response.body, source.path) : response.headers[source.header.toLowerCase()];
}

/**
 * A total as a number: 42, "42", or the end of a `Content-Range: items 0-9/42` (RFC 9110 §14.4). Undefined where the
 * answer does not know it (`*`, null, -1), and where it is a lower bound: `{"value":10000,"relation":"gte"}`, as search
 * engines tell it.
 */
export function totalOf(source: Source | undefined, response: UpstreamResponse): number | undefined {
  const said = isLowerBound(source, response) ? undefined : fromSource(source, response);
  const text = typeof said === "string" ? said.slice(said.lastIndexOf("/") + 1).trim() : said;
  const total = typeof text === "string" && /^\d+$/.test(text) ? Number(text) : text;
  return typeof total === "number" && Number.isSafeInteger(total) && total >= 0 ? total : undefined;
}

function isLowerBound(source: Source | undefined, { body }: UpstreamResponse): boolean {
  if (source === undefined || !("path" in source)) return false;
  const around = at(body, source.path.slice(0, -1));
  return isRecord(around) && around.relation === "gte";
}

/**
 * What the answer's value takes as compact JSON at most: the size it came in, where it came as JSON. Text and bytes grow
 * when they are quoted, so nothing is known of theirs.
 */
export function mostBytes({ body, bytes }: UpstreamResponse): number {
  return isRecord(body) && !(body instanceof Uint8Array) ? bytes : Number.POSITIVE_INFINITY;
}
