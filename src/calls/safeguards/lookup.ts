import { lastingId } from "../../auth/principal.ts";
import type { Tool } from "../../catalog/tool.ts";
import { GatewayError } from "../../errors.ts";
import { offeredParams } from "../../operations/schemas.ts";
import type { Arguments, Call, Interceptor, Outcome } from "../call.ts";
import { guardsOf, type LookupGuard, type Showing } from "./guards.ts";
import type { Seen, Shown } from "./seen.ts";

/** Calls a Tool of Effect `read` for a Call of another: its principal, its signal, its upstream. */
export type ReadFor = (call: Call, tool: Tool, args: Arguments) => Promise<Outcome>;

export interface LookupOptions {
  readonly seen: Seen;
  readonly upstreamName: (call: Call) => string;
  readonly read: ReadFor;
}

const minuteMs = 60_000;

/**
 * Remembers the ids that a Call's answer shows, before the answer goes out: the next call may reach another replica. Never fails
 * a Call: what is not remembered is looked up again.
 */
export function remembering({ seen, upstreamName }: Omit<LookupOptions, "read">): Interceptor {
  return (next) => async (call) => {
    const outcome = await next(call);
    const shows = guardsOf(call.tool)?.shows;
    if (shows === undefined) return outcome;
    const ids = idsShown(outcome, shows);
    const shown = shownTo(call, placeOf(upstreamName(call), call.tool));
    if (ids.length > 0) await seen.record(shown, ids, shows.keepMinutes * minuteMs).catch(() => undefined);
    return outcome;
  };
}

function shownTo({ principal }: Call, place: string): Shown {
  return { principalId: lastingId(principal), place };
}

function placeOf(upstream: string, { resource }: Tool): string {
  return `${upstream}:${resource}`;
}

/** The ids in the items, the item or the result of an answer, as texts. */
export function idsShown({ structured, isError }: Outcome, { fields }: Pick<Showing, "fields">): readonly string[] {
  if (structured === undefined || isError === true) return [];
  const { items, item, result } = structured;
  const all = [items, item, result].flatMap((one) => (Array.isArray(one) ? one : [one]));
  return [...new Set(all.flatMap((one) => fields.flatMap((field) => idTexts(memberOf(one, field)))))];
}

function memberOf(item: unknown, field: string): unknown {
  return typeof item === "object" && item !== null && Object.hasOwn(item, field)
    ? (item as Readonly<Record<string, unknown>>)[field] // an object, as just checked
    : undefined;
}

function idTexts(value: unknown): readonly string[] {
  return typeof value === "string" || typeof value === "number" ? [String(value)] : [];
}

/**
 * Refuses a Call with an id that its principal was not shown, with `lookup_required`; `next` names the Tools that show it.
 * While the store is down the upstream is asked for the id by a Get instead; `store_unavailable` where there is none.
 */
export function lookingUp(options: LookupOptions): Interceptor {
  return (next) => async (call) => {
    for (const guard of guardsOf(call.tool)?.lookups ?? []) await requireShown(options, guard, call);
    return next(call);
  };
}

async function requireShown(options: LookupOptions, guard: LookupGuard, call: Call): Promise<void> {
  const given = guard.args.flatMap((arg) => valuesOf(call.args[arg]).map((value) => ({ arg, value })));
  if (given.length === 0) return;
  const ids = [...new Set(given.map(({ value }) => String(value)))];
  const unseen = await unseenOf(options, guard, call, ids);
  if (unseen === undefined) {
    for (const { arg, value } of given) await requireThere(options, guard, call, { arg, value });
    return;
  }
  const missing = given.find(({ value }) => unseen.includes(String(value)));
  if (missing !== undefined) throw lookupRequired(guard, call, missing);
}

/** An array of ids is several; null names nothing. */
function valuesOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(valuesOf);
  return value === undefined || value === null ? [] : [value];
}

/** Ids that no Tool of the rule showed; undefined while the store cannot say. */
async function unseenOf(
  { seen, upstreamName }: LookupOptions,
  { tools, minutes }: LookupGuard,
  call: Call,
  ids: readonly string[],
): Promise<readonly string[] | undefined> {
  const places = new Set(tools.map((tool) => placeOf(upstreamName(call), tool)));
  let left = ids;
  try {
    for (const place of places) {
      if (left.length > 0) left = await seen.unseen(shownTo(call, place), left, minutes * minuteMs);
    }
    return left;
  } catch (thrown) {
    if (thrown instanceof GatewayError && thrown.code === "store_unavailable") return undefined;
    throw thrown;
  }
}

interface GivenId {
  readonly arg: string;
  readonly value: unknown;
}

/** Asks the upstream whether the id is one. */
async function requireThere({ read }: LookupOptions, guard: LookupGuard, call: Call, given: GivenId): Promise<void> {
  const args = guard.reader === undefined ? undefined : readerArguments(guard.reader, call, given.value);
  if (guard.reader === undefined || args === undefined) throw cannotTell(guard);
  try {
    await read(call, guard.reader, args);
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    if (error.code === "upstream_not_found") throw lookupRequired(guard, call, given);
    throw error.with({ change: "none" });
  }
}

/** The Get's arguments: its last path parameter is the id, those before it are the Call's own. Undefined where one is missing. */
function readerArguments({ origin }: Tool, call: Call, id: unknown): Arguments | undefined {
  if (origin === undefined) return undefined;
  const needed = offeredParams(origin.spec).filter((param) => param.in === "path" || param.required);
  const own = needed.filter(({ in: place }) => place === "path").at(-1);
  if (own === undefined || (origin.spec.body?.required ?? []).length > 0) return undefined;
  const args = Object.fromEntries(needed.map((param) => [param.arg, param === own ? id : call.args[param.arg]]));
  return Object.values(args).includes(undefined) ? undefined : args;
}

function lookupRequired({ tools, minutes }: LookupGuard, { tool }: Call, { arg, value }: GivenId): GatewayError {
  const shown = JSON.stringify(value) ?? "";
  const id = shown.length > 80 ? `${shown.slice(0, 79)}…` : shown;
  const names = tools.map(({ name }) => name).join(" or ");
  return new GatewayError("lookup_required", `${arg} ${id} was not shown to you in the last ${minutes} minutes`, {
    next: `Call ${names} first, then ${tool.name} again with an id from its answer.`,
    change: "none",
  });
}

function cannotTell({ tools }: LookupGuard): GatewayError {
  return new GatewayError("store_unavailable", "the store of the ids that you were shown does not answer", {
    next: `Nothing was sent. Wait a few seconds, call ${tools[0]?.name ?? "the list tool"}, then call again.`,
    retryAfterSeconds: 2,
    change: "none",
  });
}
