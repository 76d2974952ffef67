import type {
  CrudKind,
  Field,
  ResourceType,
  SecurityRequirement,
  SecurityScheme,
  ToolSpec,
} from "../../src/descriptor.ts";
import type { Decision, Skipped } from "../model.ts";
import type { NamedDecision, NamedResource } from "../names.ts";
import { readBody } from "./body.ts";
import type { Context } from "./context.ts";
import { defaultFields } from "./defaultFields.ts";
import { draftAnswer, nounFields, nounSchema, type OperationDraft } from "./noun.ts";
import { describeTool } from "./tool.ts";

/** A ResourceType, and what of it cannot be a Tool. */
export interface DescribedResource {
  readonly resource: ResourceType;
  readonly skipped: readonly Skipped[];
}

/** What the whole API says about credentials. */
export interface ApiSecurity {
  readonly schemes: Readonly<Record<string, SecurityScheme>>;
  readonly security: readonly SecurityRequirement[];
}

/** Describes one noun with all its Operations. */
export function describeResource(context: Context, named: NamedResource, common: ApiSecurity): DescribedResource {
  const noun = nounSchema(
    context,
    named.decisions.map(({ decision }) => decision),
  );
  const skipped: Skipped[] = [];
  const drafts = new Map<NamedDecision, OperationDraft>();
  for (const one of named.decisions) {
    const body = readBody(context, one.decision, noun);
    if (body !== undefined && "skipped" in body)
      skipped.push({ operation: one.decision.operation, reason: body.skipped });
    else drafts.set(one, { ...draftAnswer(context, one.decision, noun), ...(body !== undefined && { body }) });
  }
  const fields = nounFields(context, named.name, [...drafts.values()]);
  const specs = [...drafts].map(([one, draft]) => describeTool(context, { named: one, draft, fields, ...common }));
  return { resource: assemble(context, named, fields, specs), skipped };
}

function assemble(
  context: Context,
  named: NamedResource,
  fields: Readonly<Record<string, Field>>,
  specs: readonly ToolSpec[],
): ResourceType {
  const crud = specs.filter(({ kind }) => kind !== "action");
  const tools = Object.fromEntries(crud.map((spec) => [spec.kind as CrudKind, spec]));
  const list = tools.list;
  const ids = idsOf(tools);
  const shown = list?.result?.noun === true ? defaultFields(context, named.name, fields, ids) : undefined;
  const tags = [...new Set(named.decisions.flatMap(({ decision }) => decision.operation.tags))].sort();
  const description = describeTag(
    context,
    named.decisions.map(({ decision }) => decision),
  );
  return {
    name: named.name,
    plural: named.plural,
    title: named.title,
    ...(description !== undefined && { description }),
    ...(ids.length > 0 && { ids }),
    ...(tags.length > 0 && { tags: tags.flatMap((tag) => context.converter.text.clean(tag) ?? []) }),
    fields,
    ...(shown !== undefined && { defaultFields: shown }),
    tools: { ...tools, ...(list !== undefined && tools.count === undefined && { count: derivedCount(named, list) }) },
    actions: Object.fromEntries(specs.filter(({ kind }) => kind === "action").map((spec) => [spec.name, spec])),
  };
}

/** A Count without an Operation of its own borrows the List's: the runtime asks it for its total, or walks it. */
function derivedCount(named: NamedResource, list: ToolSpec): ToolSpec {
  return {
    name: named.countTool,
    kind: "count",
    effect: "read",
    title: `Count ${named.pluralTitle}`,
    description: `Count ${named.pluralTitle}, with the filters of ${list.name}.`,
    operation: list.operation,
    count: { from: "list" },
    ...(list.security !== undefined && { security: list.security }),
  };
}

/** The arguments in the path of what works on one instance. */
function idsOf(tools: Readonly<Record<string, ToolSpec>>): string[] {
  const spec = tools.get ?? tools.update ?? tools.delete;
  return (spec?.params ?? []).filter((param) => param.in === "path").flatMap(({ arg }) => arg ?? []);
}

/** What the Spec says of the tag, where all Operations have the same one. */
function describeTag({ document, converter }: Context, decisions: readonly Decision[]): string | undefined {
  const tags = new Set(decisions.flatMap(({ operation }) => operation.tags));
  const [only] = tags;
  if (tags.size !== 1) return undefined;
  const described = (document.tags ?? []).filter(({ name }) => name === only);
  return described.length === 1 ? converter.text.clean(described[0]?.description) : undefined;
}
