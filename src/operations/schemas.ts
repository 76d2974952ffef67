import type { ToolOrigin } from "../catalog/tool.ts";
import type { Api, Body, Field, FieldUse, Param, Schema, Slot, ToolSpec } from "../descriptor.ts";
import { idempotencyHeader } from "./idempotency.ts";
import type { ObjectSchema } from "./steps.ts";

/** Named arguments of a Tool and which of them are required. */
export interface ArgumentSchemas {
  readonly properties: { readonly [arg: string]: Schema };
  readonly required: readonly string[];
}

/**
 * The arguments that an Operation's parameters and body ask for. What the gateway fills in itself, the places of paging
 * and selection, is not among them.
 */
export function argumentSchemas({ resource, spec }: ToolOrigin): ArgumentSchemas {
  const params = offeredParams(spec).map((param) => [param.arg, paramSchema(resource.fields, param)] as const);
  const body = bodyArguments(spec.body, resource.fields);
  const required = [
    ...offeredParams(spec).filter((param) => param.in === "path" || param.required),
    ...(spec.body?.required ?? []).map((arg) => ({ arg })),
  ];
  return {
    properties: Object.fromEntries([...params, ...body]),
    required: [...new Set(required.map(({ arg }) => arg))],
  };
}

/** Parameters that are Tool arguments: neither constants nor places the gateway fills. */
export function offeredParams(spec: ToolSpec): readonly (Param & { readonly arg: string })[] {
  const slots = reservedSlots(spec);
  return (spec.params ?? []).filter(
    (param): param is Param & { readonly arg: string } =>
      param.arg !== undefined && param.value === undefined && !slots.some((slot) => isSlotOf(slot, param)),
  );
}

/** The places that paging, selection and idempotency fill. An action is not paged by us: its parameters are all the caller's. */
export function reservedSlots(spec: ToolSpec): readonly Slot[] {
  const { kind, paging, select } = spec;
  const header = idempotencyHeader(spec);
  const selecting = [
    ...(select === undefined ? [] : [select.slot]),
    ...(header === undefined ? [] : [{ name: header.name, in: "header" as const }]),
  ];
  if (paging === undefined || (kind !== "list" && kind !== "count")) return selecting;
  const places = [
    paging.limit,
    paging.style === "offset" ? paging.offset : undefined,
    paging.style === "page" ? paging.page : undefined,
    paging.style === "cursor" || paging.style === "keyset" ? paging.cursor : undefined,
  ];
  return [...selecting, ...places.filter((slot) => slot !== undefined)];
}

export function isSlotOf(slot: Slot, param: Pick<Param, "name" | "in">): boolean {
  return slot.in === param.in && slot.name === param.name;
}

/** One property of a body as {@link FieldUse}, with its argument's name. */
export function fieldUse(use: FieldUse | string): FieldUse & { readonly arg: string } {
  return typeof use === "string" ? { name: use, arg: use } : { ...use, arg: use.arg ?? use.name };
}

/** A Field as a plain JSON Schema: its marks are for the gateway, not for a validator. */
export function fieldSchema(field: Field): Schema {
  const {
    readOnly: _readOnly,
    writeOnly: _writeOnly,
    secret: _secret,
    heavy: _heavy,
    wrapper: _wrapper,
    ...schema
  } = field;
  return schema;
}

function paramSchema(fields: ToolOrigin["resource"]["fields"], param: Param): Schema {
  const field = param.field === undefined ? undefined : fields[param.field];
  const schema = param.schema ?? (field === undefined ? {} : fieldSchema(field));
  return param.description === undefined ? schema : { ...schema, description: param.description };
}

function bodyArguments(
  body: Body | undefined,
  fields: ToolOrigin["resource"]["fields"],
): readonly (readonly [string, Schema])[] {
  if (body === undefined) return [];
  const flat = (body.fields ?? []).map(fieldUse).map((use) => [use.arg, useSchema(use, fields)] as const);
  const whole = body.arg === undefined ? [] : [[body.arg, body.schema ?? {}] as const];
  const extra = body.extra === undefined ? [] : [[body.extra.arg, body.extra.schema] as const];
  return [...flat, ...whole, ...extra];
}

function useSchema(use: FieldUse, fields: ToolOrigin["resource"]["fields"]): Schema {
  if (use.schema !== undefined) return use.schema;
  const field = fields[use.field ?? use.name];
  return field === undefined ? {} : fieldSchema(field);
}

/** An object schema that allows these properties and no others, with the definitions it reaches and no more. */
export function closedObject(
  api: Api,
  properties: { readonly [name: string]: Schema },
  required: readonly string[],
): ObjectSchema {
  return withDefinitions(api, {
    type: "object",
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  });
}

/** `schema` with the `$defs` that it reaches, sorted by name. */
export function withDefinitions(api: Api, schema: ObjectSchema): ObjectSchema {
  const reached = reachedDefinitions(api, schema);
  return reached.length === 0 ? schema : { ...schema, $defs: Object.fromEntries(reached) };
}

const refPrefix = "#/$defs/";

/** The component that `schema` points to, or `schema` itself. Follows a chain of references, not a cycle. */
export function resolved(api: Api, schema: Schema): Schema {
  let current = schema;
  for (let hops = 0; current.$ref !== undefined && hops < 32; hops++) {
    current = api.schemas[current.$ref.slice(refPrefix.length)] ?? {};
  }
  return current;
}

function reachedDefinitions(api: Api, root: Schema): readonly (readonly [string, Schema])[] {
  const names = new Set(refsIn(root));
  for (const name of names) for (const next of refsIn(api.schemas[name] ?? {})) names.add(next); // a Set visits what is added while it is walked
  return [...names].sort().map((name) => [name, api.schemas[name] ?? {}] as const);
}

function refsIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(refsIn);
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" && inner.startsWith(refPrefix)
      ? [inner.slice(refPrefix.length)]
      : refsIn(inner),
  );
}
