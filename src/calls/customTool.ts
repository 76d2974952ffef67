import type { BoundArguments } from "../auth/principal.ts";
import type { Tool, ToolDefinition } from "../catalog/tool.ts";
import type { ArgumentConfig, ToolCustomConfig } from "../config/config.ts";
import type { Schema } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { Arguments, Interceptor, Notification, Question } from "./call.ts";

/** How a Surface shows a Tool of the Catalog. */
export interface Customisation extends ToolCustomConfig {
  /** By the argument's name in the Catalog. */
  readonly arguments: { readonly [arg: string]: ArgumentConfig };
  /** Every name that the Surface shows in place of another: those of its Tools, and of this Tool's arguments. */
  readonly words: ReadonlyMap<string, string>;
}

/** A Tool under the names that a Surface gives it. Calls of it are calls of `inner`. */
export interface CustomTool extends Tool {
  /** The Tool of the Catalog behind it, for scopes and bounds. */
  readonly base: Tool;
  readonly inner: Tool;
  readonly custom: Customisation;
  /** The same of `inner` as a principal with these bounds sees it. */
  readonly over: (inner: Tool, bound: BoundArguments) => CustomTool;
}

/** The CustomTool that a Tool is, if it is one. */
export function customOf(tool: Tool): CustomTool | undefined {
  return "custom" in tool ? (tool as CustomTool) : undefined; // only customTool gives a Tool that name
}

/** `inner` as `custom` shows it. The definition is built on first use and kept. */
export function customTool(inner: Tool, custom: Customisation): CustomTool {
  const { resource, kind, effect, origin } = inner;
  const known = new WeakMap<BoundArguments, CustomTool>();
  let definition: ToolDefinition | undefined;
  return {
    name: custom.name ?? inner.name,
    // Whoever gives a name wants it to be the only one.
    aliases: custom.name === undefined ? inner.aliases : [],
    resource,
    kind,
    effect,
    ...(origin && { origin }),
    base: "base" in inner ? (inner.base as Tool) : inner, // see boundTool
    inner,
    custom,
    over: (bound, by) => {
      const view = known.get(by) ?? customTool(bound, custom);
      known.set(by, view);
      return view;
    },
    get definition() {
      definition ??= customDefinition(inner.definition, custom);
      return definition;
    },
  };
}

function customDefinition(inner: ToolDefinition, custom: Customisation): ToolDefinition {
  const title = custom.title ?? inner.title;
  return {
    ...inner,
    name: custom.name ?? inner.name,
    title,
    description: custom.description ?? reworded(inner.description, custom.words),
    inputSchema: customSchema(inner.inputSchema, custom),
    annotations: { ...inner.annotations, title },
  };
}

type ObjectSchema = Schema & { readonly type: "object" };

function customSchema(schema: ObjectSchema, { arguments: args, words }: Customisation): ObjectSchema {
  const required = new Set(schema.required);
  const shown = Object.entries(schema.properties ?? {}).flatMap(([arg, property]) => {
    const own = args[arg] ?? {};
    if (isLeftOut(own)) return [];
    return [
      {
        name: own.name ?? arg,
        property: customProperty(property, own, words),
        isRequired: isRequired(own, required.has(arg)),
      },
    ];
  });
  const { required: _, ...rest } = schema;
  const needed = shown.filter((one) => one.isRequired).map(({ name }) => name);
  return {
    ...rest,
    properties: Object.fromEntries(shown.map(({ name, property }) => [name, property])),
    ...(needed.length > 0 && { required: needed }),
  };
}

function isLeftOut({ fixed, hidden }: ArgumentConfig): boolean {
  return hidden === true || fixed !== undefined;
}

function isRequired({ required, default: standard }: ArgumentConfig, before: boolean): boolean {
  return standard === undefined && (required === true || before);
}

function customProperty(property: Schema, own: ArgumentConfig, words: Customisation["words"]): Schema {
  const description = own.description ?? (property.description && reworded(property.description, words));
  const ofItems = property.type === "array" && own.enum !== undefined;
  return {
    ...property,
    ...(description && { description }),
    ...(own.enum && (ofItems ? { items: { ...property.items, enum: own.enum } } : { enum: own.enum })),
    ...(own.default !== undefined && { default: own.default }),
  };
}

/**
 * Runs a Call of a CustomTool as one of the Tool behind it: names translated back, what is fixed and what is left out filled in. What
 * comes back, but for the answer itself, speaks in the Surface's names. `validating` holds the arguments against what the client
 * was shown.
 */
export function customising(): Interceptor {
  return (next) => async (call) => {
    const tool = customOf(call.tool);
    if (tool === undefined) return next(call);
    const { words } = tool.custom;
    try {
      return await next({
        ...call,
        tool: tool.inner,
        args: innerArguments(tool, call.args),
        given: { tool, args: call.args },
        notify: (notification) => call.notify(rewordedNote(notification, words)),
        ask: (questions) => call.ask(questions.map((question) => rewordedQuestion(question, words))),
      });
    } catch (thrown) {
      throw thrown instanceof GatewayError ? rewordedError(thrown, words) : thrown;
    }
  };
}

/** An argument that the client was not shown is left out here, and refused by name when the arguments are validated. */
function innerArguments({ inner, custom }: CustomTool, args: Arguments): Arguments {
  const entries = Object.keys(inner.definition.inputSchema.properties ?? {}).flatMap((arg) => {
    const own = custom.arguments[arg] ?? {};
    if (own.fixed !== undefined) return [[arg, own.fixed] as const];
    if (own.hidden === true) return [];
    const value = args[own.name ?? arg] ?? own.default;
    return value === undefined ? [] : [[arg, value] as const];
  });
  const further = Object.entries(args).filter(([name]) => isBoundHere(inner, custom, name));
  return { ...Object.fromEntries(further), ...Object.fromEntries(entries) };
}

/** A bound argument is in no schema; whoever gives it all the same is told so by its bounds. */
function isBoundHere(inner: Tool, custom: Customisation, name: string): boolean {
  const base = "base" in inner ? (inner.base as Tool) : inner;
  const isShown = Object.hasOwn(inner.definition.inputSchema.properties ?? {}, name);
  return (
    !isShown &&
    Object.hasOwn(base.definition.inputSchema.properties ?? {}, name) &&
    !isLeftOut(custom.arguments[name] ?? {})
  );
}

/** Names as they stand in a text: nothing within a longer name is one. */
function reworded(text: string, words: Customisation["words"]): string {
  if (words.size === 0) return text;
  return text.replace(/[A-Za-z_][A-Za-z0-9_]*/g, (word) => words.get(word) ?? word);
}

function rewordedError(error: GatewayError, words: Customisation["words"]): GatewayError {
  const { next, data } = error.facts;
  const said = new GatewayError(error.code, reworded(error.message, words), {
    ...error.facts,
    ...(next !== undefined && { next: reworded(next, words) }),
    ...(typeof data?.what === "string" && { data: { ...data, what: reworded(data.what, words) } }),
  });
  if (error.stack !== undefined) said.stack = error.stack;
  return said;
}

function rewordedNote(notification: Notification, words: Customisation["words"]): Notification {
  if (notification.type !== "progress" || notification.message === undefined) return notification;
  return { ...notification, message: reworded(notification.message, words) };
}

function rewordedQuestion(question: Question, words: Customisation["words"]): Question {
  const { message } = question.params;
  return typeof message === "string"
    ? { ...question, params: { ...question.params, message: reworded(message, words) } }
    : question;
}
