import { anonymous } from "../auth/authenticate.ts";
import { guardTools } from "../calls/safeguards/guarding.ts";
import { createCatalog } from "../catalog/catalog.ts";
import { createValidator } from "../catalog/validator.ts";
import { readEnvironment } from "../config/environment.ts";
import { type GatewayFile, resolveConfig } from "../config/load.ts";
import type { Api } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import { offerTools } from "../surfaces/offered.ts";
import { createStyledSurface } from "../surfaces/styled.ts";
import type { Surface } from "../surfaces/surface.ts";
import { describedApi } from "./api.ts";
import type { Terminal } from "./terminal.ts";
import { estimatedTokens } from "./tokens.ts";

/** Options of `specgate cost`. */
export interface CostFlags {
  readonly spec?: string;
  readonly config?: string;
  readonly header: Readonly<Record<string, string>>;
  readonly validate: boolean;
  readonly top: number;
  readonly json?: boolean;
}

/** What something costs a model that lists it. `tokens` is an estimate, see {@link estimatedTokens}. */
interface Cost {
  readonly tokens: number;
  readonly bytes: number;
}

/** What the list of one Surface costs a caller who may use everything. */
export interface SurfaceCost extends Cost {
  readonly surface: string;
  readonly path: string;
  readonly style: string;
  /** Tools in the list. */
  readonly listed: number;
  /** The dearest first. */
  readonly resources: readonly (Cost & { readonly resource: string; readonly tools: number })[];
  readonly tools: readonly (Cost & { readonly tool: string; readonly resource: string })[];
}

/** `specgate cost`: tokens (estimated) and bytes of `tools/list` per Surface, ResourceType and Tool. Exit code 1 over a budget. */
export async function runCost(flags: CostFlags, terminal: Terminal): Promise<number> {
  const { api, file = { api: "api" } } = await describedApi(flags, terminal);
  const costs = surfaceCosts(api, file);
  const faults = budgetFaults(costs, file);
  if (flags.json) terminal.out(JSON.stringify({ tokens: "estimate", surfaces: costs, overBudget: faults }, null, 2));
  else for (const cost of costs) print(cost, flags.top, terminal);
  for (const fault of faults) terminal.err(fault);
  return faults.length > 0 ? 1 : 0;
}

/** Throws `invalid_request` that names each budget of gateway.yaml which `api` is over, the number, and what to do. */
export function checkBudgets(api: Api, file: GatewayFile | undefined): void {
  const { tokens, toolTokens } = file?.codegen?.budgets ?? {};
  if (file === undefined || (tokens === undefined && toolTokens === undefined)) return;
  const faults = budgetFaults(surfaceCosts(api, file), file);
  if (faults.length > 0) throw new GatewayError("invalid_request", faults.join("\n"));
}

/** What the Surfaces of `file` cost over `api`, in the order of the file. */
export function surfaceCosts(api: Api, file: GatewayFile): readonly SurfaceCost[] {
  const [url = "http://localhost"] = Object.values(file.upstreams ?? {}).map((upstream) => upstream.url);
  const config = resolveConfig(file, readEnvironment({}), { upstreamUrl: url, inMemory: true }, api.version);
  const catalog = createCatalog(api);
  const toolsOf = guardTools(config.safeguards, { catalog, surfaces: Object.keys(config.surfaces) });
  const offered = offerTools(config, toolsOf);
  const run = (): Promise<never> => Promise.reject(new Error("nothing is run for its cost"));
  return Object.entries(config.surfaces).map(([name, own]) => {
    const tools = { all: toolsOf(name), tools: offered(name) };
    const parts = { aliases: {}, validator: createValidator(), permits: () => true, run };
    return costOf(createStyledSurface({ name, ...own, ...tools, ...parts }), own.style);
  });
}

interface Listed {
  readonly name: string;
}

function costOf(surface: Surface, style: string): SurfaceCost {
  const { pages, tools: listed } = everyPage(surface);
  const resourceOf = new Map(surface.tools.map((tool) => [tool.name, tool.resource]));
  const tools = listed
    .map((tool) => ({
      tool: tool.name,
      resource: resourceOf.get(tool.name) ?? "",
      ...costOfText(JSON.stringify(tool)),
    }))
    .sort(dearestFirst);
  const byResource = Object.entries(Object.groupBy(tools, ({ resource }) => resource));
  const resources = byResource
    .filter(([resource]) => resource !== "")
    .map(([resource, own = []]) => ({ resource, tools: own.length, ...summed(own) }))
    .sort(dearestFirst);
  const { name, path } = surface;
  return { surface: name, path, style, listed: tools.length, ...summed(pages.map(costOfText)), resources, tools };
}

/** Every page of the list, as a caller with all scopes gets it. */
function everyPage(surface: Surface): { readonly pages: readonly string[]; readonly tools: readonly Listed[] } {
  const pages: string[] = [];
  const tools: Listed[] = [];
  let cursor: string | undefined;
  do {
    const text = surface.listTools({ ...anonymous, scopes: null }, cursor, "session").toString();
    const page = JSON.parse(text) as { readonly tools: readonly Listed[]; readonly nextCursor?: string }; // our own page
    pages.push(text);
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return { pages, tools };
}

function costOfText(text: string): Cost {
  return { tokens: estimatedTokens(text), bytes: Buffer.byteLength(text) };
}

function summed(costs: readonly Cost[]): Cost {
  const sum = (part: keyof Cost): number => costs.reduce((total, cost) => total + cost[part], 0);
  return { tokens: sum("tokens"), bytes: sum("bytes") };
}

function dearestFirst(a: Cost, b: Cost): number {
  return b.tokens - a.tokens;
}

/** The budgets that are exceeded, in words: the number, the budget, what to do. */
function budgetFaults(costs: readonly SurfaceCost[], { codegen }: GatewayFile): readonly string[] {
  const { tokens, toolTokens } = codegen?.budgets ?? {};
  return costs.flatMap((cost) => {
    const budget = typeof tokens === "object" ? tokens[cost.surface] : tokens;
    const dear = toolTokens === undefined ? [] : cost.tools.filter((one) => one.tokens > toolTokens);
    return [
      ...(budget !== undefined && cost.tokens > budget ? [overSurface(cost, budget)] : []),
      ...dear.map(
        (one) =>
          `the tool ${one.tool} of the surface ${cost.surface} costs about ${one.tokens} tokens, more than ` +
          `codegen.budgets.toolTokens: ${toolTokens}. Hide fields of it in codegen.hidden, or raise the budget.`,
      ),
    ];
  });
}

function overSurface({ surface, tokens, style, resources }: SurfaceCost, budget: number): string {
  const dearest = resources.slice(0, 3).map((one) => `${one.resource} ${one.tokens}`);
  const advice =
    style === "compact"
      ? "Pin fewer tools"
      : `Use style: compact, offer fewer tools (tools.allow, tools.deny), or hide fields (codegen.hidden); dearest: ${dearest.join(", ")}`;
  return (
    `the list of the surface ${surface} costs about ${tokens} tokens, more than codegen.budgets.tokens: ${budget}. ` +
    `${advice}; or raise the budget. specgate cost shows each tool.`
  );
}

function print(
  { surface, path, style, listed, tokens, bytes, resources, tools }: SurfaceCost,
  top: number,
  { out }: Terminal,
): void {
  out(`${surface} (${path}, ${style}): ${listed} tools, about ${tokens} tokens (estimate), ${bytes} bytes`);
  const line = (name: string, cost: Cost, more = ""): void =>
    out(
      `  ${name.padEnd(56)} ${String(cost.tokens).padStart(8)} tokens ${String(cost.bytes).padStart(9)} bytes${more}`,
    );
  for (const one of resources.slice(0, top)) line(one.resource, one, `  ${one.tools} tools`);
  for (const one of tools.slice(0, top)) line(one.tool, one);
}
