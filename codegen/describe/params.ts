import { isDeepStrictEqual } from "node:util";
import type { Field, Json, Param, ParamStyle, Schema, SecurityScheme } from "../../src/descriptor.ts";
import { toField } from "../fields/field.ts";
import { templateNames } from "../load/check.ts";
import type { Decision, OperationParam } from "../model.ts";
import { isObject } from "../schemas.ts";
import type { ArgNames } from "./args.ts";
import type { Context } from "./context.ts";
import { hiddenValue } from "./rules.ts";

/** Headers that say how to talk, not what about. OpenAPI 3.1 §4.8.12.2 has the first three ignored. */
const transportHeaders: ReadonlySet<string> = new Set([
  ...[
    "accept",
    "content-type",
    "authorization",
    "content-length",
    "host",
    "connection",
    "user-agent",
    "accept-encoding",
  ],
  ...["cookie", "x-request-id", "x-correlation-id", "traceparent", "tracestate"],
]);

export interface ParamsInput {
  readonly decision: Decision;
  /** The path template that is sent, corrected where gateway.yaml says so. */
  readonly path: string;
  /** Wire names, with their place, that paging and selection fill. */
  readonly reserved: (param: OperationParam) => boolean;
  readonly schemes: Readonly<Record<string, SecurityScheme>>;
  readonly fields: Readonly<Record<string, Field>>;
  readonly args: ArgNames;
}

/** The parameters of an Operation that a caller gives, path parameters first and in the order of the path. */
export function describeParams(context: Context, input: ParamsInput): Param[] {
  const { decision, path } = input;
  const names = templateNames(path);
  const declared = decision.operation.params.filter((param) => isSent(param, names, input));
  const missing = names
    .filter((name) => !declared.some((param) => param.in === "path" && param.name === name))
    .map(undeclared);
  const inPath = [...declared, ...missing].filter((param) => param.in === "path");
  inPath.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  const others = declared.filter((param) => param.in !== "path").sort(byPlaceAndName);
  return [...inPath, ...others].flatMap((param) => describeParam(context, param, input));
}

function undeclared(name: string): OperationParam {
  return { name, in: "path", required: true, schema: { type: "string" } };
}

function byPlaceAndName(a: OperationParam, b: OperationParam): number {
  return Number(b.required) - Number(a.required) || (`${a.in} ${a.name}` < `${b.in} ${b.name}` ? -1 : 1);
}

function isSent(param: OperationParam, pathNames: readonly string[], input: ParamsInput): boolean {
  if (param.in === "path") return pathNames.includes(param.name);
  if (param.in === "header" && transportHeaders.has(param.name.toLowerCase())) return false;
  if (isCredential(param, input.schemes)) return false;
  return !input.reserved(param);
}

/** A security scheme that is also declared as a parameter is the gateway's to send. */
function isCredential(param: OperationParam, schemes: ParamsInput["schemes"]): boolean {
  return Object.values(schemes).some(
    (scheme) =>
      scheme.type === "apiKey" && scheme.in === param.in && scheme.name.toLowerCase() === param.name.toLowerCase(),
  );
}

function describeParam(context: Context, param: OperationParam, input: ParamsInput): Param[] {
  const { resource, kind, operation } = input.decision;
  const hidden = context.rules.hidden(resource, param.name, kind, param.in);
  const sent = { name: param.name, in: param.in, ...serialisation(param) };
  if (hidden !== undefined) {
    const value = hiddenValue(hidden, param.name, param.required, input.decision);
    return value === undefined ? [] : [{ ...sent, value }];
  }
  const constant = onlyValue(param);
  if (constant !== undefined) return [{ ...sent, value: constant }];
  const at = `${operation.pointer}/parameters/${param.name}`;
  const schema = paramSchema(context, param, at, resource);
  const arg = input.args.take(param.name, schema.type === "boolean");
  if (arg !== param.name) context.converter.loosen(at, `the argument is named ${arg}`);
  const pattern = new RegExp(`\\{${escaped(param.name)}=[^}]*[*/]`);
  const { description, ...rest } = schema;
  const own = param.description === undefined ? undefined : context.converter.text.clean(param.description);
  const text = own ?? description;
  const described = { ...(param.deprecated === true && { deprecated: true }), ...(text !== undefined && { text }) };
  return [
    {
      ...sent,
      arg,
      ...(param.required && { required: true }),
      ...(pattern.test(input.path) && { multiSegment: true }),
      ...stated(rest, described, input.fields[param.name], param),
    },
  ];
}

/** By the noun's Field where that says the same, else by a schema of its own. */
function stated(
  schema: Schema,
  { text, deprecated }: { readonly text?: string; readonly deprecated?: boolean },
  field: Field | undefined,
  param: OperationParam,
): Pick<Param, "field" | "schema" | "description"> {
  const description = deprecated === true ? `Deprecated. ${text ?? ""}`.trim() : text;
  if (field !== undefined) {
    const {
      description: ofField,
      readOnly: _r,
      writeOnly: _w,
      secret: _s,
      heavy: _h,
      wrapper,
      default: _d,
      ...plain
    } = field;
    const isSame = wrapper === undefined && isDeepStrictEqual(plain, schema);
    const differs = description !== undefined && description !== ofField;
    if (isSame) return { field: param.name, ...(differs && { description }) };
  }
  return { schema: description === undefined ? schema : { ...schema, description } };
}

function paramSchema(context: Context, param: OperationParam, at: string, resource: string): Schema {
  const { rules, converter } = context;
  const decisions = { override: rules.field(resource, param.name), values: rules.enumOf(resource, param.name)?.values };
  const field = toField(converter, { name: param.name, spec: param.schema, at }, "write", decisions);
  const { readOnly: _r, writeOnly: _w, secret: _s, heavy: _h, ...schema } = field;
  return schema;
}

/** A required parameter with one possible value is no choice to offer (`api-version`, `alt=json`). */
function onlyValue(param: OperationParam): Json | undefined {
  if (!param.required || param.in === "path" || !isObject(param.schema)) return undefined;
  const { enum: values, const: only } = param.schema;
  if (only !== undefined) return only as Json;
  return Array.isArray(values) && values.length === 1 ? (values[0] as Json) : undefined;
}

/** How the value is written, where it differs from the default of its place. OpenAPI 3.1 §4.8.12.2. */
function serialisation(param: OperationParam): Partial<Param> {
  if (param.content !== undefined) return { content: param.content };
  const usual = param.in === "query" || param.in === "cookie" ? "form" : "simple";
  const style = (param.style ?? usual) as ParamStyle; // operations.ts keeps what the validated Spec says
  const explode = param.explode ?? style === "form";
  return {
    ...(style !== usual && { style }),
    ...(explode !== (style === "form") && { explode }),
    ...(param.allowReserved === true && { allowReserved: true }),
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
