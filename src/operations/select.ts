import type { ToolOrigin } from "../catalog/tool.ts";
import type { Json, Select } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { UpstreamRequest, UpstreamResponse } from "../upstream/exchange.ts";
import { askedFields, selectedNames } from "./fields.ts";
import type { SlotValue } from "./request.ts";
import type { Arguments } from "./steps.ts";

/** Names the upstream is asked for. Shared by the pages of one Call, so that a refused name is refused once. */
export interface Selection {
  readonly select: Select;
  names: readonly string[];
  /** Names the upstream refused. */
  readonly dropped: string[];
}

/** How often a read is repeated without the name that was refused. A client that is newer than its server lacks a few, not all. */
const maxDrops = 10;

/**
 * The selection of a read; undefined where the upstream takes none, or needs none because nothing was asked for (then the
 * gateway itself takes out what is not shown).
 */
export function selectionOf(origin: ToolOrigin, args: Arguments): Selection | undefined {
  const { select } = origin.spec;
  if (select === undefined || !(select.required || askedFields(args) !== undefined)) return undefined;
  return { select, names: selectedNames(origin, args), dropped: [] };
}

/**
 * Sends a read with the selection; whenever the upstream refuses one name, drops it and repeats, ten times at most.
 * Every other refusal is the caller's to see.
 */
export function* readSelecting(
  selection: Selection | undefined,
  requestWith: (slots: readonly SlotValue[]) => UpstreamRequest,
): Generator<UpstreamRequest, UpstreamResponse, UpstreamResponse> {
  if (selection === undefined) return yield requestWith([]);
  for (;;) {
    try {
      return yield requestWith([{ slot: selection.select.slot, value: slotValue(selection) }]);
    } catch (thrown) {
      const refused = thrown instanceof GatewayError ? refusedName(selection, thrown.message) : undefined;
      if (refused === undefined || selection.dropped.length >= maxDrops) throw thrown;
      selection.names = selection.names.filter((name) => name !== refused);
      selection.dropped.push(refused);
    }
  }
}

/** What a result says of the names that were refused. */
export function selectionNotes(selection: Selection | undefined): readonly string[] {
  if (selection === undefined || selection.dropped.length === 0) return [];
  return [`The API refused these fields, so they are missing: ${selection.dropped.join(", ")}.`];
}

function slotValue({ select, names }: Selection): Json {
  switch (select.style) {
    case "trueMap":
      return Object.fromEntries(names.map((name) => [name, true]));
    case "csv":
      return names.join(",");
    case "array":
      return [...names];
    default:
      return select.style satisfies never;
  }
}

/** The selected name that `message` refuses in one of the upstream's ways. The longest wins: `name` also begins `nameSuffix`. */
function refusedName({ select, names }: Selection, message: string): string | undefined {
  const refused = names.filter((name) => (select.refusals ?? []).some((text) => says(message, text, name)));
  return refused.sort((a, b) => b.length - a.length)[0];
}

function says(message: string, refusal: string, name: string): boolean {
  const text = refusal.replaceAll("{name}", name).toLowerCase();
  const start = message.toLowerCase().indexOf(text);
  return start >= 0 && (!refusal.endsWith("{name}") || !/^[\w$]/.test(message.slice(start + text.length)));
}
