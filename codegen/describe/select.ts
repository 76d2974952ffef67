import type { Field, Select } from "../../src/descriptor.ts";
import type { Decision, OperationParam } from "../model.ts";
import { isObject, itemsOf, resolve, typeOf } from "../schemas.ts";
import type { Context } from "./context.ts";

/** Parameters by which APIs let callers choose fields. */
const selecting = /^(\$?select|_?fields|fields\[\w+\])$/i;

/** How callers choose fields: by gateway.yaml, else by a query parameter of a usual name. Only for List and Get. */
export function findSelect(
  context: Context,
  decision: Decision,
  fields: Readonly<Record<string, Field>>,
): Select | undefined {
  const names = selectable(fields);
  const rule = context.rules.rule("select", decision);
  if (rule !== undefined) return names.length === 0 ? undefined : { ...rule.select, names };
  if ((decision.kind !== "list" && decision.kind !== "get") || names.length === 0) return undefined;
  const param = decision.operation.params.find((one) => one.in === "query" && selecting.test(one.name));
  return param === undefined ? undefined : ofParam(context, param, names);
}

/** Secret fields cannot be asked for, and what is only written cannot be answered. */
function selectable(fields: Readonly<Record<string, Field>>): string[] {
  return Object.entries(fields)
    .filter(([, { secret, writeOnly }]) => secret !== true && writeOnly !== true)
    .map(([name]) => name)
    .sort();
}

function ofParam(context: Context, param: OperationParam, names: readonly string[]): Select | undefined {
  const slot = { name: param.name, in: "query" as const };
  const type = typeOf(context.document, param.schema);
  if (type === "string") return { slot, style: "csv", names };
  if (type !== "array") return undefined;
  const items = resolve(context.document, itemsOf(context.document, param.schema));
  const listed =
    isObject(items) && Array.isArray(items.enum) ? items.enum.filter((name) => names.includes(name as string)) : [];
  const isRepeated = (param.style ?? "form") === "form" && param.explode !== false;
  return { slot, style: isRepeated ? "array" : "csv", names: listed.length > 0 ? (listed as string[]).sort() : names };
}
