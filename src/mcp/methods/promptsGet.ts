import { GatewayError } from "../../errors.ts";
import { promptArguments, unknownPrompt } from "../../surfaces/prompts/prompts.ts";
import type { Method } from "../context.ts";
import { invalidParams, isObject, notFound, shown } from "../params.ts";
import { inputRequired, readingOf } from "../reading.ts";
import { complete } from "../result.ts";

/**
 * `prompts/get`: the messages of a prompt for its arguments, with the resources it embeds. One that is unknown or hidden is
 * -32602. https://modelcontextprotocol.io/specification/2025-11-25/server/prompts#getting-a-prompt
 */
export const promptsGet: Method = async (context, params) => {
  const { prompts } = context.surface;
  const { name, arguments: args = {} } = params;
  if (prompts === undefined) throw notFound("prompts/get");
  if (typeof name !== "string") throw invalidParams("prompts/get needs the name of a prompt");
  if (!isObject(args)) throw invalidParams("arguments must be an object");
  const prompt = prompts.find(context.principal, name);
  if (prompt === undefined) throw unknownPrompt(shown(name), context.principal.scopes);
  try {
    const messages = await prompt.get(readingOf(context, params), promptArguments(prompt, args));
    return complete(context, { description: prompt.definition.description, messages });
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    const asked = inputRequired(error, context);
    if (asked !== undefined) return asked;
    throw error;
  }
};
