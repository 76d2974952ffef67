import type { Difference } from "../catalog/differences.ts";
import type { Tool } from "../catalog/tool.ts";
import type { Validator } from "../catalog/validator.ts";
import type { Logger } from "../telemetry/log.ts";
import type { DriftMeasure } from "../telemetry/metrics.ts";
import type { Interceptor, Outcome } from "./call.ts";

/** Takes how an answer of `tool` differs from the Spec; at least one difference. */
export type ReportDrift = (tool: Tool, differences: readonly Difference[]) => void;

/** Differences that a note names; the rest is counted. */
const maxNamed = 3;

/**
 * Answers looked at per second in a process. A look costs some 25 µs among a hundred nouns, since each noun's checks are too
 * rarely run to stay in the processor's caches: a quarter of a busy gateway's work, and nothing at the pace at which a model calls.
 */
const maxPerSecond = 100;

/**
 * Notices answers that are not what the Spec says: reports them and adds a short note for the reader. The answer itself is
 * returned as it came, whatever it is. Of a list the first item is looked at: items of one list drift alike. Beyond
 * {@link maxPerSecond} only Tools that have drifted before are looked at. `now` is in milliseconds.
 */
export function noticingDrift(
  differences: Validator["differences"],
  report: ReportDrift,
  now: () => number = () => performance.now(),
): Interceptor {
  const drifted = new WeakSet<Tool>();
  const takesLook = perSecond(maxPerSecond, now);
  return (next) => async (call) => {
    const outcome = await next(call);
    const answer = sampleOf(outcome);
    if (answer === undefined || !(drifted.has(call.tool) || takesLook())) return outcome;
    const found = differences(call.tool, answer);
    if (found.length === 0) return outcome;
    drifted.add(call.tool);
    report(call.tool, found);
    return withNote(outcome, driftNote(call.tool, found));
  };
}

/** True for the first `count` calls of each second. */
function perSecond(count: number, now: () => number): () => boolean {
  let second = Number.NEGATIVE_INFINITY;
  let taken = 0;
  return () => {
    const at = Math.floor(now() / 1_000);
    if (at !== second) {
      second = at;
      taken = 0;
    }
    taken += 1;
    return taken <= count;
  };
}

/** The part of an Outcome that the Spec describes: the first item, the item, or the result of an action. */
function sampleOf({ structured, isError }: Outcome): unknown {
  if (structured === undefined || isError === true) return undefined;
  const { items, item, result } = structured;
  return Array.isArray(items) ? items[0] : (item ?? result);
}

function withNote(outcome: Outcome, note: string): Outcome {
  const { notes } = outcome.structured ?? {};
  return { ...outcome, structured: { ...outcome.structured, notes: [...(Array.isArray(notes) ? notes : []), note] } };
}

/** What a reader should know, null last, since that says itself what it is: `Answer differs from the API's document: status is "parked", not one of up, down.` */
export function driftNote(tool: Tool, differences: readonly Difference[]): string {
  const tellingFirst = differences.toSorted((a, b) => Number(a.kind === "null") - Number(b.kind === "null"));
  const named = tellingFirst.slice(0, maxNamed).map((one) => differenceText(tool, one));
  const more = differences.length - named.length;
  return `Answer differs from the API's document: ${named.join("; ")}${more > 0 ? `; and ${more} more` : ""}.`;
}

/** One difference in words. Of the value only a short scalar outside its enum is shown, and never that of a secret field. */
export function differenceText(tool: Tool, difference: Difference): string {
  const { kind, path, expected } = difference;
  const at = path.length === 0 ? "it" : path.join(".").replaceAll(".*", "[]").slice(0, 80);
  switch (kind) {
    case "enum":
      return `${at} is ${shownValue(tool, difference)}, not ${expected}`;
    case "null":
      return `${at} is null, not ${expected}`;
    case "type":
      return `${at} is ${typeName(difference.found)}, not ${expected}`;
    case "missing":
      return `${at} is not there`;
    case "extra":
      return `${at} is not declared`;
    case "format":
    case "limit":
    case "shape":
      return `${at} is not ${expected}`;
    default:
      return kind satisfies never;
  }
}

const shownChars = 40;

function shownValue({ origin }: Tool, { path, found }: Difference): string {
  const field = origin?.resource.fields[path[0] ?? ""];
  if (field?.secret === true || field?.writeOnly === true || typeof found === "object") return typeName(found);
  const text = String(found);
  return JSON.stringify(text.length > shownChars ? `${text.slice(0, shownChars)}…` : text);
}

/** `a string`, `an object`, `a list`. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Distinct drifts that are remembered as logged; a flood of them says nothing new. */
const maxLogged = 1_000;

/** Counts every drift, and logs each distinct one once: by Tool, place and kind, without a value. */
export function createDriftReport(log: Pick<Logger, "warn">, count?: (measure: DriftMeasure) => void): ReportDrift {
  const logged = new Set<string>();
  return (tool, differences) => {
    for (const { kind, path, expected } of differences) {
      count?.({ resource: tool.resource, kind: tool.kind, drift: kind });
      const at = path.join(".");
      const key = `${tool.name} ${at} ${kind}`;
      if (logged.has(key) || logged.size >= maxLogged) continue;
      logged.add(key);
      log.warn({ tool: tool.name, at, drift: kind, expected }, "an answer differs from the API's document");
    }
  };
}
