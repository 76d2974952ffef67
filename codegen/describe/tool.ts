import type { OperationOverride } from "../../src/config/codegen.ts";
import type { Field, SecurityRequirement, SecurityScheme, ToolSpec } from "../../src/descriptor.ts";
import type { Decision, OperationParam } from "../model.ts";
import type { NamedDecision } from "../names.ts";
import { argNames } from "./args.ts";
import { describeBody } from "./body.ts";
import type { Context } from "./context.ts";
import { findCount } from "./count.ts";
import type { OperationDraft } from "./noun.ts";
import { findPaging, type PagingFound } from "./paging.ts";
import { describeParams } from "./params.ts";
import { describeResult } from "./result.ts";
import { findSelect } from "./select.ts";

export interface ToolInput {
  readonly named: NamedDecision;
  readonly draft: OperationDraft;
  readonly fields: Readonly<Record<string, Field>>;
  readonly schemes: Readonly<Record<string, SecurityScheme>>;
  /** The Document's own requirement. */
  readonly security: readonly SecurityRequirement[];
}

/** How one Tool calls its Operation. */
export function describeTool(context: Context, input: ToolInput): ToolSpec {
  const { named, draft, fields } = input;
  const { decision } = named;
  const { operation, kind } = decision;
  const override = overrideOf(context, decision);
  const path = decision.path ?? operation.path;
  const paging = pagingOf(context, draft);
  const select = findSelect(context, decision, fields);
  const isReserved = (place: Pick<OperationParam, "name" | "in"> | { readonly name: string; readonly in: "body" }) =>
    paging?.isReserved(place) === true ||
    (select !== undefined && select.slot.name === place.name && select.slot.in === place.in);
  const bodyNames = draft.body?.shape?.properties.map(({ name }) => name) ?? [];
  const args = argNames([...operation.params.map(({ name }) => name), ...bodyNames]);
  const params = describeParams(context, {
    decision,
    path,
    reserved: isReserved,
    schemes: input.schemes,
    fields,
    args,
  });
  const body =
    draft.body === undefined
      ? undefined
      : describeBody(context, { decision, body: draft.body, fields, isReserved, args });
  const count = kind === "count" ? findCount(context, decision, draft.answer) : undefined;
  const security = ownSecurity(decision, input);
  const notes = [...notesOf(decision, body?.required), ...(override?.notes ?? [])];
  const idempotent = override?.idempotent ?? idempotence(decision, body?.mediaType);
  return {
    name: named.tool,
    ...(decision.aliases !== undefined && { aliases: decision.aliases }),
    kind,
    effect: decision.effect,
    title: named.title,
    description: override?.description ?? describeOperation(context, decision, named.title),
    operation: { id: operation.id, method: operation.method, path },
    ...(params.length > 0 && { params }),
    ...(body !== undefined && { body }),
    result: describeResult(context, decision, draft.answer, draft.isNounAnswer),
    ...(paging !== undefined && { paging: paging.paging }),
    ...(count !== undefined && { count }),
    ...(select !== undefined && { select }),
    ...(idempotent !== undefined && { idempotent }),
    ...(decision.timeoutMs !== undefined && { timeoutMs: decision.timeoutMs }),
    ...(security !== undefined && { security }),
    ...(notes.length > 0 && { notes }),
    ...(operation.deprecated && { deprecated: true }),
  };
}

/** What gateway.yaml says of the Operation beyond its classification. */
export function overrideOf(context: Context, { operation }: Decision): OperationOverride | undefined {
  const overrides = context.rules.config.operations ?? {};
  const key = [operation.id, `${operation.method} ${operation.path}`].find((one) => Object.hasOwn(overrides, one));
  return key === undefined ? undefined : overrides[key];
}

function pagingOf(context: Context, { decision, answer, body }: OperationDraft): PagingFound | undefined {
  if (decision.kind !== "list") return undefined;
  const located = answer.located ?? { path: [], schema: {} };
  return findPaging(context, decision, located, body?.shape, answer.schema);
}

/** Summary, then what the description adds; where the Spec says nothing, the title. */
function describeOperation({ converter: { text } }: Context, { operation }: Decision, title: string): string {
  const summary = text.clean(operation.summary);
  const description = text.clean(operation.description);
  if (summary === undefined || description?.toLowerCase().startsWith(summary.toLowerCase().replace(/\.$/, ""))) {
    return description ?? `${title}.`;
  }
  const ended = /[.!?:]$/.test(summary) ? summary : `${summary}.`;
  return description === undefined ? ended : (text.clean(`${ended} ${description}`) ?? ended);
}

/** What the method means beside the kind. docs/upstream-apis.md §6. */
function notesOf({ operation, kind }: Decision, required: readonly string[] | undefined): string[] {
  if (operation.method !== "PUT" || kind !== "update") return [];
  const creates = operation.responses.some(({ status }) => status === "201");
  return [
    ...(required !== undefined && required.length > 0
      ? ["The whole object is needed: what is left out may be reset."]
      : []),
    ...(creates ? ["Creates it where there is none."] : []),
  ];
}

/** Where the kind's default is wrong: a JSON Patch may add twice; PUT and DELETE are idempotent by RFC 9110 §9.2.2. */
function idempotence({ kind, operation, effect }: Decision, mediaType: string | undefined): boolean | undefined {
  if (mediaType?.startsWith("application/json-patch+json") === true) return false;
  if (kind !== "action") return undefined;
  return effect !== "read" && (operation.method === "PUT" || operation.method === "DELETE") ? true : undefined;
}

function ownSecurity(
  { operation }: Decision,
  { security, schemes }: ToolInput,
): readonly SecurityRequirement[] | undefined {
  if (operation.security === undefined) return undefined;
  const own = plainSecurity(operation.security, schemes);
  return JSON.stringify(own) === JSON.stringify(security) ? undefined : own;
}

/** Requirements as plain data, without alternatives that name a scheme the Spec does not define. */
export function plainSecurity(
  requirements: readonly Readonly<Record<string, readonly string[]>>[],
  schemes: Readonly<Record<string, SecurityScheme>>,
): SecurityRequirement[] {
  return requirements
    .filter((requirement) => Object.keys(requirement).every((name) => Object.hasOwn(schemes, name)))
    .map((requirement) => Object.fromEntries(Object.entries(requirement).map(([name, scopes]) => [name, [...scopes]])));
}
