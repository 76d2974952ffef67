import { GatewayError } from "../errors.ts";
import type { Page, PageRequest } from "./port.ts";

/** The rows that a page asks for, and where it begins. */
export interface PageBounds {
  readonly limit: number;
  /** Values of the sorted columns of the row before; as many as `parts`. */
  readonly after?: readonly string[];
}

/**
 * @param most the limit's default and maximum
 * @param parts how many values a position has
 * Throws `invalid_arguments` for a position that this store did not make.
 */
export function boundsOf(
  { after, limit }: PageRequest,
  most: { readonly standard: number; readonly maximum: number },
  parts: number,
): PageBounds {
  const bounded = Math.max(1, Math.min(Math.trunc(limit ?? most.standard), most.maximum));
  return { limit: bounded, ...(after === undefined ? {} : { after: positionOf(after, parts) }) };
}

/** @param rows one more than the limit where there are that many: the extra one tells that a further page exists */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => readonly (string | number)[],
): Page<Row> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  if (rows.length <= limit || last === undefined) return { rows: shown };
  return { rows: shown, next: Buffer.from(JSON.stringify(position(last))).toString("base64url") };
}

function positionOf(text: string, parts: number): readonly string[] {
  const values = parse(Buffer.from(text, "base64url").toString());
  if (Array.isArray(values) && values.length === parts && values.every((one) => /^(?:string|number)$/.test(typeof one)))
    return values.map(String);
  throw new GatewayError("invalid_arguments", "the cursor is none that this list gave", {
    next: "Ask again without a cursor.",
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
