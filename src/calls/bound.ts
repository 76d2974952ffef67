import type { Binding, BoundArguments, BoundValue, Principal } from "../auth/principal.ts";
import type { Tool, ToolDefinition } from "../catalog/tool.ts";
import type { Json, Schema } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { Arguments, Call } from "./call.ts";
import { customOf } from "./customTool.ts";

/** A Tool as a principal with bound arguments sees it; a Call of it runs `base`. */
interface BoundTool extends Tool {
  readonly base: Tool;
}

/** More values than this are checked and not listed: a schema of thousands of values costs every list. */
const mostListed = 100;

/** The Tool behind what {@link boundTool} gave; any other Tool is itself. */
export function baseOf(tool: Tool): Tool {
  return "base" in tool ? (tool as BoundTool).base : tool; // only boundTool and customTool give a Tool that name
}

/** Whether every bound argument is one of the Tool's, or may be missed: a Tool without it could reach what it keeps out. */
export function takesBindings(tool: Tool, bound: BoundArguments): boolean {
  return Object.entries(bound).every(([arg, { elsewhere }]) => elsewhere === "allow" || hasArgument(tool, arg));
}

/**
 * `tool` with the schema that is left to the principal: a `fixed` argument is gone, one bound to be `within` a set is required
 * and lists it. The Tool itself where nothing of it is bound. The definition is built on first use.
 */
export function boundTool(tool: Tool, { boundArguments: bound }: Pick<Principal, "boundArguments">): Tool {
  if (bound === undefined) return tool;
  const custom = customOf(tool);
  if (custom !== undefined) {
    const inner = boundTool(custom.inner, { boundArguments: bound });
    return inner === custom.inner ? tool : custom.over(inner, bound);
  }
  const own = bindingsOf(tool, bound);
  if (own.length === 0) return tool;
  const { name, aliases, resource, kind, effect, origin } = tool;
  let definition: ToolDefinition | undefined;
  const view: BoundTool = {
    name,
    aliases,
    resource,
    kind,
    effect,
    ...(origin && { origin }),
    base: baseOf(tool),
    get definition() {
      definition ??= { ...tool.definition, inputSchema: boundSchema(tool.definition.inputSchema, own) };
      return definition;
    },
  };
  return view;
}

/**
 * The Call of the Tool itself, with its `fixed` arguments filled in. Throws `invalid_arguments` where a bound argument is missing,
 * `not_permitted` for a value outside its bounds.
 */
export function boundCall(call: Call): Call {
  const tool = baseOf(call.tool);
  const bound = call.principal.boundArguments;
  if (bound === undefined) return tool === call.tool ? call : { ...call, tool };
  const fixed = bindingsOf(tool, bound).flatMap(([arg, binding]) =>
    "fixed" in binding && call.args[arg] === undefined ? [[arg, filledIn(tool, arg, binding.fixed)] as const] : [],
  );
  const inner = { ...call, tool, args: { ...call.args, ...Object.fromEntries(fixed) } };
  assertWithinBounds(inner);
  return inner;
}

/** Throws as {@link boundCall} does; a `fixed` argument must be there as well. */
export function assertWithinBounds({ tool, args, principal }: Pick<Call, "tool" | "args" | "principal">): void {
  for (const [arg, binding] of bindingsOf(tool, principal.boundArguments ?? {})) {
    if (smuggles(tool, args, arg)) throw outside(arg, binding);
    const given = args[arg];
    if (given === undefined || (Array.isArray(given) && given.length === 0)) throw missing(tool, arg, binding);
    const values: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (!values.every((value) => isWithin(value, binding))) throw outside(arg, binding);
  }
}

function bindingsOf(tool: Tool, bound: BoundArguments): readonly (readonly [arg: string, binding: Binding])[] {
  return Object.entries(bound).filter(([arg]) => hasArgument(tool, arg));
}

function hasArgument({ definition }: Tool, arg: string): boolean {
  return Object.hasOwn(definition.inputSchema.properties ?? {}, arg);
}

/** Whether the object of further body properties holds the argument once more, under its own or its upstream name. */
function smuggles({ origin }: Tool, args: Arguments, arg: string): boolean {
  const body = origin?.spec.body;
  const extra = body?.extra === undefined ? undefined : args[body.extra.arg];
  if (typeof extra !== "object" || extra === null) return false;
  const use = body?.fields?.find((one) => typeof one === "object" && (one.arg ?? one.name) === arg);
  return [arg, ...(typeof use === "object" ? [use.name] : [])].some((name) => Object.hasOwn(extra, name));
}

/** Compared as text: a key made on a command line says "7" where the API says 7. */
function isWithin(value: unknown, binding: Binding): boolean {
  if (!/^(string|number|boolean)$/.test(typeof value)) return false;
  return valuesOf(binding).some((one) => String(one) === String(value));
}

function valuesOf(binding: Binding): readonly BoundValue[] {
  return "fixed" in binding ? [binding.fixed] : binding.within;
}

function missing({ name }: Tool, arg: string, binding: Binding): GatewayError {
  return new GatewayError("invalid_arguments", `${arg} is required for ${name} with this key`, {
    next: advice(arg, binding),
  });
}

function outside(arg: string, binding: Binding): GatewayError {
  return new GatewayError("not_permitted", `this key may not use that value of ${arg}`, {
    change: "none",
    next: advice(arg, binding),
  });
}

function advice(arg: string, binding: Binding): string {
  if ("fixed" in binding) return `Leave ${arg} out: it is fixed for this key.`;
  const some = binding.within.slice(0, 20).map((one) => JSON.stringify(one));
  return `Use one of ${some.join(", ")}${binding.within.length > some.length ? ", …" : ""} for ${arg}.`;
}

function filledIn(tool: Tool, arg: string, value: BoundValue): unknown {
  const schema = tool.definition.inputSchema.properties?.[arg] ?? {};
  return schema.type === "array" ? [asTyped(value, schema.items ?? {})] : asTyped(value, schema);
}

/** The value in the type that the schema asks for, where it can be had. */
function asTyped(value: BoundValue, { type }: Schema): BoundValue {
  if (type === "string") return String(value);
  if ((type === "integer" || type === "number") && /^-?\d+(\.\d+)?$/.test(String(value))) return Number(value);
  if (type === "boolean" && /^(true|false)$/.test(String(value))) return String(value) === "true";
  return value;
}

type ObjectSchema = Schema & { readonly type: "object" };

function boundSchema(schema: ObjectSchema, bindings: readonly (readonly [string, Binding])[]): ObjectSchema {
  const properties: Record<string, Schema> = { ...schema.properties };
  const required = new Set(schema.required ?? []);
  for (const [arg, binding] of bindings) {
    if ("fixed" in binding) {
      delete properties[arg];
      required.delete(arg);
    } else {
      properties[arg] = withinSchema(properties[arg] ?? {}, binding.within);
      required.add(arg);
    }
  }
  const { required: _, ...rest } = schema;
  return { ...rest, properties, ...(required.size > 0 && { required: [...required] }) };
}

function withinSchema(schema: Schema, values: readonly BoundValue[]): Schema {
  if (schema.type === "array") return { ...schema, items: withinSchema(schema.items ?? {}, values), minItems: 1 };
  if (values.length > mostListed) return schema;
  const { title, description, type } = schema;
  const listed: readonly Json[] = [...new Set(values.map((value) => asTyped(value, schema)))];
  return { ...(title && { title }), ...(description && { description }), ...(type && { type }), enum: listed };
}
