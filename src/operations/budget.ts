import { GatewayError } from "../errors.ts";
import { isRecord } from "./results.ts";

/** Room for what stands around the items: counts, a cursor with a long next link, notes. */
export const envelopeBytes = 4096;

/** Size of a value as compact JSON, bytes of UTF-8. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? "");
}

/** How many of `items` fit into `bytes` beside each other, from the first one on. */
export function countThatFit(items: readonly unknown[], bytes: number): number {
  let left = bytes;
  for (const [index, item] of items.entries()) {
    left -= jsonBytes(item) + 1; // and a comma
    if (left < 0) return index;
  }
  return items.length;
}

/** An item made to fit, and what it lost. */
export interface Trimmed {
  readonly item: unknown;
  readonly notes: readonly string[];
}

/**
 * `item` without its heaviest fields, as few of them as make it fit into `bytes`, each named in a note. Nothing is ever
 * cut inside a field. Throws `response_too_large` when there are no fields to leave out.
 */
export function trimItem(item: unknown, bytes: number): Trimmed {
  const total = jsonBytes(item);
  if (total <= bytes) return { item, notes: [] };
  if (!isRecord(item)) throw tooLarge(total, bytes);
  const heaviest = Object.entries(item)
    .map(([name, value]) => ({ name, size: jsonBytes(name) + jsonBytes(value) + 2 }))
    .sort((a, b) => b.size - a.size);
  const lost = new Map<string, number>();
  let left = total;
  for (const { name, size } of heaviest) {
    if (left <= bytes) break;
    lost.set(name, size);
    left -= size;
  }
  return {
    item: Object.fromEntries(Object.entries(item).filter(([name]) => !lost.has(name))),
    notes: [lostNote(lost, bytes)],
  };
}

function lostNote(lost: ReadonlyMap<string, number>, bytes: number): string {
  const named = [...lost].map(([name, size]) => `${name} (${kilobytes(size)})`).join(", ");
  return `Left out because one item may take ${kilobytes(bytes)}: ${named}.`;
}

export function tooLarge(size: number, bytes: number): GatewayError {
  return new GatewayError(
    "response_too_large",
    `the answer takes ${kilobytes(size)} and cannot be divided; at most ${kilobytes(bytes)} are returned`,
    { next: "Ask for less: narrow the query, or pick fields." },
  );
}

export function kilobytes(bytes: number): string {
  return `${Math.max(1, Math.round(bytes / 1024))} KB`;
}
