import { exactOutput } from "../../catalog/exactOutput.ts";
import { signatureOf } from "../../catalog/signature.ts";
import type { Tool } from "../../catalog/tool.ts";
import type { CrudKind, Effect } from "../../descriptor.ts";
import { runnerOf } from "./tools.ts";

/** What `describe` says of one Tool. */
export function describedTool(tool: Tool, withOutput: boolean): Readonly<Record<string, unknown>> {
  const { name, resource, effect, definition } = tool;
  const { title, description, inputSchema } = definition;
  return {
    tool: name,
    title,
    resource,
    run: runnerOf[effect],
    signature: signatureOf(tool),
    description,
    inputSchema,
    ...(withOutput && { outputSchema: exactOutput(tool) ?? { description: "The API does not say what it answers." } }),
  };
}

const effectOfKind: Readonly<Record<CrudKind, Effect>> = {
  list: "read",
  count: "read",
  get: "read",
  create: "write",
  update: "write",
  delete: "destroy",
};

/** Whether a Tool that is not there would be the caller's to use: only then is it told that the API does not offer it. */
export type WouldPermit = (resource: string, kind: CrudKind, effect: Effect) => boolean;

/**
 * What `describe` says of a ResourceType: the Tools of it that the caller may use, and the kinds it has none for. A kind that the
 * caller may not use is said in words that are true whether there is one or not.
 */
export function describedResource(
  resource: string,
  tools: readonly Tool[],
  wouldPermit: WouldPermit,
): Readonly<Record<string, unknown>> {
  const description = tools.find(({ origin }) => origin !== undefined)?.origin?.resource.description;
  const absent = (Object.keys(effectOfKind) as CrudKind[]).filter((kind) => !tools.some((tool) => tool.kind === kind));
  const notOffered = absent.filter((kind) => wouldPermit(resource, kind, effectOfKind[kind]));
  const notForYou = absent.filter((kind) => !notOffered.includes(kind));
  return {
    resource,
    ...(description !== undefined && { description }),
    ...signaturesByRunner(tools),
    ...(notOffered.length > 0 && { notOffered: `The API does not offer ${notOffered.join(", ")} for ${resource}.` }),
    ...(notForYou.length > 0 && {
      notAvailable: `The API does not offer these for ${resource}, or your key does not include them: ${notForYou.join(", ")}.`,
    }),
  };
}

/** Signatures under the name of what runs them; a runner without any is left out. */
export function signaturesByRunner(tools: readonly Tool[]): Readonly<Record<string, readonly string[]>> {
  const runners = ["read", "write", "delete"] as const;
  const entries = runners.map(
    (runner) => [runner, tools.filter(({ effect }) => runnerOf[effect] === runner).map(signatureOf)] as const,
  );
  return Object.fromEntries(entries.filter(([, signatures]) => signatures.length > 0));
}
