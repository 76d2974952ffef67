import type { Interceptor, Outcome } from "../calls/call.ts";
import type { Schema } from "../descriptor.ts";
import type { Tool } from "./surface.ts";
import { searchDaysOf, type WhoamiParts } from "./whoami.ts";

const dayMs = 86_400_000;

/**
 * Says of a List by time that found nothing how far back there is anything at all, where `whoami` knows it: an API that deletes what is
 * older than its user's plan allows answers as if there had been nothing.
 */
export function tellingSearchWindow(parts: WhoamiParts): Interceptor {
  return (next) => async (call) => {
    const outcome = await next(call);
    if (!foundNothing(call.tool, outcome) || call.tool.name === parts.config.from?.tool) return outcome;
    const { tool: _, args: __, ...reading } = call;
    const days = await searchDaysOf(reading, parts);
    if (days === undefined) return outcome;
    const from = new Date((parts.now ?? Date.now)() - days * dayMs).toISOString();
    return withNote(outcome, `Searches reach back ${days} days, to ${from}; what is older is not there to be found.`);
  };
}

function foundNothing({ kind, definition }: Tool, { structured, isDryRun }: Outcome): boolean {
  if (kind !== "list" || isDryRun === true || structured?.returnedCount !== 0 || structured.hasMore === true)
    return false;
  const properties: readonly Schema[] = Object.values(definition.inputSchema.properties ?? {});
  return properties.some(({ format }) => format === "date-time" || format === "date");
}

function withNote(outcome: Outcome, note: string): Outcome {
  const { notes } = outcome.structured ?? {};
  const before = Array.isArray(notes) ? (notes as readonly unknown[]) : [];
  return { ...outcome, structured: { ...outcome.structured, notes: [...before, note] } };
}
