import type { Tool } from "../tool.ts";
import { isFiller, stem, wordsOf } from "./words.ts";

/** A ResourceType as search sees it. */
export interface Noun {
  readonly name: string;
  readonly tools: readonly Tool[];
  /** Its names in stems: its own, its title, its tags, its aliases of gateway.yaml. */
  readonly names: readonly (readonly string[])[];
  /** Stems of its field names. */
  readonly fields: ReadonlySet<string>;
  /** What is said of it and of its fields. */
  readonly description: string;
  readonly fieldTexts: string;
}

/** By name of a ResourceType, what its users call it. */
export type SearchAliases = Readonly<Record<string, readonly string[]>>;

/** The ResourceTypes of `tools`, sorted by name. Definitions are not built for it. */
export function nounsOf(tools: readonly Tool[], aliases: SearchAliases): readonly Noun[] {
  const byResource = new Map<string, Tool[]>();
  for (const tool of tools) {
    const known = byResource.get(tool.resource);
    if (known === undefined) byResource.set(tool.resource, [tool]);
    else known.push(tool);
  }
  return [...byResource]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => nounOf(name, own, aliases[name] ?? []));
}

function nounOf(name: string, tools: readonly Tool[], aliases: readonly string[]): Noun {
  const resource = tools.find(({ origin }) => origin !== undefined)?.origin?.resource;
  const fields = Object.entries(resource?.fields ?? {});
  const said = tools.filter(({ origin }) => origin === undefined || origin.spec.kind === "action");
  const texts = [name, resource?.title ?? "", ...aliases];
  const names = texts.map((text) => [...new Set(wordsOf(text).map(stem))]).filter((words) => words.length > 0);
  return {
    name,
    tools,
    names: unique(names),
    fields: new Set(
      fields.flatMap(([field]) =>
        wordsOf(field)
          .filter((word) => !isFiller(word))
          .map(stem),
      ),
    ),
    description: [
      resource?.description ?? "",
      ...(resource?.tags ?? []),
      ...said.map(
        (tool) => `${tool.name.replaceAll("_", " ")} ${tool.origin?.spec.description ?? tool.definition.description}`,
      ),
    ].join(" "),
    fieldTexts: fields.map(([field, { description = "" }]) => `${field} ${description}`).join(" "),
  };
}

function unique(names: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return [...new Map(names.map((words) => [words.join(" "), words])).values()];
}
