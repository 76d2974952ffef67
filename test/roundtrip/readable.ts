/**
 * A copy of the document in words that its validator reads as OpenAPI means them. Alternatives may overlap: a discriminator tells
 * them apart, or the manifest says that the tool allows it. Formats beyond those of OpenAPI and JSON Schema promise nothing. A Swagger 2.0 document that names no media type is about JSON.
 * Nothing else is changed. `keepsOneOf` leaves alternatives as strict as they are written.
 */
export function readable(document: object, keepsOneOf = false): object {
  const copy = structuredClone(document) as Node;
  if (copy.swagger !== undefined) copy.consumes ??= ["application/json"];
  visit(copy, keepsOneOf, new Set());
  return copy;
}

type Node = Record<string, unknown>;

function visit(value: unknown, keepsOneOf: boolean, seen: Set<unknown>): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  const node = value as Node;
  if (Array.isArray(node.oneOf) && !keepsOneOf) {
    const { oneOf } = node;
    delete node.oneOf;
    if (node.anyOf === undefined) node.anyOf = oneOf;
    else node.allOf = [...(Array.isArray(node.allOf) ? node.allOf : []), { anyOf: oneOf }];
  }
  if (typeof node.format === "string" && !standard.has(node.format)) delete node.format;
  if (Array.isArray(node.parameters)) node.parameters = node.parameters.filter((one) => !isIgnored(one));
  for (const inner of Object.values(node)) visit(inner, keepsOneOf, seen);
}

/** Header parameters that OpenAPI says shall be ignored. https://spec.openapis.org/oas/v3.1.1#parameter-object */
function isIgnored(parameter: Node): boolean {
  return parameter.in === "header" && /^(accept|content-type|authorization)$/i.test(String(parameter.name));
}

const standard: ReadonlySet<string> = new Set([
  ...["date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uri-reference", "uuid"],
  ...["uri-template", "json-pointer", "relative-json-pointer", "regex", "byte", "binary", "password"],
  ...["int32", "int64", "float", "double"],
]);
