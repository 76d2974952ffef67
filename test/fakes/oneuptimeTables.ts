/** A stored row: plain values; ids and dates are wrapped when it is answered. */
export type Row = Readonly<Record<string, unknown>> & { readonly _id: string };

/** What the stub knows of one table. A table without `columns` has whatever columns its rows are given. */
export interface Table {
  /** Its path, such as `/incident`; never derived from a name. */
  readonly path: string;
  /** For messages: "Incident". */
  readonly name?: string;
  readonly columns?: readonly string[];
  /** Columns this key may not select. */
  readonly denied?: readonly string[];
  /** Columns of a higher plan: sending one, even as null, is 402. */
  readonly paid?: readonly string[];
  /** Columns that travel in a value wrapper other than the two every table has (ids and dates). */
  readonly wrappers?: Readonly<Record<string, string>>;
  /** An analytics table answers dates as plain strings. */
  readonly plainDates?: boolean;
}

/** How the server answers a refused request: the status of its exception table and the text. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

type Operand = Readonly<Record<string, unknown>> & { readonly _type: string };

/** The rows that match `query`: a bare value means equality, an object with `_type` is an operator. */
export function filterRows(rows: readonly Row[], query: Readonly<Record<string, unknown>>): readonly Row[] {
  return rows.filter((row) => Object.entries(query).every(([column, want]) => matches(row[column], want)));
}

function matches(have: unknown, want: unknown): boolean {
  return isOperator(want) ? operate(have, want) : same(have, want);
}

function isOperator(value: unknown): value is Operand {
  return typeof value === "object" && value !== null && "_type" in value;
}

/** An unknown operator is compared as a value, and an InBetween without its two bounds has none: neither is refused. */
function operate(have: unknown, { _type: type, value, startValue, endValue }: Operand): boolean {
  const text = String(have ?? "").toLowerCase();
  switch (type) {
    case "EqualTo":
      return same(have, value);
    case "NotEqual":
      return !same(have, value);
    case "EqualToOrNull":
      return have === undefined || have === null || same(have, value);
    case "IsNull":
      return have === undefined || have === null;
    case "NotNull":
      return have !== undefined && have !== null;
    case "Search":
      return text.includes(String(value).toLowerCase());
    case "Includes":
      return [value].flat().some((one) => [have].flat().some((mine) => same(idOf(mine), one)));
    case "GreaterThan":
      return order(have, value) > 0;
    case "GreaterThanOrEqual":
      return order(have, value) >= 0;
    case "LessThan":
      return order(have, value) < 0;
    case "LessThanOrEqual":
      return order(have, value) <= 0;
    case "InBetween":
      return (
        (startValue === undefined || order(have, startValue) >= 0) &&
        (endValue === undefined || order(have, endValue) <= 0)
      );
    case "ObjectID":
    case "DateTime":
      return same(have, value);
    default:
      return false;
  }
}

function idOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "_id" in value ? value._id : value;
}

function same(have: unknown, want: unknown): boolean {
  const plain = isOperator(want) && "value" in want ? want.value : want;
  return JSON.stringify(have ?? null) === JSON.stringify(plain ?? null);
}

function order(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

/** The rows in the order asked for. Only the text "DESC" sorts downwards; 1 and -1 sort upwards, silently. */
export function sortRows(rows: readonly Row[], sort: Readonly<Record<string, unknown>>): readonly Row[] {
  return Object.entries(sort).reduceRight<readonly Row[]>(
    (sorted, [column, way]) => sorted.toSorted((a, b) => order(a[column], b[column]) * (way === "DESC" ? -1 : 1)),
    rows,
  );
}

/** The selected columns of a row, wrapped as the server wraps them. Without a selection there is only `_id`. */
export function serialise(row: Row, select: Readonly<Record<string, unknown>>, table: Table): Record<string, unknown> {
  const names = new Set(["_id", ...Object.keys(select).filter((name) => select[name] === true)]);
  return Object.fromEntries(
    [...names].filter((name) => row[name] !== undefined).map((name) => [name, wrap(name, row[name], table)]),
  );
}

/** Throws as the server does when a selected column does not exist or is not permitted. */
export function checkSelect(select: Readonly<Record<string, unknown>>, table: Table): void {
  for (const name of Object.keys(select)) {
    if (table.columns && !table.columns.includes(name))
      throw new Refusal(
        400,
        `Invalid select clause. Cannot select on "${name}". This column does not exist on ${table.name ?? table.path}`,
      );
    if (table.denied?.includes(name)) throw new Refusal(422, `You do not have permissions to select on - ${name}.`);
  }
}

const isoDate = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether `text` is one of the ids the server takes. */
export function isUuid(text: string): boolean {
  return uuid.test(text);
}

function wrap(name: string, value: unknown, table: Table): unknown {
  const declared = table.wrappers?.[name];
  if (declared !== undefined) return { _type: declared, value };
  if (typeof value !== "string" || name === "_id") return value;
  if (uuid.test(value)) return { _type: "ObjectID", value };
  return isoDate.test(value) && table.plainDates !== true ? { _type: "DateTime", value } : value;
}

/** A written value as it is stored: what the caller wrapped is unwrapped, everything else is kept. */
export function unwrap(value: unknown): unknown {
  return isOperator(value) && "value" in value ? value.value : value;
}
