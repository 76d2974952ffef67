import { isObject } from "../schemas.ts";

/**
 * A Swagger 2.0 document whose array parameters say in OpenAPI 3's words how they are written. The upgrader knows `csv`, `multi`,
 * `ssv` and `pipes` of a query; here it is told the rest: every format in paths and headers, `tsv` everywhere (our own style
 * `tabDelimited`), and that a form field without a format is `csv`.
 * https://spec.openapis.org/oas/v2.0.html#parameter-object
 */
export function withCollectionFormats(document: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { paths, parameters } = document;
  return {
    ...document,
    ...(isObject(parameters) && { parameters: mapValues(parameters, stated) }),
    ...(isObject(paths) && { paths: mapValues(paths, statedInPath) }),
  };
}

function statedInPath(item: unknown): unknown {
  if (!isObject(item)) return item;
  return mapValues(item, (value, key) => {
    if (key === "parameters") return Array.isArray(value) ? value.map(stated) : value;
    if (!isObject(value) || !Array.isArray(value.parameters)) return value;
    return { ...value, parameters: value.parameters.map(stated) };
  });
}

const delimited: Readonly<Record<string, string>> = {
  ssv: "spaceDelimited",
  pipes: "pipeDelimited",
  tsv: "tabDelimited",
};

function stated(param: unknown): unknown {
  if (!isObject(param) || param.type !== "array") return param;
  const format = typeof param.collectionFormat === "string" ? param.collectionFormat : "csv";
  const style = Object.hasOwn(delimited, format) ? delimited[format] : undefined;
  if (param.in === "formData") return formField(param, format);
  if (style !== undefined) return { ...param, style, explode: false };
  return format === "multi" && param.in === "query" ? { ...param, style: "form", explode: true } : param;
}

/** The upgrader keeps `x-` keys of a form field, and turns the formats it knows into an encoding object. */
function formField(param: Readonly<Record<string, unknown>>, format: string): unknown {
  return format === "tsv" ? { ...param, "x-collectionFormat": "tsv" } : { ...param, collectionFormat: format };
}

function mapValues(
  values: Readonly<Record<string, unknown>>,
  change: (value: unknown, key: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value, key)]));
}
