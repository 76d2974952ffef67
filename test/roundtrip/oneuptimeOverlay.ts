/**
 * What the OneUptime document of 2025-06-26 does not say of its own server, and nothing else: the columns that Query, Select and
 * Sort take (its schemas for them have no properties), `skip` and `limit` in the query of a list, and where six tables are read
 * one by one. Written from the server's behaviour (operators per kind of column), not from our gateway.yaml, so that the two
 * check each other.
 */
export function overlaid(document: object): object {
  const spec = document as Spec; // the acceptance document, of known shape
  const schemas = { ...spec.components.schemas };
  for (const table of tablesOf(spec)) {
    const columns = schemas[table]?.properties ?? {};
    schemas[`${table}QuerySchema`] = closed(mapValues(columns, filterOf));
    schemas[`${table}SelectSchema`] = closed(mapValues(columns, () => ({ enum: [true] })));
    const sortable = Object.entries(columns).filter(([name, column]) => isPlainKind(kindOf(column, name)));
    schemas[`${table}SortSchema`] = closed(
      Object.fromEntries(sortable.map(([name]) => [name, { enum: ["ASC", "DESC"] }])),
    );
  }
  const paths = Object.fromEntries(Object.entries(spec.paths).flatMap(corrected));
  return { ...spec, paths, components: { ...spec.components, schemas } };
}

interface Spec {
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: { readonly schemas: Readonly<Record<string, SchemaObject>> };
}

type PathItem = Readonly<Record<string, OperationObject>>;

interface OperationObject {
  readonly operationId: string;
  readonly parameters?: readonly object[];
}

interface SchemaObject {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly example?: unknown;
  readonly properties?: Readonly<Record<string, SchemaObject>>;
  readonly items?: SchemaObject;
}

function tablesOf({ components }: Spec): readonly string[] {
  const suffix = "QuerySchema";
  return Object.keys(components.schemas)
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length));
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}

function closed(properties: object): SchemaObject {
  return { type: "object", properties, additionalProperties: false } as SchemaObject;
}

/** The server's operators with one value, by kind of column. */
const equality = ["EqualTo", "NotEqual", "EqualToOrNull"];
const order = ["GreaterThan", "LessThan", "GreaterThanOrEqual", "LessThanOrEqual"];

/** The filters of one column. */
function filterOf(column: SchemaObject, name: string): object {
  const kind = kindOf(column, name);
  const value = valueSchema(kind);
  const isOrdered = kind === "date" || kind === "number";
  const isPlain = isPlainKind(kind);
  const one = [
    ...(isPlain ? equality : ["EqualTo", "NotEqual"]),
    ...(isOrdered ? order : []),
    ...(kind === "text" ? ["Search"] : []),
  ];
  const takesMany = kind === "id" || kind === "slug" || kind === "text" || kind === "relation";
  return {
    anyOf: [
      ...(isPlain ? [value] : []),
      operator(one, { value }),
      operator(["IsNull", "NotNull"], {}),
      ...(takesMany ? [operator(["Includes"], { value: { type: "array", items: value, minItems: 1 } })] : []),
      ...(isOrdered ? [operator(["InBetween"], { startValue: value, endValue: value })] : []),
    ],
  };
}

function operator(names: readonly string[], operands: Readonly<Record<string, object>>): object {
  const properties = { _type: { type: "string", enum: names }, ...operands };
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}

type Kind = "id" | "date" | "number" | "boolean" | "slug" | "text" | "value" | "relation" | "json";

/** Columns of one value: a bare value filters them, and a list can be sorted by them. */
function isPlainKind(kind: Kind): boolean {
  return kind !== "json" && kind !== "relation";
}

function kindOf({ type, format, example, items }: SchemaObject, name: string): Kind {
  const wrapper = (example as { readonly _type?: string } | undefined)?._type;
  if (format === "uuid" || wrapper === "ObjectID") return "id";
  if (format === "date-time" || wrapper === "DateTime") return "date";
  if (wrapper === "Email") return "slug";
  if (wrapper !== undefined && wrapper !== "MonitorSteps") return "value";
  if (type === "number" || type === "integer") return "number";
  if (type === "boolean") return "boolean";
  if (type === "array")
    return items?.properties?._id === undefined && items?.properties?.id === undefined ? "json" : "relation";
  if (type !== "string") return "json";
  return name === "slug" || name === "email" ? "slug" : "text";
}

function valueSchema(kind: Kind): object {
  if (kind === "id" || kind === "relation") return { type: "string", format: "uuid" };
  if (kind === "date") return { type: "string", format: "date-time" };
  if (kind === "number" || kind === "boolean") return { type: kind };
  return kind === "json" ? {} : { type: "string" };
}

/** The six tables whose rows are read below `/get-item`; the document has that POST one step too high. */
const phantoms: ReadonlySet<string> = new Set(
  ["logs", "span", "metrics", "telemetry-attributes", "exceptions", "monitor-log"].map((table) => `/${table}/{id}`),
);

const skipAndLimit = [
  { name: "skip", in: "query", schema: { type: "integer", minimum: 0 } },
  { name: "limit", in: "query", schema: { type: "integer", minimum: 1, maximum: 10_000 } },
];

function corrected([path, item]: [string, PathItem]): [string, object][] {
  if (phantoms.has(path)) {
    const { post, ...others } = item;
    return [
      [path, others],
      [`${path}/get-item`, { post }],
    ];
  }
  if (!path.endsWith("/get-list")) return [[path, item]];
  const withPaging = (operation: OperationObject): object => ({
    ...operation,
    parameters: [...(operation.parameters ?? []), ...skipAndLimit],
  });
  return [[path, mapValues(item, withPaging)]];
}
