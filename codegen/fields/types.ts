import type { Json, Schema } from "../../src/descriptor.ts";
import type { SpecSchema } from "../model.ts";
import { isObject } from "../schemas.ts";
import type { Type } from "./keywords.ts";

/** The JSON types a schema allows, null aside; inferred only where its keywords fit one type. */
export function typesOf(spec: SpecSchema): Type[] {
  const listed = (Array.isArray(spec.type) ? spec.type : [spec.type]).filter(
    (type): type is Type => typeof type === "string",
  );
  if (listed.length > 0) {
    const types = listed.filter((type) => type !== "null" && jsonTypes.has(type));
    return types.length === 0 && listed.includes("null") ? ["null"] : types;
  }
  if (isObject(spec.properties) || isObject(spec.additionalProperties)) return ["object"];
  return spec.items === undefined ? [] : ["array"];
}

const jsonTypes: ReadonlySet<string> = new Set(["string", "number", "integer", "boolean", "object", "array"]);

/** Null is allowed: in the words of 3.0, of 3.1, or as a value. */
export function isNullable(spec: SpecSchema): boolean {
  if (spec.nullable === true || spec["x-nullable"] === true) return true;
  if (Array.isArray(spec.type)) return spec.type.includes("null") && spec.type.length > 1;
  return spec.type === undefined && Array.isArray(spec.enum) && spec.enum.includes(null);
}

/** The schema, or null. */
export function orNull(core: Schema): Schema {
  const isNull: Schema = { type: "null" };
  const keys = Object.keys(core);
  if (keys.length === 0 || core.type === "null") return core;
  if (keys.length === 1 && core.anyOf !== undefined) return { anyOf: [...core.anyOf, isNull] };
  return { anyOf: [core, isNull] };
}

/** `enum: [1, 2]` under `type: string` is a slip of YAML: the values count. */
export function isOfType(value: Json, type: Type | undefined): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  return type === undefined || type === "null" || typeof value === type;
}
