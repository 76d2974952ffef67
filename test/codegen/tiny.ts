import { classify } from "../../codegen/classify/classify.ts";
import type { RuleExample } from "../../codegen/classify/rule.ts";
import type { Classification, Document, SpecSchema } from "../../codegen/model.ts";
import { nameAll } from "../../codegen/names.ts";
import { listOperations } from "../../codegen/operations.ts";

/** An Operation in short: `METHOD /path operationId`, and the rest in words of OpenAPI where it matters. */
export type Short =
  | string
  | (Pick<RuleExample, "given" | "body" | "answer" | "status" | "extensions"> & Readonly<Record<string, unknown>>);

/** A Document of the Operations, in the order given. */
export function tiny(operations: readonly Short[], more: Partial<Document> = {}): Document {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const short of operations) {
    const {
      given,
      body,
      answer,
      status = "200",
      extensions,
      ...rest
    } = typeof short === "string" ? { given: short } : short;
    const [method = "", path = "", ...id] = given.split(" ");
    const item = paths[path] ?? {};
    paths[path] = item;
    item[method.toLowerCase()] = {
      ...(id.length > 0 && { operationId: id.join(" ") }),
      ...(body !== undefined && { requestBody: { content: json(body as SpecSchema) } }),
      responses: {
        [status as string]: { description: "", ...(answer !== undefined && { content: json(answer as SpecSchema) }) },
      },
      ...(extensions as object | undefined),
      ...rest,
    };
  }
  return { openapi: "3.1.0", info: { title: "Tiny", version: "1" }, paths, ...more } as Document;
}

function json(schema: SpecSchema): object {
  return { "application/json": { schema } };
}

/** What the Document is taken for, conflicts allowed. */
export function classified(document: Document, options: Partial<Parameters<typeof classify>[2]> = {}): Classification {
  return classify(listOperations(document), document, { allowConflicts: true, ...options });
}

/** `METHOD /path` of each Operation and its Tool, with the kind's effect, or `skipped`. */
export function toolsOf(
  document: Document,
  options: Partial<Parameters<typeof classify>[2]> = {},
): Record<string, string> {
  const classification = classified(document, options);
  const named = nameAll(classification).flatMap(({ decisions }) => decisions);
  const tools = named.map(({ decision, tool }): [string, string] => {
    return [`${decision.operation.method} ${decision.operation.path}`, `${tool} (${decision.effect})`];
  });
  const skipped = classification.skipped.map(({ operation }): [string, string] => [
    `${operation.method} ${operation.path}`,
    "skipped",
  ]);
  return Object.fromEntries([...tools, ...skipped].sort());
}

/** An object schema with string properties of these names. */
export function object(...names: readonly string[]): SpecSchema {
  return { type: "object", properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])) };
}

/** An array of such objects. */
export function list(...names: readonly string[]): SpecSchema {
  return { type: "array", items: object(...names) };
}
