import { globPattern } from "../calls/glob.ts";
import type { PromptConfig, ResourceConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import { createFilePrompt } from "./prompts/filePrompt.ts";
import type { Prompt } from "./prompts/prompt.ts";
import { createPrompts } from "./prompts/prompts.ts";
import type { Resource } from "./resources/resource.ts";
import { createResources } from "./resources/resources.ts";
import { createToolResource, type ToolResourceParts } from "./resources/toolResource.ts";
import type { Surface } from "./surface.ts";

/** The resources and prompts that a gateway has, for each of its Surfaces. */
export interface ViewsOptions extends Omit<ToolResourceParts, "run"> {
  readonly resources: readonly ResourceConfig[];
  readonly prompts: readonly PromptConfig[];
  /** Those written by hand. */
  readonly own: { readonly resources: readonly Resource[]; readonly prompts: readonly Prompt[] };
  /** Globs of the names that the Surface has. Default: all. */
  readonly names: { readonly resources?: readonly string[]; readonly prompts?: readonly string[] };
  readonly pageSize: number;
}

/**
 * The Surface with resources and prompts, of whatever style it is; without those members where it has none. Throws
 * `invalid_request` with every fault of the configured ones, each with its file and line.
 */
export function withViews(surface: Surface, options: ViewsOptions): Surface {
  const { own, names, pageSize } = options;
  const { run, serverInfo } = surface;
  const parts = { ...options, run };
  const faults: string[] = [];
  const fault = (message: string): unknown => faults.push(message);
  const configured = options.resources.flatMap((one) => createToolResource(one, parts, fault) ?? []);
  const all = [...configured, ...own.resources];
  faults.push(
    ...unmatched(
      surface.name,
      "resources",
      names.resources,
      all.map(({ definition }) => definition.name),
    ),
    ...unmatched(
      surface.name,
      "prompts",
      names.prompts,
      [...options.prompts, ...own.prompts.map(({ definition }) => definition)].map(({ name }) => name),
    ),
  );
  if (faults.length > 0) throw new GatewayError("invalid_request", faults.join("\n"));

  // A prompt may only name what there is; what this Surface leaves out takes the prompts with it.
  const whole = createResources({ resources: all, pageSize, serverInfo });
  for (const one of options.prompts) createFilePrompt(one, { ...parts, resources: whole }, fault);
  if (faults.length > 0) throw new GatewayError("invalid_request", faults.join("\n"));
  const resources = createResources({
    resources: all.filter(({ definition }) => isNamed(definition.name, names.resources)),
    pageSize,
    serverInfo,
  });
  const prompts = [
    ...options.prompts.flatMap((one) => createFilePrompt(one, { ...parts, resources }, () => undefined) ?? []),
    ...own.prompts,
  ].filter(({ definition }) => isNamed(definition.name, names.prompts));
  return {
    ...surface,
    ...(resources.all.length > 0 && { resources }),
    ...(prompts.length > 0 && { prompts: createPrompts({ prompts, pageSize, serverInfo }) }),
  };
}

/** Whoever names what is not there believes in it. */
function unmatched(
  surface: string,
  list: "resources" | "prompts",
  globs: readonly string[] = [],
  names: readonly string[],
): readonly string[] {
  return globs
    .filter((glob) => !names.some((name) => isNamed(name, [glob])))
    .map((glob) => `surfaces.${surface}.${list}: "${glob}" matches none; there are: ${names.join(", ") || "none"}`);
}

function isNamed(name: string, globs: readonly string[] | undefined): boolean {
  return globs === undefined || globs.some((glob) => globPattern(glob).test(name));
}

/** What a client sees of the resources or prompts of a Surface, as text: it changes when their lists do. */
export function shownText({ resources, prompts }: Surface, list: "resources" | "prompts"): string {
  return JSON.stringify(
    list === "resources"
      ? (resources?.all ?? []).map(({ template, definition }) => [template.text, definition])
      : (prompts?.all ?? []).map(({ definition }) => definition),
  );
}
