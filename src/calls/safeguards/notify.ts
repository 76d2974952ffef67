import type { ToolOrigin } from "../../catalog/tool.ts";
import type { NotifyConfig, NotifyFlag } from "../../config/config.ts";
import type { Api, Param, Schema, ToolSpec } from "../../descriptor.ts";
import { GatewayError } from "../../errors.ts";
import { fieldUse, offeredParams, resolved } from "../../operations/schemas.ts";
import type { Call } from "../call.ts";
import { type Guards, guardsOf, notifyArg } from "./guards.ts";

/** The Tool's origin with its flag behind `notify`, or what an operator has to write. */
export type Mapped = { readonly origin: ToolOrigin } | { readonly fault: string };

/**
 * Puts the upstream's own flag behind the argument `notify`. The flag's own name is then no argument any more, so that there
 * is one way to say it. A fault where the Operation has no such flag, or another argument is called `notify`: `notify: false`
 * could not be promised.
 */
export function mapNotify(origin: ToolOrigin, rule: NotifyConfig): Mapped {
  const own = argumentNames(origin.spec).includes(notifyArg);
  if ("never" in rule) {
    return own ? { fault: `has an argument ${notifyArg} of its own, so it may alert people` } : { origin };
  }
  const found = "field" in rule ? inBody(origin, rule.field) : inParams(origin, rule);
  if (found === undefined) return { fault: `has no ${shownFlag(rule)}` };
  if (!isYesOrNo(origin.api, found.schema)) return { fault: `has a ${shownFlag(rule)} that is not a yes or no` };
  if (own && found.arg !== notifyArg) {
    return { fault: `has an argument ${notifyArg} of its own beside the ${shownFlag(rule)}` };
  }
  const inverted = rule.inverted === true;
  if (found.arg === notifyArg && !inverted) return { origin };
  return { origin: { ...origin, spec: withFlag(origin.spec, found.arg, inverted) } };
}

/** `body field "silent"`. */
function shownFlag(rule: NotifyFlag): string {
  if ("field" in rule) return `body field "${rule.field}"`;
  return "query" in rule ? `query parameter "${rule.query}"` : `header "${rule.header}"`;
}

/** What an operator may write for a Tool without a mapping. */
export function notifyHint({ api, resource, spec }: ToolOrigin): string {
  const fields = (spec.body?.fields ?? []).map(fieldUse).map((use) => ({
    rule: `{ field: ${use.name} }`,
    schema: use.schema ?? resource.fields[use.field ?? use.name] ?? {},
  }));
  const params = offeredParams(spec).flatMap((param) =>
    param.in === "query" || param.in === "header"
      ? [{ rule: `{ ${param.in}: ${param.name} }`, schema: paramSchema(resource.fields, param) }]
      : [],
  );
  const flags = [...fields, ...params].filter(({ schema }) => isYesOrNo(api, schema) && schema.type !== undefined);
  const offered = flags.map(({ rule }) => `notify: ${rule}`).slice(0, 8);
  const choices = [...(offered.length === 0 ? ["notify: { field | query | header: <its flag> }"] : offered)];
  return `Write a rule for it before this one: { match: ${spec.name}, ${choices.join(" or ")} }, or { match: ${spec.name}, notify: { never: "<why it alerts nobody>" } }.`;
}

interface Flag {
  readonly arg: string;
  readonly schema: Schema;
}

function inBody({ resource, spec }: ToolOrigin, name: string): Flag | undefined {
  const use = (spec.body?.fields ?? []).map(fieldUse).find((one) => one.name === name);
  return use && { arg: use.arg, schema: use.schema ?? resource.fields[use.field ?? use.name] ?? {} };
}

function inParams({ resource, spec }: ToolOrigin, rule: NotifyFlag): Flag | undefined {
  const named = ({ in: place, name }: Param): boolean =>
    "query" in rule
      ? place === "query" && name === rule.query
      : "header" in rule && place === "header" && name.toLowerCase() === rule.header.toLowerCase();
  const param = offeredParams(spec).find(named);
  return param && { arg: param.arg, schema: paramSchema(resource.fields, param) };
}

function paramSchema(fields: ToolOrigin["resource"]["fields"], { field, schema }: Param): Schema {
  return schema ?? (field === undefined ? {} : (fields[field] ?? {}));
}

/** A schema that says nothing of the type takes a yes or no as well. */
function isYesOrNo(api: Api, schema: Schema): boolean {
  const { type, anyOf } = resolved(api, schema);
  if (anyOf !== undefined) return anyOf.some((one) => resolved(api, one).type === "boolean");
  return type === undefined || type === "boolean";
}

function argumentNames(spec: ToolSpec): readonly string[] {
  const body = (spec.body?.fields ?? []).map((use) => fieldUse(use).arg);
  const others = [spec.body?.arg, spec.body?.extra?.arg].filter((arg) => arg !== undefined);
  return [...offeredParams(spec).map(({ arg }) => arg), ...body, ...others];
}

/** `spec` with the argument `arg` called `notify`. */
function withFlag(spec: ToolSpec, arg: string, inverted: boolean): ToolSpec {
  const flag = { arg: notifyArg, ...(inverted && { inverted }) };
  const { params, body } = spec;
  return {
    ...spec,
    ...(params && { params: params.map((param) => (param.arg === arg ? { ...param, ...flag } : param)) }),
    ...(body?.fields && {
      body: {
        ...body,
        fields: body.fields.map((use) => (fieldUse(use).arg === arg ? { ...fieldUse(use), ...flag } : use)),
        ...(body.required && { required: body.required.map((one) => (one === arg ? notifyArg : one)) }),
      },
    }),
  };
}

/** The schema of `notify`: no default, so that nobody is alerted by silence. */
export function notifySchema({ alerts, never }: NonNullable<Guards["notify"]>): Schema {
  const meaning =
    never === undefined
      ? `true: ${alerts} are alerted. false: a guarantee that nobody is. Ask the user if they did not say.`
      : `Give false: this alerts nobody (${never}).`;
  return { type: "boolean", description: meaning };
}

/** Refuses `notify: true` where the API alerts nobody: whoever asks for an alert must not believe that there was one. */
export function refuseFalseAlert({ tool, args }: Call): void {
  const never = guardsOf(tool)?.notify?.never;
  if (never === undefined || args[notifyArg] !== true) return;
  throw new GatewayError("invalid_arguments", `${tool.name} cannot alert anybody: ${never}`, {
    next: `Call it with ${notifyArg}: false, and tell the user that nobody is alerted.`,
    change: "none",
  });
}
