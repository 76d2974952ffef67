import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Schema } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { PromptArgumentConfig, PromptConfig } from "./config.ts";
import { checkSource, parseSource, type Source } from "./faults.ts";
import { type CompleteFile, resolveComplete } from "./resources.ts";
import { completeSchema } from "./schema.ts";

/** The front matter of a prompt. */
interface PromptFile {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly arguments?: readonly (Omit<PromptArgumentConfig, "required" | "complete"> & {
    readonly required?: boolean;
    readonly complete?: CompleteFile;
  })[];
  readonly scopes?: string | readonly string[];
  readonly resources?: readonly (string | { readonly uri: string; readonly embed?: boolean })[];
}

const text: Schema = { type: "string", minLength: 1 };
const word: Schema = { type: "string", pattern: "^[A-Za-z][A-Za-z0-9_]{0,63}$" };
const closed = (properties: Record<string, Schema>, required: readonly string[]): Schema => ({
  type: "object",
  additionalProperties: false,
  properties,
  required,
});

const frontMatterSchema: Schema = closed(
  {
    name: { type: "string", pattern: "^[A-Za-z0-9_.-]{1,128}$" },
    title: text,
    description: text,
    arguments: {
      type: "array",
      items: closed(
        {
          name: word,
          title: text,
          description: text,
          required: { type: "boolean" },
          default: text,
          complete: completeSchema,
        },
        ["name"],
      ),
    },
    scopes: { anyOf: [text, { type: "array", items: text }] },
    resources: {
      type: "array",
      items: { anyOf: [text, closed({ uri: text, embed: { type: "boolean" } }, ["uri"])] },
    },
  },
  ["name", "description"],
);

/**
 * The prompts of a folder: each `.md` file in it, by name. Throws `invalid_request` with every fault of every file, each with file
 * and line.
 */
export function readPrompts(folder: string): readonly PromptConfig[] {
  const faults: string[] = [];
  const prompts = filesIn(folder).flatMap((file) => {
    try {
      return [parsePrompt(file, readFileSync(file, "utf8"))];
    } catch (thrown) {
      faults.push(GatewayError.from(thrown).message);
      return [];
    }
  });
  for (const [index, { name, lines }] of prompts.entries())
    if (prompts.findIndex((one) => one.name === name) < index)
      faults.push(`${lines.name}: another file has a prompt of the name ${name}`);
  if (faults.length > 0) throw new GatewayError("invalid_request", faults.join("\n"));
  return prompts;
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".md") && name !== "README.md")
      .sort()
      .map((name) => join(folder, name));
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException; // what readdirSync throws
    throw new GatewayError("invalid_request", `cannot read the prompts in ${folder} (${code}); prompts names a folder`);
  }
}

/** One file from text in hand. */
export function parsePrompt(file: string, content: string): PromptConfig {
  const [head, front] = /^---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(content) ?? [];
  if (head === undefined || front === undefined)
    throw new GatewayError(
      "invalid_request",
      `${file}:1: a prompt begins with front matter: ---, then name and description in YAML, then ---`,
    );
  const source = parseSource(file, `---\n${front}`); // with the first line, so that lines are those of the file
  checkSource(source, frontMatterSchema);
  const given = source.value as PromptFile; // the schema has just been checked
  const body = content.slice(head.length);
  const faults = faultsIn(source, given, body, head.split("\n").length);
  if (faults.length > 0) throw new GatewayError("invalid_request", faults.join("\n"));
  return resolvePrompt(source, given, body.trim());
}

/** `{{name}}` in a text. */
const placeholders = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** @param bodyLine the line on which the text begins */
function faultsIn(source: Source, file: PromptFile, body: string, bodyLine: number): readonly string[] {
  const faults: string[] = [];
  const at = (...path: string[]): string => `${source.file}:${source.lineOf(path)}`;
  const declared = (file.arguments ?? []).map(({ name }) => name);
  const used = new Set<string>();
  for (const [index, line] of body.split("\n").entries())
    for (const [, name = ""] of line.matchAll(placeholders)) {
      used.add(name);
      if (!declared.includes(name))
        faults.push(
          `${source.file}:${bodyLine + index}: {{${name}}} is no argument; there are: ${declared.join(", ") || "none"}`,
        );
    }
  for (const [index, one] of (file.resources ?? []).entries())
    for (const [, names = ""] of uriOf(one).matchAll(/\{[?&]?([^{}]*)\}/g))
      for (const name of names.split(",")) {
        used.add(name);
        if (!declared.includes(name))
          faults.push(
            `${at("resources", String(index))}: {${name}} is no argument; there are: ${declared.join(", ") || "none"}`,
          );
      }
  for (const [index, name] of declared.entries()) {
    if (declared.indexOf(name) < index) faults.push(`${at("arguments", String(index))}: a second argument ${name}`);
    else if (!used.has(name))
      faults.push(
        `${at("arguments", String(index))}: the argument ${name} is used neither in the text nor in a resource`,
      );
  }
  if (body.trim() === "") faults.push(`${source.file}:${bodyLine}: there is no text after the front matter`);
  return faults;
}

function uriOf(resource: string | { readonly uri: string }): string {
  return typeof resource === "string" ? resource : resource.uri;
}

function resolvePrompt(source: Source, given: PromptFile, body: string): PromptConfig {
  const { name, title, description, arguments: args = [], scopes = [], resources = [] } = given;
  const at = (...path: string[]): string => `${source.file}:${source.lineOf(path)}`;
  return {
    name,
    ...(title !== undefined && { title }),
    description,
    arguments: args.map(({ complete, ...one }) => ({
      required: false,
      ...one,
      ...(complete !== undefined && { complete: resolveComplete(complete) }),
    })),
    scopes: typeof scopes === "string" ? [scopes] : scopes,
    resources: resources.map((one) => (typeof one === "string" ? { uri: one, embed: true } : { embed: true, ...one })),
    text: body,
    lines: {
      "": `${source.file}:1`,
      name: at("name"),
      ...Object.fromEntries(resources.map((_, index) => [`resources.${index}`, at("resources", String(index))])),
      ...Object.fromEntries(args.map((one, index) => [`arguments.${one.name}`, at("arguments", String(index))])),
    },
  };
}
