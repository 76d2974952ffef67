import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** A tool as the test knows it: from the manifest and the Spec alone. */
export interface ToolFact {
  readonly name: string;
  readonly effect: "read" | "write" | "destroy";
  /** As scopes spell it. */
  readonly resource: string;
  readonly args: ReadonlySet<string>;
}

/** Who calls, as the test knows it. */
export interface Caller {
  readonly name: string;
  /** Null: unverified. */
  readonly scopes: readonly string[] | null;
  /** Arguments that every tool it uses must have. */
  readonly needs?: readonly string[];
}

interface Scopes {
  readonly effects: Readonly<Record<ToolFact["effect"], string>>;
  readonly hierarchy: Readonly<Record<string, readonly string[]>>;
  readonly tools: readonly { readonly match: string; readonly scope: string }[];
}

type Node = Readonly<Record<string, unknown>>;

interface Spec extends Node {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Node>>>>;
}

/** Every tool of Beacon. */
export function toolFacts(): readonly ToolFact[] {
  const manifest = JSON.parse(readFileSync("generated/beacon/manifest.json", "utf8")) as {
    readonly operations: readonly (ToolFact & { readonly tool: string; readonly operationId: string })[];
    readonly derived: readonly { readonly from: string; readonly tool: string }[];
  };
  const spec = JSON.parse(readFileSync("openapi/beacon/openapi.json", "utf8")) as Spec;
  const args = argumentsById(spec);
  const made = manifest.operations.map(({ tool, effect, resource, operationId }) => ({
    name: tool,
    effect,
    resource: snake(resource),
    args: args.get(operationId) ?? new Set<string>(),
    operationId,
  }));
  const derived = manifest.derived.map(({ from, tool }) => {
    const list = made.find(({ operationId }) => operationId === from);
    if (list === undefined) throw new Error(`${tool} is derived from ${from}, which is not there`);
    return { ...list, name: tool };
  });
  return [...made, ...derived];
}

/** Whether `caller` may use `tool` under the scopes of a gateway.yaml: written down anew, from DESIGN §3. */
export function tableOf(configText: string): (caller: Caller, tool: ToolFact) => boolean {
  const { scopes: file = {} } = parse(configText) as { readonly scopes?: Partial<Scopes> };
  const effects = file.effects ?? { read: "mcp.read", write: "mcp.write", destroy: "mcp.delete" };
  const hierarchy = file.hierarchy ?? { "mcp.delete": ["mcp.write"], "mcp.write": ["mcp.read"] };
  const includes = (scope: string): string[] => [scope, ...(hierarchy[scope] ?? []).flatMap(includes)];
  const words = { read: "read", write: "write", destroy: "delete" } as const;
  return ({ scopes, needs = [] }, tool) => {
    if (!needs.every((name) => tool.args.has(name))) return false;
    if (scopes === null) return true;
    const held = scopes.flatMap(includes);
    const rule = file.tools?.find(({ match }) => new RegExp(`^${match.replaceAll("*", ".*")}$`).test(tool.name));
    const needed = rule?.scope ?? effects[tool.effect];
    if (held.includes(needed)) return true;
    return (["read", "write", "destroy"] as const).some(
      (effect) => includes(effects[effect]).includes(needed) && held.includes(`${tool.resource}.${words[effect]}`),
    );
  };
}

function snake(name: string): string {
  return name
    .split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .join("_")
    .toLowerCase();
}

function argumentsById(spec: Spec): ReadonlyMap<string, ReadonlySet<string>> {
  const resolve = (node: Node | undefined): Node => {
    if (typeof node?.$ref !== "string") return node ?? {};
    return node.$ref
      .slice(2)
      .split("/")
      .reduce<Node>((inner, key) => inner[key] as Node, spec);
  };
  const propertiesOf = (schema: Node): string[] => {
    const whole = resolve(schema);
    const parts = (whole.allOf ?? []) as readonly Node[];
    return [...Object.keys((whole.properties ?? {}) as Node), ...parts.flatMap(propertiesOf)];
  };
  const found = new Map<string, ReadonlySet<string>>();
  for (const item of Object.values(spec.paths))
    for (const [method, operation] of Object.entries(item)) {
      if (method === "parameters") continue;
      const params = [
        ...((item.parameters ?? []) as readonly Node[]),
        ...((operation.parameters ?? []) as readonly Node[]),
      ];
      const content = (resolve(operation.requestBody as Node | undefined).content ?? {}) as Readonly<
        Record<string, Node>
      >;
      const bodies = Object.values(content).flatMap(({ schema }) => propertiesOf((schema ?? {}) as Node));
      found.set(String(operation.operationId), new Set([...params.map((one) => String(resolve(one).name)), ...bodies]));
    }
  return found;
}
