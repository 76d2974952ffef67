import { unknownPrompt } from "../../surfaces/prompts/prompts.ts";
import { unknownResource } from "../../surfaces/resources/read.ts";
import type { Complete, Completion } from "../../surfaces/resources/resource.ts";
import type { McpContext, Method } from "../context.ts";
import { invalidParams, isObject, notFound, shown } from "../params.ts";
import { readingOf } from "../reading.ts";
import { complete } from "../result.ts";

/**
 * `completion/complete`: values for a variable of a resource template or an argument of a prompt. What the API cannot say in time
 * is an empty list. https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/completion
 */
export const completionComplete: Method = async (context, params) => {
  const { ref, argument, context: known } = params;
  if (context.surface.prompts === undefined && context.surface.resources === undefined)
    throw notFound("completion/complete");
  if (!isObject(argument) || typeof argument.name !== "string" || typeof argument.value !== "string")
    throw invalidParams("completion/complete needs an argument with name and value");
  const { names, byName } = referenced(context, ref);
  const { name, value } = argument;
  if (!names.includes(name))
    throw invalidParams(`there is no argument ${shown(name)} to complete; there are: ${names.join(", ") || "none"}`);
  const one = Object.hasOwn(byName, name) ? byName[name] : undefined;
  const found: Completion =
    one === undefined
      ? { values: [], hasMore: false }
      : await one({ reading: readingOf(context, params), value, others: othersIn(known) });
  return complete(context, { completion: found });
};

interface Referenced {
  readonly names: readonly string[];
  readonly byName: Readonly<Record<string, Complete>>;
}

function referenced({ surface, principal }: McpContext, ref: unknown): Referenced {
  if (isObject(ref) && ref.type === "ref/prompt" && typeof ref.name === "string") {
    const prompt = surface.prompts?.find(principal, ref.name);
    if (prompt === undefined) throw unknownPrompt(shown(ref.name), principal.scopes);
    return { names: (prompt.definition.arguments ?? []).map(({ name }) => name), byName: prompt.complete ?? {} };
  }
  if (isObject(ref) && ref.type === "ref/resource" && typeof ref.uri === "string") {
    const resource = surface.resources?.template(principal, ref.uri);
    if (resource === undefined) throw unknownResource(ref.uri, principal.scopes);
    return { names: resource.template.variables, byName: resource.complete ?? {} };
  }
  throw invalidParams("ref has to be { type: ref/prompt, name } or { type: ref/resource, uri }");
}

function othersIn(known: unknown): Readonly<Record<string, string>> {
  const given = isObject(known) && isObject(known.arguments) ? known.arguments : {};
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
