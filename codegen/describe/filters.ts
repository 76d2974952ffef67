import type { FilterColumn, FilterRule, SortRule } from "../../src/config/codegen.ts";
import type { Field, Json, Schema } from "../../src/descriptor.ts";
import { GatewayError } from "../../src/errors.ts";
import type { Converter } from "../fields/convert.ts";

/**
 * The schema of a body property that filters by field (OneUptime's `query`): one property per Field that may be read, each
 * a reference to the shared schema of its column type.
 */
export function filterSchema(rule: FilterRule, fields: Readonly<Record<string, Field>>, converter: Converter): Schema {
  const entries = filterable(fields).flatMap(([name, field]): [string, Schema][] => {
    const column = columnOf(rule, name, field);
    if (column === undefined) return [];
    return [[name, converter.define(`${column.name}Filter`, () => columnSchema(rule, column))]];
  });
  return { type: "object", properties: Object.fromEntries(entries), additionalProperties: false };
}

/** The schema of a body property that orders by field: one of the given values per Field. */
export function sortSchema(
  rule: SortRule,
  fields: Readonly<Record<string, Field>>,
  filters: FilterRule | undefined,
  converter: Converter,
): Schema {
  const excluded = new Set(rule.not ?? []);
  const isSortable = ([name, field]: [string, Field]): boolean => {
    const column = filters === undefined ? undefined : columnOf(filters, name, field);
    return column === undefined || !excluded.has(column.name);
  };
  const entries = filterable(fields)
    .filter(isSortable)
    .map(([name]): [string, Schema] => [name, converter.define("SortOrder", () => ({ enum: rule.values }))]);
  return { type: "object", properties: Object.fromEntries(entries), additionalProperties: false };
}

/** A filter on a secret would tell it bit by bit; what is never returned has no column to filter by. */
function filterable(fields: Readonly<Record<string, Field>>): [string, Field][] {
  return Object.entries(fields)
    .filter(([, { secret, writeOnly }]) => secret !== true && writeOnly !== true)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function columnOf(rule: FilterRule, name: string, field: Field): FilterColumn | undefined {
  return rule.columns.find(({ when }) =>
    Object.entries(when).every(([keyword, wanted]) => {
      const allowed = [wanted].flat();
      return factsOf(name, field, keyword).some((fact) => allowed.includes(fact));
    }),
  );
}

/** What a Field says under a keyword of `when`. */
function factsOf(name: string, field: Field, keyword: string): string[] {
  const facts: Readonly<Record<string, readonly (string | undefined)[]>> = {
    name: [name],
    type: [field.type],
    format: [field.format],
    wrapper: [field.wrapper],
    itemType: [field.items?.type],
    itemProperty: Object.keys(field.items?.properties ?? {}),
  };
  return (facts[keyword] ?? []).filter((fact) => fact !== undefined);
}

/** A plain value, or an operator. Operators with the same operands share one alternative, which keeps the schema small. */
function columnSchema(rule: FilterRule, column: FilterColumn): Schema {
  const one: Schema = column.value ?? {};
  const byOperands = Map.groupBy(column.operators, (operator) => JSON.stringify(operandsOf(rule, operator)));
  const alternatives = [...byOperands.values()].map((operators) => operatorSchema(rule, operators, one));
  const takesBare = column.bare ?? rule.bare ?? true;
  return { anyOf: [...(takesBare ? [bare(one)] : []), ...alternatives] };
}

function bare(one: Schema): Schema {
  return Object.keys(one).length === 0 ? { type: "string" } : one;
}

function operandsOf(rule: FilterRule, operator: string): [string, "one" | "many"][] {
  const operands = rule.operators[operator];
  if (operands !== undefined) return Object.entries(operands).sort(([a], [b]) => (a < b ? -1 : 1));
  throw new GatewayError(
    "invalid_request",
    `codegen.filters: the operator ${JSON.stringify(operator)} has no entry under operators`,
    {
      next: "List its operand keys there; {} for none.",
    },
  );
}

function operatorSchema(rule: FilterRule, operators: readonly string[], one: Schema): Schema {
  const operands = operandsOf(rule, operators[0] ?? "");
  const many: Schema = { type: "array", items: one, minItems: 1 };
  const tag: Schema = operators.length === 1 ? { const: operators[0] as Json } : { enum: [...operators] };
  return {
    type: "object",
    properties: Object.fromEntries([
      [rule.tag, tag],
      ...operands.map(([key, count]): [string, Schema] => [key, count === "many" ? many : one]),
    ]),
    required: [rule.tag, ...operands.map(([key]) => key)],
    additionalProperties: false,
  };
}
