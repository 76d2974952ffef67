import type { ToolOrigin } from "../catalog/tool.ts";
import { envelopeBytes, jsonBytes, kilobytes, trimItem } from "./budget.ts";
import { pick } from "./fields.ts";
import { withNotes } from "./item.ts";
import { isRecord } from "./results.ts";
import type { Arguments, Output, StepContext } from "./steps.ts";

/**
 * What an upstream answered to a change, as `{ item }` within the budget. A secret that the caller sent is not repeated; one that
 * the upstream made (a new API key) is shown, since this is the only time anyone sees it. A change that was made never
 * fails for the size of its answer.
 */
export function changedItem(origin: ToolOrigin, args: Arguments, value: unknown, context: StepContext): Output {
  const bytes = context.resultBytes - envelopeBytes;
  const visible = isRecord(value) ? pick(value, (name) => !isEchoed(origin, args, name)) : value;
  if (!isRecord(visible) && jsonBytes(visible) > bytes) {
    return withNotes([`Done. The API's answer of ${kilobytes(jsonBytes(visible))} is left out: it is too large.`]);
  }
  const { item, notes } = trimItem(visible, bytes);
  return { item, ...withNotes(notes) };
}

function isEchoed({ resource }: ToolOrigin, args: Arguments, name: string): boolean {
  const field = resource.fields[name];
  return field?.writeOnly === true || (field?.secret === true && args[name] !== undefined);
}
