import type { Field, Param, ResourceType, ToolSpec } from "../../src/descriptor.ts";
import { singular, snake, splitWords } from "../words.ts";

/** A noun that can be looked up: its title and the Tool that lists it. */
interface Known {
  readonly title: string;
  readonly list: string;
}

/**
 * Says of each id without a description what it is the id of and which Tool lists those: `incidentSeverityId` →
 * "Incident Severity id, found with list_incident_severities." Generators of documents lose such texts
 * (docs/upstream-apis.md §1.5), and a model that does not know where an id comes from makes one up.
 */
export function describeIds(resources: readonly ResourceType[]): ResourceType[] {
  const known = new Map<string, Known>();
  for (const { name, title, tools } of resources) {
    if (tools.list !== undefined) known.set(snake(singular(splitWords(name))), { title, list: tools.list.name });
  }
  return resources.map((resource) => describeIn(resource, known));
}

function describeIn(resource: ResourceType, known: ReadonlyMap<string, Known>): ResourceType {
  const fields = Object.entries(resource.fields).map(([name, field]): [string, Field] => [
    name,
    withText(field, textFor(name, known)),
  ]);
  const own = known.get(snake(singular(splitWords(resource.name))));
  const tool = (spec: ToolSpec): ToolSpec => describeTool(spec, known, own);
  const mapTools = (tools: Readonly<Record<string, ToolSpec>>) =>
    Object.fromEntries(Object.entries(tools).map(([name, spec]) => [name, tool(spec)]));
  return {
    ...resource,
    fields: Object.fromEntries(fields),
    tools: mapTools(resource.tools as Readonly<Record<string, ToolSpec>>),
    actions: mapTools(resource.actions),
  };
}

function describeTool(spec: ToolSpec, known: ReadonlyMap<string, Known>, own: Known | undefined): ToolSpec {
  const last = spec.params?.findLast(({ in: place }) => place === "path");
  const param = (one: Param): Param => {
    if (one.schema === undefined || one.arg === undefined) return one;
    const text =
      textFor(one.name, known) ?? (one === last && isId(one.name) && own !== undefined ? found(own) : undefined);
    return { ...one, schema: withText(one.schema, text) };
  };
  const body = spec.body?.fields?.map((use) =>
    typeof use === "string" || use.schema === undefined
      ? use
      : { ...use, schema: withText(use.schema, textFor(use.name, known)) },
  );
  return {
    ...spec,
    ...(spec.params !== undefined && { params: spec.params.map(param) }),
    ...(spec.body !== undefined && body !== undefined && { body: { ...spec.body, fields: body } }),
  };
}

function withText<Of extends Field>(schema: Of, text: string | undefined): Of {
  const isValue = schema.type === "string" || schema.type === "integer" || schema.type === "array";
  return text === undefined || schema.description !== undefined || !isValue ? schema : { ...schema, description: text };
}

function isId(name: string): boolean {
  return /^(id|_id|uuid)$/i.test(name);
}

/** For `createdByUserId`: the longest end of its words that is a noun. */
function textFor(name: string, known: ReadonlyMap<string, Known>): string | undefined {
  const words = splitWords(name);
  const last = words.pop();
  if (last !== "id" && last !== "ids") return undefined;
  for (let at = 0; at < words.length; at++) {
    const match = known.get(snake(singular(words.slice(at))));
    if (match !== undefined) return last === "id" ? found(match) : `${found(match).replace(" id,", " ids,")}`;
  }
  return undefined;
}

function found({ title, list }: Known): string {
  return `${title} id, found with ${list}.`;
}
