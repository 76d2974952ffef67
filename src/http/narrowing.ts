import type { IncomingMessage } from "node:http";
import type { Narrowing, ToolSelection } from "../auth/narrowing.ts";
import type { Principal } from "../auth/principal.ts";
import { GatewayError } from "../errors.ts";

/** Names of query parameters that narrow. */
export const narrowingParameters: readonly string[] = ["readonly", "toolsets", "tools", "exclude"];

/** Headers that narrow, for preflights of pages. */
export const narrowingHeaders: readonly string[] = [
  "X-MCP-Readonly",
  "X-MCP-Toolsets",
  "X-MCP-Tools",
  "X-MCP-Exclude-Tools",
];

/** Longer names than Tools have, and more of them than people write, are no narrowing but an attempt at our time. */
const longestName = 128;
const mostNames = 500;
const mostGlobs = 20;

/**
 * `principal` with no more than the request wants of it: headers `X-MCP-Readonly X-MCP-Toolsets X-MCP-Tools X-MCP-Exclude-Tools`
 * and query `readonly toolsets tools exclude`, both together (DESIGN §6.2). A name that is nobody's takes nothing in and is no
 * fault, since clients send one set of names to many servers. Throws `invalid_request` for a value that says nothing: who asks for
 * less must not get everything. The same Principal where nothing is asked.
 */
export function narrowed(principal: Principal, req: IncomingMessage): Principal {
  const text = textOf(req);
  if (text === "") return principal;
  const before = narrowedBefore.get(principal) ?? new Map<string, Principal>();
  narrowedBefore.set(principal, before);
  const known = before.get(text);
  if (known !== undefined) return known;
  const narrowing = narrowingOf(req);
  const result = narrowing === undefined ? principal : { ...principal, narrowing };
  if (before.size >= mostKnown) before.clear();
  before.set(text, result);
  return result;
}

/** One client sends the same with each request; a principal with many clients has a few. */
const narrowedBefore = new WeakMap<Principal, Map<string, Principal>>();
const mostKnown = 8;

const headers = {
  readonly: "x-mcp-readonly",
  toolsets: "x-mcp-toolsets",
  tools: "x-mcp-tools",
  exclude: "x-mcp-exclude-tools",
} as const;

/** All that may narrow, as it was sent. */
function textOf(req: IncomingMessage): string {
  const sent = Object.values(headers).map((name) => req.headers[name]);
  const query = queryText(req);
  return query === "" && sent.every((value) => value === undefined) ? "" : JSON.stringify([query, ...sent]);
}

/** Below a mount point of Express `url` has lost its beginning; the query is there all the same. */
function queryText({ url = "" }: IncomingMessage): string {
  const at = url.indexOf("?");
  return at < 0 ? "" : url.slice(at + 1);
}

function narrowingOf(req: IncomingMessage): Narrowing | undefined {
  const query = new URLSearchParams(queryText(req));
  const inHeader = (name: keyof typeof headers): string | undefined => {
    const value = req.headers[headers[name]];
    return (Array.isArray(value) ? value.join(",") : value)?.trim() || undefined;
  };
  const inQuery = (name: string): string | undefined => (query.has(name) ? query.getAll(name).join(",") : undefined);
  const readOnly =
    isTrue(headers.readonly, inHeader("readonly")) || isTrue("readonly", inQuery("readonly")?.trim() || absent(query));
  const exclude = [...names(inHeader("exclude")), ...names(inQuery("exclude"))];
  const selections = [
    selection(inHeader("toolsets"), inHeader("tools")),
    selection(inQuery("toolsets"), inQuery("tools")),
  ].filter((one) => one !== undefined);
  assertFew([...exclude, ...selections.flatMap(({ toolsets, tools }) => [...toolsets, ...tools])]);
  const isNothing = !readOnly && selections.length === 0 && exclude.length === 0;
  return isNothing ? undefined : { readOnly, selections, exclude };
}

/** `?readonly` alone means yes. */
function absent(query: URLSearchParams): string | undefined {
  return query.has("readonly") ? "true" : undefined;
}

function isTrue(name: string, value: string | undefined): boolean {
  if (value === undefined || /^(0|false|no|off)$/i.test(value)) return false;
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  throw new GatewayError("invalid_request", `${name} must be true or false`);
}

/** Undefined where neither is there or both are empty, as a client sends them whose variable is not set. */
function selection(toolsets: string | undefined, tools: string | undefined): ToolSelection | undefined {
  const one = { toolsets: names(toolsets), tools: names(tools) };
  return one.toolsets.length + one.tools.length === 0 ? undefined : one;
}

function names(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function assertFew(all: readonly string[]): void {
  const globs = all.filter((name) => name.includes("*"));
  if (all.length <= mostNames && globs.length <= mostGlobs && all.every((name) => name.length <= longestName)) return;
  throw new GatewayError(
    "invalid_request",
    `too much to narrow by: at most ${mostNames} names, ${mostGlobs} of them with *, each of at most ${longestName} characters`,
  );
}
