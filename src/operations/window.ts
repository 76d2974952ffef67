import type { ToolOrigin } from "../catalog/tool.ts";
import type { Schema } from "../descriptor.ts";
import { offeredParams } from "./schemas.ts";
import type { Arguments } from "./steps.ts";

/**
 * What a List says of its filters by time: RFC 3339, which is what `format: date-time` means (JSON Schema validation §7.3.1).
 * Empty where it has none; dates without a time have no zone.
 */
export function timeHint(origin: ToolOrigin): string {
  return timeFilters(origin).some(({ schema }) => schema.format === "date-time")
    ? "Times: RFC 3339 with zone (2026-01-31T09:00:00Z)."
    : "";
}

/**
 * What an empty List says: which window of time was searched and what else was asked for, so that nobody takes "nothing then" for
 * "nothing at all". Every value is the caller's own.
 */
export function emptyNote(origin: ToolOrigin, args: Arguments, nowMs: number): string {
  const times = timeFilters(origin).map(({ arg }) => arg);
  const given = Object.entries(args).filter(([name, value]) => value !== undefined && !control.has(name));
  const window = given.filter(([name]) => times.includes(name));
  const others = given.filter(([name]) => !times.includes(name));
  return [
    "Nothing matches.",
    ...(times.length === 0 ? [] : [windowText(window, times, nowMs)]),
    others.length > 0
      ? `Other filters: ${said(others)}.`
      : window.length === 0
        ? "No filter was given: there is none at all that this key may see."
        : "",
    ...(contradiction(window) ?? []),
    given.length > 0 ? "Fewer filters may find more." : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** Arguments that choose nothing. */
const control: ReadonlySet<string> = new Set(["limit", "cursor", "fields", "sort", "order"]);

type Given = readonly (readonly [name: string, value: unknown])[];

function windowText(window: Given, times: readonly string[], nowMs: number): string {
  const now = new Date(nowMs).toISOString();
  if (window.length === 0) return `Searched all times (${times.join(", ")} narrow it).`;
  return `Searched: ${said(window)}; it is ${now} now.`;
}

/** A window that ends before it begins. */
function contradiction(window: Given): readonly string[] | undefined {
  const ends = window.map(([name, value]) => ({ name, edge: edgeOf(name), at: Date.parse(String(value)) }));
  for (const from of ends)
    for (const to of ends)
      if (from.edge?.side === "from" && to.edge?.side === "to" && from.edge.of === to.edge.of && from.at >= to.at)
        return [`The window is empty: ${from.name} is not before ${to.name}.`];
  return undefined;
}

/** Which end of which time an argument is, by the words that APIs use. */
function edgeOf(name: string): { readonly of: string; readonly side: "from" | "to" } | undefined {
  const [, before = "", word = ""] =
    /^(.*?)[._]?(after|since|from|gte?|min|start|before|until|to|lte?|max|end)$/i.exec(name) ?? [];
  if (word === "") return undefined;
  return { of: before.toLowerCase(), side: /^(after|since|from|gte?|min|start)$/i.test(word) ? "from" : "to" };
}

const longestValue = 100;

function said(given: Given): string {
  return given
    .map(([name, value]) => {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return `${name} ${text.length > longestValue ? `${text.slice(0, longestValue)}…` : text}`;
    })
    .join(", ");
}

function timeFilters(origin: ToolOrigin): readonly { readonly arg: string; readonly schema: Schema }[] {
  return offeredParams(origin.spec).flatMap((param) => {
    const field = param.field === undefined ? undefined : origin.resource.fields[param.field];
    const schema: Schema = param.schema ?? field ?? {};
    return schema.format === "date-time" || schema.format === "date" ? [{ arg: param.arg, schema }] : [];
  });
}
