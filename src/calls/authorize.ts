import type { Principal } from "../auth/principal.ts";
import { adminScope, effects, effectWords, includedScopes } from "../auth/scopes.ts";
import type { Tool } from "../catalog/tool.ts";
import type { ScopesConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import { assertWithinBounds, baseOf, boundCall, takesBindings } from "./bound.ts";
import type { Arguments, Call, Interceptor } from "./call.ts";
import { globPattern } from "./glob.ts";

/**
 * Decides whether `principal` may see and run `tool`: the one decision behind lists, calls, search and `/mcp/tools`. With `args`
 * it decides about that Call, whose arguments must be within the principal's bounds.
 */
export type Authorize = (principal: Principal, tool: Tool, args?: Arguments) => boolean;

/**
 * {@link Authorize} for the configured scopes. A principal whose scopes are null may do everything (its upstream decides);
 * one with an unknown scope holds nothing by it. A Tool is allowed by the scope it asks for (see {@link neededScopes}), or by
 * one that includes that in the hierarchy (`mcp.delete`); where that is the scope of an Effect, also by the same for its
 * ResourceType alone (`monitor.write`). A Tool that a bound argument cannot hold back is hidden.
 */
export function createAuthorize(scopes: ScopesConfig): Authorize {
  const satisfies = createSatisfies(scopes);
  const neededOf = remembered((tool: Tool) => neededScopes(scopes, tool));
  const heldBy = remembered((held: readonly string[]) => includedScopes(held, scopes.hierarchy));
  return (principal, asked, args) => {
    const tool = baseOf(asked);
    if (tool.isOpen === true) return true;
    const { scopes: held, boundArguments: bound } = principal;
    if (bound !== undefined && !takesBindings(tool, bound)) return false;
    if (args !== undefined && bound !== undefined && !isWithinBounds(principal, tool, args)) return false;
    if (held === null) return true;
    const all = heldBy(held);
    return neededOf(tool).some((alternative) => alternative.every((scope) => satisfies(all, scope, tool)));
  };
}

/**
 * What `tool` asks for: one of several alternatives, each of them all of its scopes. The first of the configured rules that
 * matches its name; else, where the configuration says so, the security requirement of its Operation in the Spec; else
 * the scope of its Effect, which also stands for an alternative of the Spec that names none.
 */
export function neededScopes(scopes: ScopesConfig, tool: Tool): readonly (readonly string[])[] {
  const effectScope = scopes.effects[tool.effect];
  const rule = scopes.tools?.find(({ match }) => match.some((glob) => globPattern(glob).test(tool.name)));
  if (rule !== undefined) return [[rule.scope]];
  const { origin } = tool;
  const required =
    scopes.fromSpec === true && origin !== undefined ? (origin.spec.security ?? origin.api.security) : [];
  if (required.length === 0) return [[effectScope]];
  return required.map((alternative) => {
    const named = [...new Set(Object.values(alternative).flat())];
    return named.length === 0 ? [effectScope] : named;
  });
}

/** Every scope that a principal can have use of, sorted: for telling a misspelt one. */
export function knownScopes(scopes: ScopesConfig, tools: readonly Tool[]): ReadonlySet<string> {
  const { effects: scopeOf, hierarchy } = scopes;
  const configured = [...Object.values(scopeOf), ...Object.entries(hierarchy).flatMap(([one, more]) => [one, ...more])];
  const resources = [...new Set(tools.map(({ resource }) => scopeResource(resource)))].sort();
  const ofResources = resources.flatMap((resource) => effects.map((effect) => `${resource}.${effectWords[effect]}`));
  const ofTools = tools.flatMap((tool) => neededScopes(scopes, tool).flat());
  return new Set([...configured, ...new Set(ofTools.sort()), adminScope, ...ofResources]);
}

/** Throws `invalid_request` for a rule of `scopes.tools` that is about no Tool: whoever wrote it believes in it. */
export function assertScopeRules({ tools: rules = [] }: ScopesConfig, tools: readonly Tool[]): void {
  const faults = rules.flatMap(({ match }, index) =>
    match
      .filter((glob) => !tools.some(({ name }) => globPattern(glob).test(name)))
      .map((glob) => `scopes.tools.${index}.match: "${glob}" matches no tool; specgate tools list shows the names`),
  );
  if (faults.length > 0) throw new GatewayError("invalid_request", faults.join("\n"));
}

/** The scopes that `principal` lacks for `tool`; empty when it may run it. What an OAuth client has to ask for. */
export function missingScopes(scopes: ScopesConfig, principal: Principal, tool: Tool): readonly string[] {
  if (createAuthorize(scopes)(principal, tool)) return [];
  const satisfies = createSatisfies(scopes);
  const held = includedScopes(principal.scopes ?? [], scopes.hierarchy);
  return (neededScopes(scopes, tool)[0] ?? []).filter((scope) => !satisfies(held, scope, tool));
}

/** The name of a ResourceType as scopes spell it: `StatusPage` → `status_page`. */
export function scopeResource(resource: string): string {
  return resource
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}

/** Whether `held`, with all that it includes, satisfies a scope that `tool` asks for. */
type Satisfies = (held: ReadonlySet<string>, scope: string, tool: Tool) => boolean;

function createSatisfies({ effects: scopeOf, hierarchy }: ScopesConfig): Satisfies {
  /** Words that satisfy a scope after the name of one ResourceType; none for a scope that is no Effect's. */
  const words = new Map<string, readonly string[]>();
  const wordsFor = (scope: string): readonly string[] =>
    Object.values(scopeOf).includes(scope)
      ? effects
          .filter((effect) => includedScopes([scopeOf[effect]], hierarchy).has(scope))
          .map((one) => effectWords[one])
      : [];
  return (held, scope, tool) => {
    if (held.has(scope)) return true;
    const known = words.get(scope) ?? wordsFor(scope);
    words.set(scope, known);
    return known.some((word) => held.has(`${scopeResource(tool.resource)}.${word}`));
  };
}

/** `make` with its results kept for as long as what they are about. */
function remembered<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, Value>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}

function isWithinBounds(principal: Principal, tool: Tool, args: Arguments): boolean {
  try {
    assertWithinBounds({ tool, args, principal });
    return true;
  } catch (thrown) {
    if (thrown instanceof GatewayError) return false;
    throw thrown;
  }
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
 * Refuses a Call that its principal may not make, and hands on the others with their bound arguments filled in. A Connection is
 * told which scopes to ask for (OAuth step-up, `insufficient_scope`, the scopes in `facts.data.scopes`); everyone else is told
 * what an unknown Tool says. A value outside its bounds is `not_permitted`.
 */
export function authorizing(scopes: ScopesConfig): Interceptor {
  const authorize = createAuthorize(scopes);
  return (next) => async (call) => {
    if (!authorize(call.principal, call.tool)) throw refusal(scopes, call.principal, call.tool);
    return next(boundCall(call));
  };
}

/** The same as a check of a Call whose arguments were replaced: throws for one that its principal may not make. */
export function refuseUnauthorized(scopes: ScopesConfig): (call: Call) => void {
  const authorize = createAuthorize(scopes);
  return (call) => {
    if (authorize(call.principal, call.tool, call.args)) return;
    assertWithinBounds(call);
    throw refusal(scopes, call.principal, call.tool);
  };
}

function refusal(scopes: ScopesConfig, principal: Principal, tool: Tool): GatewayError {
  // No scope brings back what is hidden for another reason.
  const canStepUp = principal.kind === "connection" && createAuthorize(scopes)({ ...principal, scopes: null }, tool);
  const missing = canStepUp ? missingScopes(scopes, principal, tool) : [];
  if (missing.length === 0) return unknownTool(tool.name, principal.scopes);
  const needed = [...new Set([...(principal.scopes ?? []), ...missing])];
  return new GatewayError("insufficient_scope", `${tool.name} needs the scope ${missing.join(" ")}`, {
    data: { scopes: needed },
  });
}
