import type { Request, Response } from "express";
import { anonymous } from "../../auth/authenticate.ts";
import type { OperationKind } from "../../descriptor.ts";
import { GatewayError } from "../../errors.ts";
import type { Principal, Surface } from "../../mcp/context.ts";
import { shown } from "../../mcp/params.ts";
import { leavesOf } from "../../surfaces/narrowing.ts";
import { exactOutput } from "../../surfaces/surface.ts";
import { blamedFor } from "../address.ts";
import type { AuthenticateAt } from "../authenticateAt.ts";
import { narrowed, narrowingParameters } from "../narrowing.ts";

export interface ToolsRouteOptions {
  readonly authenticate: AuthenticateAt;
  readonly anonymousTools: "names" | "deny";
}

type Tool = Surface["tools"][number];
type Shown = Readonly<Record<string, unknown>>;

/**
 * `GET <path>/tools`: `{ tools, count, nextCursor? }`, filtered by the caller's key. All in one answer unless `limit` is
 * given; `count` is the total of what the filters leave. `?resource= ?kind= ?q= ?schema=1`; a parameter that is none of them,
 * stands twice or has a value that cannot be is 400, since an ignored filter would show everything. Without a key: names and
 * descriptions, or 401 where that is denied. A request narrows it as it does `tools/list`.
 */
export function toolsRoute(
  surface: Surface,
  options: ToolsRouteOptions,
): (req: Request, res: Response) => Promise<void> {
  return async (req, res) => {
    const principal = await callerOf(req, surface, options);
    const query = queryOf(req.query);
    const tools = (principal === null ? left(surface, req) : surface.visibleTools(principal)).filter(filterOf(query));
    const page = pageOf(tools, query);
    const show = principal === null ? nameOf : entryOf(query.schema === "1");
    res.json({ tools: page.tools.map(show), count: tools.length, ...page.next });
  };
}

/** `GET <path>/tools/{name}`: one Tool whole. 404 for a hidden Tool as for an unknown one. */
export function toolRoute(
  surface: Surface,
  options: ToolsRouteOptions,
): (req: Request, res: Response) => Promise<void> {
  return async (req, res) => {
    const principal = await callerOf(req, surface, options);
    const name = String(req.params.name);
    // Not findTool: a Surface of style compact calls its Tools by other names than theirs.
    const offered = principal === null ? left(surface, req) : surface.visibleTools(principal);
    const tool =
      offered.find((one) => one.name === name) ??
      (principal === null ? undefined : offered.find(({ aliases }) => aliases.includes(name)));
    if (tool === undefined) {
      throw new GatewayError("unknown_tool", "There is no such tool, or your key does not include it.");
    }
    res.json(principal === null ? nameOf(tool) : entryOf(true)(tool));
  };
}

/** What a request without a key leaves of all Tools. */
function left(surface: Surface, req: Request): readonly Tool[] {
  const { narrowing } = narrowed(anonymous, req);
  return narrowing === undefined ? surface.tools : surface.tools.filter(leavesOf(narrowing));
}

const parameters = ["resource", "kind", "q", "schema", "limit", "cursor"] as const;
type Query = Readonly<Partial<Record<(typeof parameters)[number], string>>>;

const kinds: readonly string[] = [
  "list",
  "count",
  "get",
  "create",
  "update",
  "delete",
  "action",
] satisfies OperationKind[];

/** @throws invalid_request for what no filter means */
function queryOf(given: Request["query"]): Query {
  for (const [name, value] of Object.entries(given)) {
    if (narrowingParameters.includes(name)) continue;
    if (!parameters.some((one) => one === name))
      throw notLawful(
        `there is no parameter ${shown(name)}; there are ${[...parameters, ...narrowingParameters].join(", ")}`,
      );
    if (typeof value !== "string") throw notLawful(`${name} stands twice; give it once`);
  }
  const query = given as Query;
  if (query.kind !== undefined && !kinds.includes(query.kind))
    throw notLawful(`kind must be one of ${kinds.join(", ")}`);
  if (query.schema !== undefined && query.schema !== "0" && query.schema !== "1")
    throw notLawful("schema must be 1 (with schemas) or 0");
  return query;
}

function notLawful(message: string): GatewayError {
  return new GatewayError("invalid_request", message);
}

/** The caller, or null for one without a key where that is allowed. A key that is not good is refused, never ignored. */
async function callerOf(
  req: Request,
  surface: Surface,
  { authenticate, anonymousTools }: ToolsRouteOptions,
): Promise<Principal | null> {
  try {
    return narrowed(await authenticate(surface, req.rawHeaders, blamedFor(req)), req);
  } catch (thrown) {
    const missing = thrown instanceof GatewayError && thrown.facts.data?.reason === "missing";
    if (missing && anonymousTools === "names") return null;
    throw thrown;
  }
}

/** Words of `q` must all occur in the name, title or description. Case does not matter. */
function filterOf({ resource, kind, q }: Query): (tool: Tool) => boolean {
  const words = q?.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
  const noun = resource === undefined ? undefined : plain(resource);
  return (tool) => {
    if (noun !== undefined && plain(tool.resource) !== noun) return false;
    if (kind !== undefined && tool.kind !== kind) return false;
    if (words.length === 0) return true;
    const text = `${tool.name} ${tool.definition.title} ${tool.definition.description}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

/** `StatusPage`, `status_page` and `status-page` name one ResourceType. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** @throws invalid_request for a limit or cursor that is none */
function pageOf(
  tools: readonly Tool[],
  { limit, cursor }: Query,
): { readonly tools: readonly Tool[]; readonly next: Shown } {
  const after = cursor === undefined ? "" : Buffer.from(cursor, "base64url").toString();
  if (cursor !== undefined && !/^[\w.-]{1,128}$/.test(after)) throw notLawful("the cursor is not valid");
  const start = tools.findIndex(({ name }) => name > after);
  const rest = start < 0 ? [] : tools.slice(start);
  if (limit === undefined) return { tools: rest, next: {} };
  if (!/^[1-9]\d{0,8}$/.test(limit)) throw notLawful("limit must be a whole number from 1");
  const size = Number(limit);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const more = rest.length > size && last !== undefined;
  return { tools: page, next: more ? { nextCursor: Buffer.from(last.name).toString("base64url") } : {} };
}

function nameOf({ name, definition }: Tool): Shown {
  return { name, description: definition.description };
}

function entryOf(withSchema: boolean): (tool: Tool) => Shown {
  return (tool) =>
    entry(tool, withSchema ? { inputSchema: tool.definition.inputSchema, outputSchema: exactOutput(tool) } : {});
}

function entry({ name, resource, kind, effect, definition }: Tool, schemas: Shown): Shown {
  return {
    name,
    title: definition.title,
    description: definition.description,
    resource,
    kind,
    effect,
    annotations: definition.annotations,
    ...schemas,
  };
}
