import type { Principal } from "../auth/principal.ts";
import type { Tool } from "../catalog/tool.ts";
import type { ScopesConfig } from "../config/config.ts";
import type { Effect } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { Call, Interceptor } from "./call.ts";

/** Decides whether `principal` may see and run `tool`: the one decision behind lists, calls, search and `/mcp/tools`. */
export type Authorize = (principal: Principal, tool: Tool) => boolean;

/** Last word of a resource scope (`monitor.write`), by Effect. */
const effectWords: Readonly<Record<Effect, string>> = { read: "read", write: "write", destroy: "delete" };
const effects: readonly Effect[] = ["read", "write", "destroy"];

/**
 * {@link Authorize} for the configured scopes. A principal whose scopes are null may do everything (its upstream decides);
 * one with an unknown scope holds nothing by it. A Tool is allowed by the scope of its Effect (`mcp.write`), by a scope that
 * includes that one in the hierarchy (`mcp.delete`), or by the same scopes for its ResourceType alone (`monitor.write`).
 */
export function createAuthorize(scopes: ScopesConfig): Authorize {
  const granting = grantingScopes(scopes);
  return ({ scopes: held }, tool) => {
    if (held === null) return true;
    const { names, words } = granting[tool.effect];
    const resource = scopeResource(tool.resource);
    return held.some((scope) => names.has(scope) || words.has(wordAfter(scope, resource)));
  };
}

/** The scope that `principal` lacks for `tool`; empty when it may run it. What an OAuth client has to ask for. */
export function missingScopes(scopes: ScopesConfig, principal: Principal, tool: Tool): readonly string[] {
  return createAuthorize(scopes)(principal, tool) ? [] : [scopes.effects[tool.effect]];
}

/** The name of a ResourceType as scopes spell it: `StatusPage` → `status_page`. */
export function scopeResource(resource: string): string {
  return resource
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}

interface Granting {
  /** Scopes that allow the Effect on every ResourceType. */
  readonly names: ReadonlySet<string>;
  /** Words that allow it after the name of one ResourceType. */
  readonly words: ReadonlySet<string>;
}

function grantingScopes({ effects: scopeOf, hierarchy }: ScopesConfig): Readonly<Record<Effect, Granting>> {
  const granting = (effect: Effect): Granting => {
    const known = new Set([...Object.values(scopeOf), ...Object.keys(hierarchy)]);
    const names = new Set([...known].filter((scope) => includedScopes(scope, hierarchy).has(scopeOf[effect])));
    const words = effects.filter((other) => names.has(scopeOf[other])).map((other) => effectWords[other]);
    return { names, words: new Set(words) };
  };
  return { read: granting("read"), write: granting("write"), destroy: granting("destroy") };
}

/** `scope` and everything it includes, at any depth; a cycle is harmless. */
function includedScopes(scope: string, hierarchy: ScopesConfig["hierarchy"]): ReadonlySet<string> {
  const seen = new Set([scope]);
  for (const one of seen) for (const next of hierarchy[one] ?? []) seen.add(next); // a Set visits what is added while it is walked
  return seen;
}

function wordAfter(scope: string, resource: string): string {
  return scope.startsWith(`${resource}.`) ? scope.slice(resource.length + 1) : "";
}

/**
 * The answer for a Tool that does not exist or is hidden from this principal: the same words for both, so that nothing
 * tells them apart (DESIGN §6.1). `scopes` is what the key holds, null where that is unknown.
 */
export function unknownTool(name: string, scopes: readonly string[] | null): GatewayError {
  const held = scopes === null ? "" : ` (scopes: ${scopes.length === 0 ? "none" : scopes.join(", ")})`;
  const shown = name.length > 128 ? `${name.slice(0, 128)}…` : name;
  return new GatewayError(
    "unknown_tool",
    `Tool not available: ${shown}. There is no such tool, or your key${held} does not include it. Call tools/list for the tools you can use.`,
  );
}

/**
 * Refuses a Call that its principal may not make. A Connection is told which scopes to ask for (OAuth step-up,
 * `insufficient_scope`, the scopes in `facts.data.scopes`); everyone else is told what an unknown Tool says.
 */
export function authorizing(scopes: ScopesConfig): Interceptor {
  const refuse = refuseUnauthorized(scopes);
  return (next) => async (call) => {
    refuse(call);
    return next(call);
  };
}

/** The same as a check: throws for a Call that its principal may not make. */
export function refuseUnauthorized(scopes: ScopesConfig): (call: Call) => void {
  const authorize = createAuthorize(scopes);
  return (call) => {
    if (!authorize(call.principal, call.tool)) throw refusal(scopes, call.principal, call.tool);
  };
}

function refusal(scopes: ScopesConfig, principal: Principal, tool: Tool): GatewayError {
  if (principal.kind !== "connection") return unknownTool(tool.name, principal.scopes);
  const missing = missingScopes(scopes, principal, tool);
  const needed = [...new Set([...(principal.scopes ?? []), ...missing])];
  return new GatewayError("insufficient_scope", `${tool.name} needs the scope ${missing.join(" ")}`, {
    data: { scopes: needed },
  });
}
