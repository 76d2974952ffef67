import { describedTool } from "../../catalog/catalog.ts";
import type { Tool, ToolDefinition, ToolOrigin } from "../../catalog/tool.ts";
import type { Schema } from "../../descriptor.ts";
import { tokenSchema } from "./confirm.ts";
import { dryRunSchema } from "./dryRun.ts";
import { dryRunArg, type GuardedTool, type Guards, type LookupGuard, notifyArg, tokenArg } from "./guards.ts";
import { notifySchema } from "./notify.ts";

/**
 * `tool` with its Guards, and with what they ask of a caller in its schema and description. `origin` is the Tool's own, or with
 * its flag behind `notify`. The definition is built on first use and kept.
 */
export function guardedTool(tool: Tool, guards: Guards, origin: ToolOrigin | undefined): GuardedTool {
  const base = origin === undefined || origin === tool.origin ? tool : describedTool(origin);
  const { name, aliases, resource, kind, effect } = base;
  const run = "run" in tool ? { run: tool.run } : {}; // a Tool written by hand stays one
  let definition: ToolDefinition | undefined;
  return {
    name,
    aliases,
    resource,
    kind,
    effect,
    ...(base.origin && { origin: base.origin }),
    ...run,
    guards,
    get definition() {
      definition ??= guardedDefinition(base.definition, guards);
      return definition;
    },
  };
}

function guardedDefinition(base: ToolDefinition, guards: Guards): ToolDefinition {
  const { inputSchema, outputSchema } = base;
  const required = [...(inputSchema.required ?? []), ...(guards.notify === undefined ? [] : [notifyArg])];
  return {
    ...base,
    description: [base.description, ...sentences(guards)].join(" "),
    inputSchema: {
      ...inputSchema,
      properties: { ...withLookupNotes(inputSchema.properties ?? {}, guards.lookups), ...controlSchemas(guards) },
      ...(required.length > 0 && { required: [...new Set(required)] }),
    },
    ...(outputSchema && { outputSchema: guards.dryRun ? withoutRequired(outputSchema) : outputSchema }),
  };
}

/** A dry run's answer has none of the usual parts. */
function withoutRequired({ required: _, ...schema }: Schema & { readonly type: "object" }): Schema & {
  readonly type: "object";
} {
  return schema;
}

function controlSchemas({ notify, confirm, dryRun }: Guards): Readonly<Record<string, Schema>> {
  return {
    ...(notify && { [notifyArg]: notifySchema(notify) }),
    ...(confirm && { [tokenArg]: tokenSchema }),
    ...(dryRun && { [dryRunArg]: dryRunSchema }),
  };
}

function withLookupNotes(
  properties: Readonly<Record<string, Schema>>,
  lookups: readonly LookupGuard[],
): Readonly<Record<string, Schema>> {
  const noted = lookups.flatMap((guard) =>
    guard.args.map((arg) => {
      const schema = properties[arg] ?? {};
      const description = [schema.description, `Only an id that ${toolNames(guard)} answered.`]
        .filter(Boolean)
        .join(" ");
      return [arg, { ...schema, description }] as const;
    }),
  );
  return { ...properties, ...Object.fromEntries(noted) };
}

/** What a model should know before it calls. */
function sentences({ notify, lookups, confirm, dryRun }: Guards): readonly string[] {
  return [
    ...(notify === undefined ? [] : [notifySentence(notify)]),
    ...lookups.map(
      (guard) =>
        `Call ${toolNames(guard)} first: ${guard.args.join(" and ")} must come from its answer of the last ${guard.minutes} minutes.`,
    ),
    ...(confirm ? ["The user is asked to confirm before it is done."] : []),
    ...(dryRun ? [`${dryRunArg}: true shows the API request without sending it.`] : []),
  ];
}

function notifySentence({ alerts, never }: NonNullable<Guards["notify"]>): string {
  if (never !== undefined) return `Alerts nobody: ${notifyArg} must be false.`;
  return `${notifyArg} must be given: true alerts ${alerts}, false alerts nobody.`;
}

function toolNames({ tools }: LookupGuard): string {
  return tools.map(({ name }) => name).join(" or ");
}
