import type { CountSource } from "../../src/descriptor.ts";
import type { Decision } from "../model.ts";
import { propertiesOf, typeOf } from "../schemas.ts";
import type { Context } from "./context.ts";
import type { Answer } from "./result.ts";

/** Names of a number of items, best first. */
const names: readonly string[] = [
  "count",
  "total",
  "totalcount",
  "total_count",
  "@odata.count",
  "size",
  "value",
  "result",
];

/**
 * Where the answer of a Count Operation holds the number: the body itself, or a property, at most two levels deep
 * (docs/upstream-apis.md §8). Undefined where the Spec does not tell; then the runtime looks for the only number.
 */
export function findCount(context: Context, decision: Decision, answer: Answer): CountSource | undefined {
  const rule = context.rules.rule("count", decision);
  if (rule !== undefined) return rule.count;
  if (answer.mediaType?.startsWith("text/")) return { from: "answer", path: [] };
  const path = answer.schema === undefined ? undefined : pathIn(context, answer.schema, 0);
  return path === undefined ? undefined : { from: "answer", path };
}

function pathIn(context: Context, schema: unknown, depth: number): readonly string[] | undefined {
  const type = typeOf(context.document, schema);
  if (type === "integer" || type === "number" || type === "string") return [];
  if (type !== "object" || depth > 2) return undefined;
  const properties = propertiesOf(context.document, schema);
  const numbers = Object.keys(properties).filter((name) => isNumber(context, properties[name]));
  const [only] = numbers;
  const named = names.flatMap((name) => numbers.filter((own) => own.toLowerCase() === name))[0];
  const found = named ?? (numbers.length === 1 ? only : undefined);
  if (found !== undefined) return [found];
  for (const [name, property] of Object.entries(properties)) {
    const inner = typeOf(context.document, property) === "object" ? pathIn(context, property, depth + 1) : undefined;
    if (inner !== undefined && inner.length > 0) return [name, ...inner];
  }
  return undefined;
}

function isNumber(context: Context, schema: unknown): boolean {
  const type = typeOf(context.document, schema);
  return type === "integer" || type === "number";
}
