import type { PromptConfig } from "../../config/config.ts";
import { GatewayError } from "../../errors.ts";
import { type CompletionParts, completesFor } from "../completions.ts";
import { readResource } from "../resources/read.ts";
import type { SurfaceResources } from "../resources/resources.ts";
import { parseUriTemplate, type UriTemplate } from "../resources/uriTemplate.ts";
import type { Principal } from "../surface.ts";
import type { Prompt } from "./prompt.ts";

export interface FilePromptParts extends CompletionParts {
  readonly resources: SurfaceResources | undefined;
  readonly holds: (principal: Principal, scopes: readonly string[]) => boolean;
}

/** A resource that a prompt has the model read. */
interface Reference {
  readonly template: UriTemplate;
  readonly embed: boolean;
  readonly permits: (principal: Principal) => boolean;
}

/**
 * A prompt of a file: its text with the arguments in it, then each resource that it embeds, read as `resources/read` would. It
 * shows only to whoever holds its scopes and may read all that it reads. Undefined where the Surface lacks one of those.
 * What is wrong with it is told to `fault`, with file and line.
 */
export function createFilePrompt(
  config: PromptConfig,
  parts: FilePromptParts,
  fault: (message: string) => void,
): Prompt | undefined {
  const { name, title, description, scopes, text } = config;
  const references = config.resources.map((one, index) =>
    reference(one, parts.resources, (message) =>
      fault(`${config.lines[`resources.${index}`] ?? name}: prompt ${name}: ${message}`),
    ),
  );
  const complete = completesFor(
    {
      names: config.arguments.map((one) => one.name),
      declared: Object.fromEntries(
        config.arguments.flatMap((one) => (one.complete === undefined ? [] : [[one.name, one.complete]])),
      ),
      fault: (arg, message) => fault(`${config.lines[`arguments.${arg}`] ?? name}: prompt ${name}: ${message}`),
    },
    parts,
  );
  if (references.includes(undefined)) return undefined;
  const { resources } = parts;
  return {
    definition: {
      name,
      ...(title !== undefined && { title }),
      description,
      ...(config.arguments.length > 0 && {
        arguments: config.arguments.map(({ name: arg, title: label, description: about, required }) => ({
          name: arg,
          ...(label !== undefined && { title: label }),
          ...(about !== undefined && { description: about }),
          required,
        })),
      }),
    },
    permits: (principal) =>
      parts.holds(principal, scopes) && references.every((one) => one?.permits(principal) === true),
    get: async (reading, given) => {
      const args = withDefaults(config, given);
      const uris = references.flatMap((one) => (one?.embed === true ? (one.template.expand(args) ?? []) : []));
      const states = await Promise.all(
        uris.map((uri) => (resources === undefined ? undefined : readResource(resources, reading, uri))),
      );
      const embedded = states.flatMap((state) => state?.contents ?? []);
      return [
        { role: "user", content: { type: "text", text: filled(text, args) } },
        ...embedded.map((resource) => ({ role: "user" as const, content: { type: "resource", resource } })),
      ];
    },
    ...(complete !== undefined && { complete }),
  };
}

/** Stands for a value when only the kind of a URI is asked for. */
const sample = "0e6a3bd5-sample";

function reference(
  { uri, embed }: PromptConfig["resources"][number],
  resources: SurfaceResources | undefined,
  fault: (message: string) => void,
): Reference | undefined {
  try {
    const template = parseUriTemplate(uri);
    const example = template.expand(Object.fromEntries(template.variables.map((name) => [name, sample]))) ?? "";
    const resource = resources?.named(example);
    if (resource !== undefined) return { template, embed, permits: resource.permits };
    fault(`${uri} is no resource of gateway.yaml`);
  } catch (thrown) {
    fault(GatewayError.from(thrown).message);
  }
  return undefined;
}

function withDefaults(
  { arguments: declared }: PromptConfig,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const standard = declared.flatMap((one) => (one.default === undefined ? [] : [[one.name, one.default] as const]));
  return { ...Object.fromEntries(standard), ...given };
}

/**
 * The text with its placeholders replaced, each once: a value is text and never looked at for placeholders of its own. What no
 * reader would see is left out of it (control characters, and those that turn the direction of text).
 */
function filled(text: string, args: Readonly<Record<string, string>>): string {
  return text.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) =>
    (args[name] ?? "").replace(/[^\P{C}\n\t]/gu, "").replace(/[\p{Zl}\p{Zp}]/gu, "\n"),
  );
}
