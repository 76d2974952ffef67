import { GatewayError } from "../../errors.ts";
import { createListPages, type ListPages } from "../listPages.ts";
import { badValue } from "../resources/resource.ts";
import type { Principal, ServerInfo } from "../surface.ts";
import type { Prompt } from "./prompt.ts";

/** The prompts of a Surface. */
export interface SurfacePrompts {
  /** Every one, whoever calls, by name. */
  readonly all: readonly Prompt[];
  /** Pages of `prompts/list`. */
  readonly list: ListPages;
  /** A prompt that is hidden from the principal and an unknown one are both undefined. */
  readonly find: (principal: Principal, name: string) => Prompt | undefined;
}

export interface PromptsOptions {
  readonly prompts: readonly Prompt[];
  readonly pageSize: number;
  readonly serverInfo: ServerInfo;
}

/** Throws `invalid_request` when two have one name. */
export function createPrompts({ prompts, pageSize, serverInfo }: PromptsOptions): SurfacePrompts {
  const all = [...prompts].sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
  const byName = new Map<string, Prompt>();
  for (const prompt of all) {
    const { name } = prompt.definition;
    if (byName.has(name)) throw new GatewayError("invalid_request", `two prompts are called ${name}; rename one`);
    byName.set(name, prompt);
  }
  return {
    all,
    list: createListPages({
      member: "prompts",
      method: "prompts/list",
      items: all,
      keyOf: ({ definition }) => definition.name,
      shown: ({ definition }) => definition,
      permits: ({ permits }, principal) => permits(principal),
      pageSize,
      serverInfo,
    }),
    find: (principal, name) => {
      const prompt = byName.get(name);
      return prompt?.permits(principal) === true ? prompt : undefined;
    },
  };
}

/** The answer for a prompt that does not exist or is hidden: the same words for both. */
export function unknownPrompt(name: string, scopes: readonly string[] | null): GatewayError {
  const held = scopes === null ? "" : ` (scopes: ${scopes.length === 0 ? "none" : scopes.join(", ")})`;
  return badValue(
    `Prompt not available: ${name}. There is no such prompt, or your key${held} does not include it.`,
    "Call prompts/list for those you can use.",
  );
}

/** More text than this is no argument but a document, which belongs into the conversation. */
const maxLength = 10_000;

/**
 * The arguments of a prompt as its definition asks for them; one that is empty counts as left out. Throws `invalid_arguments` for
 * one that is unknown, missing, too long or no text.
 */
export function promptArguments(
  { definition: { name, arguments: declared = [] } }: Prompt,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const names = declared.map((one) => one.name);
  const args: Record<string, string> = {};
  for (const [key, value] of Object.entries(given)) {
    if (!names.includes(key))
      throw badValue(`${name} has no argument "${key.slice(0, 64)}"; it takes: ${names.join(", ") || "none"}`);
    if (typeof value !== "string") throw badValue(`the argument ${key} of ${name} has to be text`);
    if (value.length > maxLength)
      throw badValue(`the argument ${key} of ${name} has ${value.length} characters; at most ${maxLength} are taken`);
    if (value.trim() !== "") args[key] = value;
  }
  const missing = declared.filter((one) => one.required === true && args[one.name] === undefined);
  if (missing.length > 0)
    throw badValue(`${name} needs the argument ${missing.map((one) => one.name).join(", ")}`, "Ask the user for it.");
  return args;
}
