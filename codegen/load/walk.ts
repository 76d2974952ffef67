import { step } from "./pointer.ts";

/** A `$ref` and where it stands. */
export interface FoundRef {
  readonly ref: string;
  /** JSON pointer of the object that holds it. */
  readonly pointer: string;
  /** It stands where a schema is expected. */
  readonly isSchema: boolean;
}

/** Nesting of a document; real ones stay below 60. A deeper one is an attack on recursive code. */
export const maxDocumentDepth = 256;

/** Keys whose value is a map from names to objects: a name in it is no keyword, whatever it is. */
const maps: ReadonlySet<string> = new Set([
  ...[
    "properties",
    "patternProperties",
    "dependentSchemas",
    "$defs",
    "definitions",
    "schemas",
    "responses",
    "parameters",
  ],
  ...["requestBodies", "headers", "securitySchemes", "securityDefinitions", "callbacks", "links", "paths", "pathItems"],
  ...["content", "encoding", "webhooks", "variables", "scopes", "additionalOperations"],
]);

/** Keys whose value is data: a `$ref` in it is no reference. */
const literals: ReadonlySet<string> = new Set(["example", "examples", "default", "enum", "const", "mapping"]);

const schemaKeys: ReadonlySet<string> = new Set(["schema", "items", "additionalProperties", "not", "contains"]);
const schemaLists: ReadonlySet<string> = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const schemaMaps: ReadonlySet<string> = new Set(["properties", "patternProperties", "schemas", "$defs", "definitions"]);

export interface Walk {
  readonly onRef?: (found: FoundRef) => void;
  /** Called for each object and array, with its depth. */
  readonly onNode?: (pointer: string, depth: number) => void;
}

/** Visits every place of a document that can hold a reference: not examples, defaults, enums and `x-` keys. */
export function walkDocument(document: unknown, walk: Walk): void {
  visit({ value: document, pointer: "", depth: 0, isMap: false, isSchema: false, members: "none" }, walk);
}

interface Place {
  readonly value: unknown;
  readonly pointer: string;
  readonly depth: number;
  readonly isMap: boolean;
  readonly isSchema: boolean;
  /** What the members are, where the key tells. */
  readonly members: "schemas" | "none";
}

function visit(place: Place, walk: Walk): void {
  const { value, pointer, depth, isMap } = place;
  if (typeof value !== "object" || value === null) return;
  walk.onNode?.(pointer, depth);
  if (depth > maxDocumentDepth) return;
  const ref = isMap || Array.isArray(value) ? undefined : (value as Record<string, unknown>).$ref;
  if (typeof ref === "string") walk.onRef?.({ ref, pointer, isSchema: place.isSchema });
  for (const [key, member] of Object.entries(value)) {
    if (typeof member !== "object" || member === null) continue;
    const isKeyword = !isMap && !Array.isArray(value);
    if (isKeyword && (literals.has(key) || key.startsWith("x-"))) continue;
    visit(
      {
        value: member,
        pointer: pointer + step(key),
        depth: depth + 1,
        isMap: isKeyword && maps.has(key) && !Array.isArray(member),
        isSchema: place.members === "schemas" || (isKeyword && schemaKeys.has(key)),
        members: isKeyword && (schemaLists.has(key) || schemaMaps.has(key)) ? "schemas" : "none",
      },
      walk,
    );
  }
}
