import type { Catalog } from "../../catalog/catalog.ts";
import type { Tool, ToolOrigin } from "../../catalog/tool.ts";
import type { LookupConfig, SafeguardConfig } from "../../config/config.ts";
import { GatewayError } from "../../errors.ts";
import { globPattern } from "../glob.ts";
import { guardedTool } from "./guardedTool.ts";
import { dryRunArg, type Guards, type LookupGuard, type Showing, tokenArg } from "./guards.ts";
import { mapNotify, notifyHint } from "./notify.ts";

/** What rules are about. */
export interface Guarded {
  readonly catalog: Pick<Catalog, "tools" | "find">;
  /** Names of the Surfaces. */
  readonly surfaces: readonly string[];
  /** Names of Tools that a hook answers in the API's place: what they would send nobody knows. Default none. */
  readonly answered?: ReadonlySet<string>;
}

/** The Tools as a Surface offers them. */
export type SurfaceTools = (surface: string) => readonly Tool[];

/**
 * The Tools of each Surface under `rules`: worked out once, so that a Call finds its Guards in its Tool. A Tool without a
 * safeguard is the Catalog's own. Throws one `invalid_request` that lists every rule that cannot be kept: a glob that matches
 * no Tool, a Tool that may alert without a flag to map `notify` to, a lookup by a Tool that is not there.
 */
export function guardTools(rules: readonly SafeguardConfig[], guarded: Guarded): SurfaceTools {
  const { catalog, surfaces } = guarded;
  if (rules.length === 0) return () => catalog.tools;
  const compiled = rules.map((rule, index) => compiledRule(rule, index, guarded));
  const faults = compiled.flatMap((rule) => rule.faults);
  const bySurface = new Map<string, readonly Tool[]>();
  for (const surface of surfaces) {
    const own = compiled.filter(({ rule }) => rule.surfaces?.includes(surface) ?? true);
    const shows = showings(own);
    const made = catalog.tools.map((tool) => toolUnder(tool, own, shows, guarded));
    faults.push(...made.flatMap(({ fault }) => fault ?? []));
    bySurface.set(
      surface,
      made.map(({ tool }) => tool),
    );
  }
  if (faults.length > 0) throw new GatewayError("invalid_request", [...new Set(faults)].join("\n"));
  return (surface) => bySurface.get(surface) ?? catalog.tools;
}

/** A rule, the Tools it is about, and what is wrong with it. */
interface Compiled {
  readonly rule: SafeguardConfig;
  /** `safeguards.2`. */
  readonly name: string;
  readonly matches: (tool: Tool) => boolean;
  /** Tools that show the ids of its lookup. */
  readonly lookupTools: readonly Tool[];
  readonly faults: readonly string[];
}

function compiledRule(rule: SafeguardConfig, index: number, guarded: Guarded): Compiled {
  const { catalog } = guarded;
  const name = `safeguards.${index}`;
  const globs = rule.match.map((glob) => ({ glob, pattern: globPattern(glob) }));
  const matched = new Set<Tool>();
  const faults: string[] = [];
  for (const { glob, pattern } of globs) {
    const found = catalog.tools.filter((tool) => pattern.test(tool.name));
    for (const tool of found) matched.add(tool);
    if (found.length === 0)
      faults.push(`${name}.match: "${glob}" matches no tool; specgate tools list shows the names`);
  }
  const lookupTools = (rule.lookup?.tools ?? []).flatMap((one) => catalog.find(one) ?? []);
  const compiled = { rule, name, matches: (tool: Tool) => matched.has(tool), lookupTools };
  if (matched.size > 0) faults.push(...idleFaults(compiled, [...matched], guarded), ...lookupFaults(compiled, catalog));
  return { ...compiled, faults };
}

/** Parts of a rule that are about none of the Tools it matches: whoever wrote them believes in a safeguard that is not there. */
function idleFaults({ rule, name }: Omit<Compiled, "faults">, matched: readonly Tool[], guarded: Guarded): string[] {
  const changing = matched.filter(({ effect }) => effect !== "read");
  const faults: string[] = [];
  const idle = (part: string, why: string): unknown => faults.push(`${name}.${part}: ${why}`);
  if (rule.notify !== undefined && changing.length === 0) idle("notify", "it matches only tools that read");
  if (rule.confirm === "always" && changing.length === 0) idle("confirm", "it matches only tools that read");
  if (rule.confirm === "destroy" && !changing.some(({ effect }) => effect === "destroy"))
    idle("confirm", "it matches no tool of effect destroy; always confirms writes too");
  if (rule.dryRun === true && !matched.some((tool) => canPreview(tool, guarded)))
    idle("dryRun", "it matches only tools whose requests are not the gateway's own");
  for (const arg of rule.lookup?.argument ?? [])
    if (!changing.some((tool) => hasArgument(tool, arg)))
      idle("lookup.argument", `no tool that it matches and that changes something has the argument "${arg}"`);
  return faults;
}

function lookupFaults({ rule, name }: Omit<Compiled, "faults">, catalog: Guarded["catalog"]): string[] {
  return (rule.lookup?.tools ?? []).flatMap((one) => {
    const found = catalog.find(one);
    if (found === undefined) return [`${name}.lookup.tools: there is no tool "${one}"`];
    const shows = found.kind !== "count" && found.kind !== "delete";
    return shows ? [] : [`${name}.lookup.tools: ${one} shows no ids`];
  });
}

/** Which ids of which Tool's answers are remembered, and for how long: what all rules together ask for. */
function showings(rules: readonly Compiled[]): ReadonlyMap<string, Showing> {
  const shows = new Map<string, Showing>();
  for (const { rule, lookupTools } of rules) {
    for (const tool of rule.lookup === undefined ? [] : lookupTools) {
      const known = shows.get(tool.name) ?? { fields: [], keepMinutes: 0 };
      const fields = [...new Set([...known.fields, ...idFields(rule.lookup as LookupConfig, tool)])];
      shows.set(tool.name, { fields, keepMinutes: Math.max(known.keepMinutes, rule.lookup?.minutes ?? 0) });
    }
  }
  return shows;
}

function idFields({ field }: LookupConfig, { origin }: Tool): readonly string[] {
  return field === undefined ? [...(origin?.resource.ids ?? []), "id", "_id"] : [field];
}

interface Made {
  readonly tool: Tool;
  readonly fault?: string;
}

function toolUnder(
  tool: Tool,
  rules: readonly Compiled[],
  shows: ReadonlyMap<string, Showing>,
  guarded: Guarded,
): Made {
  const own = rules.filter(({ matches }) => matches(tool));
  const showing = shows.get(tool.name);
  if (own.length === 0 && showing === undefined) return { tool };
  const notify = notifyFor(tool, own);
  if ("fault" in notify) return { tool, fault: notify.fault };
  const reader = readerOf(tool, guarded);
  const guards: Guards = {
    ...(notify.guard && { notify: notify.guard }),
    lookups: lookupsFor(tool, own, guarded),
    confirm: confirms(tool, own),
    dryRun: canPreview(tool, guarded) && (firstOf(own, "dryRun") ?? false),
    ...(showing && { shows: showing }),
    ...(reader && { reader }),
  };
  const taken = [...(guards.confirm ? [tokenArg] : []), ...(guards.dryRun ? [dryRunArg] : [])].find((arg) =>
    hasArgument(tool, arg),
  );
  if (taken !== undefined) return { tool, fault: clash(tool, taken) };
  return { tool: guardedTool(tool, guards, notify.origin) };
}

/** What the first rule that has this part says. */
function firstOf<Part extends "notify" | "confirm" | "dryRun">(
  rules: readonly Compiled[],
  part: Part,
): SafeguardConfig[Part] | undefined {
  return rules.find(({ rule }) => rule[part] !== undefined)?.rule[part];
}

type Notified =
  | { readonly guard?: Guards["notify"]; readonly origin: ToolOrigin | undefined }
  | { readonly fault: string };

function notifyFor(tool: Tool, rules: readonly Compiled[]): Notified {
  const found = rules.find(({ rule }) => rule.notify !== undefined);
  const { origin } = tool;
  const notify = found?.rule.notify;
  if (found === undefined || notify === undefined || tool.effect === "read") return { origin };
  if (origin === undefined)
    return { fault: `${found.name}.notify: ${tool.name} is written by hand and has no flag to map` };
  const mapped = mapNotify(origin, notify);
  if ("fault" in mapped) return { fault: `${found.name}.notify: ${tool.name} ${mapped.fault}. ${notifyHint(origin)}` };
  const guard = "never" in notify ? { alerts: "", never: notify.never } : { alerts: notify.alerts ?? "people" };
  return { guard, origin: mapped.origin };
}

/** One for each argument: the first rule that names it. */
function lookupsFor(tool: Tool, rules: readonly Compiled[], { catalog }: Guarded): readonly LookupGuard[] {
  if (tool.effect === "read") return [];
  const known = new Set<string>();
  return rules.flatMap(({ rule: { lookup }, lookupTools }) => {
    const args = (lookup?.argument ?? []).filter((arg) => hasArgument(tool, arg) && !known.has(arg));
    for (const arg of args) known.add(arg);
    if (lookup === undefined || args.length === 0) return [];
    const reader = lookupTools.map((one) => getOf(one, catalog)).find((one) => one !== undefined);
    return [{ args, tools: lookupTools, minutes: lookup.minutes, ...(reader && { reader }) }];
  });
}

function getOf({ origin }: Tool, catalog: Guarded["catalog"]): Tool | undefined {
  const name = origin?.resource.tools.get?.name;
  return name === undefined ? undefined : catalog.find(name);
}

/** The Get of what a Tool changes; a create is about nothing that is there yet. */
function readerOf(tool: Tool, { catalog }: Guarded): Tool | undefined {
  return tool.effect === "read" || tool.kind === "create" ? undefined : getOf(tool, catalog);
}

function confirms(tool: Tool, rules: readonly Compiled[]): boolean {
  const policy = firstOf(rules, "confirm") ?? "never";
  return policy === "always" ? tool.effect !== "read" : policy === "destroy" && tool.effect === "destroy";
}

function canPreview({ name, origin }: Tool, { answered }: Guarded): boolean {
  return origin !== undefined && answered?.has(name) !== true;
}

function hasArgument({ definition }: Tool, arg: string): boolean {
  return Object.hasOwn(definition.inputSchema.properties ?? {}, arg);
}

function clash({ name }: Tool, arg: string): string {
  return `safeguards: ${name} has an argument ${arg} of its own; run specgate generate, which renames it to ${arg}_value`;
}
