import type { ToolOrigin } from "../catalog/tool.ts";
import type { Schema } from "../descriptor.ts";
import { kinds } from "./kinds.ts";
import { fieldSchema, withDefinitions } from "./schemas.ts";
import type { ObjectSchema } from "./steps.ts";

/**
 * The output schema of a Tool with the exact schema of its item, as the Spec states it. For `describe`, `?schema=1` and drift
 * detection; never served as `outputSchema`, since a client would throw away a result that has drifted.
 */
export function exactSchema(origin: ToolOrigin): ObjectSchema {
  const open = kinds[origin.spec.kind].outputSchema(origin);
  const item = exactItem(origin);
  const { items, item: single, result } = open.properties ?? {};
  return withDefinitions(origin.api, {
    ...open,
    properties: {
      ...open.properties,
      ...(items === undefined ? {} : { items: { ...items, items: item } }),
      ...(single === undefined ? {} : { item }),
      ...(result === undefined ? {} : { result: item }),
    },
  });
}

/**
 * The exact schema of what a Tool answers, as the property `answer`, with the definitions it reaches; undefined where the Spec
 * says nothing of it.
 */
export function exactAnswer(origin: ToolOrigin): ObjectSchema | undefined {
  const item = exactItem(origin);
  if (origin.spec.result?.binary || Object.keys(item).length === 0) return undefined;
  return withDefinitions(origin.api, { type: "object", properties: { answer: item } });
}

function exactItem({ resource, spec }: ToolOrigin): Schema {
  if (!spec.result?.noun) return spec.result?.item ?? {};
  const returned = Object.entries(resource.fields).filter(([, field]) => !field.writeOnly);
  return {
    type: "object",
    properties: Object.fromEntries(returned.map(([name, field]) => [name, fieldSchema(field)])),
  };
}
