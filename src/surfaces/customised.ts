import { type Customisation, customTool } from "../calls/customTool.ts";
import { globPattern } from "../calls/glob.ts";
import { nearest } from "../catalog/nearest.ts";
import type { Tool } from "../catalog/tool.ts";
import { createValidator } from "../catalog/validator.ts";
import type { ArgumentConfig, SurfaceToolsConfig } from "../config/config.ts";
import type { Json, Schema } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";

/** Takes what is wrong at a path of `surfaces.<name>.tools`. */
type Fault = (path: readonly string[], message: string) => void;

type Config = Pick<SurfaceToolsConfig, "rename" | "arguments">;

/**
 * `tools` as a Surface shows them: under names, with arguments and values of its own. One that nothing is said of is itself. `all` are
 * those of the Catalog, so that a name that is there but not offered is no fault. A customised schema takes nothing that the
 * Tool does not: whatever is said of it is held against the Descriptor, and told to `fault` where it does not fit.
 */
export function customisedTools(
  config: Config,
  tools: readonly Tool[],
  all: readonly Tool[],
  fault: Fault,
): readonly Tool[] {
  const { rename, arguments: args } = config;
  if (Object.keys(rename).length + Object.keys(args).length === 0) return tools;
  assertTools(config, all, fault);
  const names = new Map(
    Object.entries(rename).flatMap(([tool, { name }]) => (name === undefined ? [] : [[tool, name] as const])),
  );
  const custom = tools.map((tool) => {
    const own = argumentsOf(config, tool);
    if (rename[tool.name] === undefined && Object.keys(own).length === 0 && !mentions(tool, names)) return tool;
    assertArguments(tool, own, fault);
    const words = new Map([...names, ...Object.entries(own).flatMap(([arg, one]) => wordOf(arg, one.config))]);
    const shown = Object.fromEntries(Object.entries(own).map(([arg, one]) => [arg, one.config]));
    return customTool(tool, { ...rename[tool.name], arguments: shown, words } satisfies Customisation);
  });
  assertDistinct(custom, rename, fault);
  return custom;
}

/** Where an argument's own part stands, and what it says. */
interface Own {
  readonly glob: string;
  readonly config: ArgumentConfig;
}

function argumentsOf({ arguments: args }: Config, tool: Tool): Readonly<Record<string, Own>> {
  const own: Record<string, Own> = {};
  for (const [glob, parts] of Object.entries(args).filter(([one]) => globPattern(one).test(tool.name)))
    for (const [arg, config] of Object.entries(parts).filter(([one]) => argumentNames(tool).includes(one)))
      own[arg] ??= { glob, config };
  return own;
}

function argumentNames({ definition }: Tool): readonly string[] {
  return Object.keys(definition.inputSchema.properties ?? {});
}

/** A word of prose stays what it is: only what looks like a name is replaced in texts. */
function wordOf(arg: string, { name }: ArgumentConfig): readonly (readonly [string, string])[] {
  return name !== undefined && /[_A-Z0-9]/.test(arg) ? [[arg, name]] : [];
}

/** Whether what a Tool says of itself names one that has another name here. */
function mentions({ definition }: Tool, names: ReadonlyMap<string, string>): boolean {
  const text = JSON.stringify([definition.description, definition.inputSchema.properties ?? {}]);
  return [...names.keys()].some((name) => text.includes(name));
}

function assertTools({ rename, arguments: args }: Config, all: readonly Tool[], fault: Fault): void {
  const names = all.map(({ name }) => name);
  for (const tool of Object.keys(rename).filter((one) => !names.includes(one)))
    fault(["rename", tool], nameFault(tool, names, "there is no tool"));
  for (const [glob, parts] of Object.entries(args)) {
    const matched = all.filter(({ name }) => globPattern(glob).test(name));
    const known = new Set(matched.flatMap(argumentNames));
    if (matched.length === 0) fault(["arguments", glob], nameFault(glob, names, "it matches no tool:"));
    else
      for (const arg of Object.keys(parts).filter((one) => !known.has(one)))
        fault(["arguments", glob, arg], nameFault(arg, [...known], "no tool that it matches has an argument"));
  }
}

function nameFault(given: string, names: readonly string[], what: string): string {
  const near = nearest(given, names);
  return `${what} "${given}"${near === undefined ? "" : `; did you mean ${near}?`}`;
}

const validator = createValidator();

function assertArguments(tool: Tool, own: Readonly<Record<string, Own>>, fault: Fault): void {
  const { inputSchema } = tool.definition;
  const required = inputSchema.required ?? [];
  const shown = new Map<string, string>();
  for (const arg of argumentNames(tool)) {
    const { glob, config } = own[arg] ?? { glob: "", config: {} };
    const at = (part: string): readonly string[] => ["arguments", glob, arg, part];
    const { name, fixed, hidden, default: standard, enum: values } = config;
    if (hidden === true && required.includes(arg))
      fault(at("hidden"), `${tool.name} asks for ${arg}; give it a fixed value instead`);
    if ([fixed, hidden, standard].filter((one) => one !== undefined).length > 1)
      fault(["arguments", glob, arg], "of fixed, hidden and default only one makes sense");
    for (const [part, value] of [
      ["fixed", fixed],
      ["default", standard],
      ...(values ?? []).map((one) => ["enum", one] as const),
    ] as const)
      if (value !== undefined) assertValue(tool, arg, value, (message) => fault(at(part), message));
    if (
      standard !== undefined &&
      values !== undefined &&
      !values.some((one) => JSON.stringify(one) === JSON.stringify(standard))
    )
      fault(at("default"), "it is none of enum");
    if (fixed !== undefined || hidden === true) continue;
    const other = shown.get(name ?? arg);
    if (other !== undefined)
      fault(at("name"), `${tool.name} then has two arguments ${name ?? arg}: ${other} and ${arg}`);
    shown.set(name ?? arg, arg);
  }
}

/** A value that the Tool itself would refuse must not be promised. */
function assertValue(tool: Tool, arg: string, value: Json, fault: (message: string) => void): void {
  const { inputSchema } = tool.definition;
  const property: Schema = inputSchema.properties?.[arg] ?? {};
  const isItem = property.type === "array" && !Array.isArray(value);
  const schema = { ...inputSchema, properties: { [arg]: isItem ? (property.items ?? {}) : property }, required: [] };
  try {
    validator.check({ ...tool, definition: { ...tool.definition, inputSchema: schema } }, { [arg]: value });
  } catch (thrown) {
    fault(GatewayError.from(thrown).message);
  }
}

/** No client could tell two Tools of one name apart. */
function assertDistinct(tools: readonly Tool[], rename: Config["rename"], fault: Fault): void {
  const taken = new Map<string, Tool>();
  for (const tool of tools) {
    for (const name of [tool.name, ...tool.aliases]) {
      const other = taken.get(name);
      const named = Object.entries(rename).find(([, one]) => one.name === name);
      if (other !== undefined && named !== undefined)
        fault(
          ["rename", named[0]],
          `another tool is called ${name} already; leave that one out with deny, or choose another name`,
        );
      taken.set(name, tool);
    }
  }
}
