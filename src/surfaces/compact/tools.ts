import type { Tool, ToolAnnotations } from "../../catalog/tool.ts";
import type { Effect, Schema } from "../../descriptor.ts";

/** The five Tools of style `compact`. */
export type CompactName = "search" | "describe" | "read" | "write" | "delete";

/** Which of the five runs Tools of an Effect. */
export const runnerOf: Readonly<Record<Effect, CompactName>> = { read: "read", write: "write", destroy: "delete" };

/** Resource types that `search` answers unasked: what a model reads in one glance. */
export const defaultHits = 5;
const mostHits = 20;

const toolArgument: Schema = { type: "string", minLength: 1, description: "Tool name, from search." };
const argumentsArgument: Schema = { type: "object", description: "The tool's own arguments, as describe shows them." };

const inputs: Readonly<Record<CompactName, Readonly<Record<string, Schema>>>> = {
  search: {
    query: { type: "string", minLength: 1, maxLength: 400, description: "What to find or do, or a tool's name." },
    limit: { type: "integer", minimum: 1, maximum: mostHits, default: defaultHits, description: "Resource types." },
  },
  describe: {
    name: { type: "string", minLength: 1, description: "A tool or a resource type, from search." },
    output: { type: "boolean", default: false, description: "With the output schema." },
  },
  read: { tool: toolArgument, arguments: argumentsArgument },
  write: { tool: toolArgument, arguments: argumentsArgument },
  delete: { tool: toolArgument, arguments: argumentsArgument },
};

const required: Readonly<Record<CompactName, readonly string[]>> = {
  search: ["query"],
  describe: ["name"],
  read: ["tool"],
  write: ["tool"],
  delete: ["tool"],
};

const descriptions: Readonly<Record<CompactName, string>> = {
  search:
    "Find what this API can do. Answers the resource types that fit, the best first, with the signature of each tool under the " +
    "name of what runs it: read, write or delete. Nothing found: the API most likely has no such thing.",
  describe:
    "Show a tool before the first use: arguments with their schema, and with output: true what it answers. For a resource type: " +
    "all its tools, and what the API does not offer.",
  read: "Run a tool that only reads.",
  write: "Run a tool that creates or changes something.",
  delete: "Run a tool that deletes or destroys something.",
};

const titles: Readonly<Record<CompactName, string>> = {
  search: "Search the API",
  describe: "Describe a tool",
  read: "Read",
  write: "Write",
  delete: "Delete",
};

const effectOf: Readonly<Record<CompactName, Effect>> = {
  search: "read",
  describe: "read",
  read: "read",
  write: "write",
  delete: "destroy",
};

/** One of the five, as clients see it. It has no output schema: what it answers is what the Tool it runs answers. */
export function compactTool(name: CompactName): Tool {
  const effect = effectOf[name];
  return {
    name,
    aliases: [],
    resource: "Tool",
    kind: "action",
    effect,
    definition: {
      name,
      title: titles[name],
      description: descriptions[name],
      inputSchema: {
        type: "object",
        properties: inputs[name],
        required: required[name],
        additionalProperties: false,
      },
      annotations: annotationsOf(titles[name], effect),
    },
  };
}

/** True of every Tool that it runs: a write may do twice what it does twice. */
function annotationsOf(title: string, effect: Effect): ToolAnnotations {
  return {
    title,
    readOnlyHint: effect === "read",
    destructiveHint: effect === "destroy",
    idempotentHint: effect === "read",
    openWorldHint: false,
  };
}
