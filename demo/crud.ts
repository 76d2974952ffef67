/** The six kinds and the custom methods, over any noun of the model. */
import type { Json, Row } from "./model/fields.ts";
import { nounNamed } from "./model/index.ts";
import { type Action, labelOf, type Noun } from "./model/noun.ts";
import { pageAnswer, sliceOf } from "./paging.ts";
import { type Answer, ApiFailure, type Context } from "./route.ts";
import { add, change, emptyValue, found, record, requireParents, requireRelations, sendAlert, shown } from "./rows.ts";
import { ruleOf } from "./rules.ts";
import { changeable } from "./schemas.ts";
import type { Condition, Query } from "./store.ts";

/** One page of the rows that match the filters, as the noun's conventions have it. */
export function list(noun: Noun, context: Context): Answer {
  requireParents(context, noun);
  const query = queryOf(noun, context);
  const slice = sliceOf(noun, context.query);
  const rows = context.store.find({ ...query, sort: sortOf(noun, context.query), ...slice });
  const items = rows.map((row) => shown(context.store, noun, row));
  return pageAnswer(noun, context, { items, slice, total: context.store.count(query) });
}

/** How many rows match the filters: `{ count }`. */
export function count(noun: Noun, context: Context): Answer {
  requireParents(context, noun);
  return { status: 200, body: { count: context.store.count(queryOf(noun, context)) } };
}

/** One row. */
export function get(noun: Noun, context: Context): Answer {
  return { status: 200, body: shown(context.store, noun, found(context, noun, context.path[noun.idParam])) };
}

/** A new row: 201 with the row. Alerts people when the body's `notify` is true. */
export function create(noun: Noun, context: Context): Answer {
  requireParents(context, noun);
  const { notify = noun.notifyDefault, ...sent } = context.body;
  requireRelations(context, noun.fields, sent);
  const rule = ruleOf(noun.name);
  rule.check?.(sent);
  const parents = Object.fromEntries(noun.parents.map(({ param }) => [param, context.path[param] ?? null]));
  const row = add(context, noun, { ...sent, ...parents, ...rule.initial?.(context, sent) });
  rule.after?.(context, row);
  rule.settle?.(context, row);
  record(context, noun, row, "create");
  if (noun.alertOnCreate !== undefined && notify === true) sendAlert(context, noun.alertOnCreate, noun, row);
  return { status: 201, body: shown(context.store, noun, row) };
}

/** PATCH: the row with the fields that were sent. */
export function patch(noun: Noun, context: Context): Answer {
  return store(noun, context, context.body);
}

/** PUT: the row with the fields that were sent and the others empty; secrets that are not sent stay. */
export function put(noun: Noun, context: Context): Answer {
  const whole = changeable(noun).flatMap(([name, field]) => {
    const value = context.body[name] ?? (field.writeOnly ? undefined : emptyValue(field, context.now));
    return value === undefined ? [] : [[name, value] as const];
  });
  return store(noun, context, Object.fromEntries(whole));
}

function store(noun: Noun, context: Context, fields: Row): Answer {
  const row = found(context, noun, context.path[noun.idParam]);
  requireRelations(context, noun.fields, fields);
  ruleOf(noun.name).check?.({ ...row, ...fields });
  const changed = change(context, noun, row, fields);
  ruleOf(noun.name).settle?.(context, changed);
  if (changed !== row) record(context, noun, row, "update", Object.keys(fields));
  return { status: 200, body: shown(context.store, noun, changed) };
}

/** Removes the row: 204, or 200 `{ deleted: true, id }`. */
export function remove(noun: Noun, context: Context): Answer {
  const row = found(context, noun, context.path[noun.idParam]);
  context.store.remove(context.caller.organisationId, noun.name, String(row.id));
  ruleOf(noun.name).settle?.(context, row);
  record(context, noun, row, "delete");
  return noun.remove === "flag" ? { status: 200, body: { deleted: true, id: row.id ?? null } } : { status: 204 };
}

/** A custom method: checks the state, writes, adds its row, alerts when `notify` is true. Answers the row. */
export function act(noun: Noun, action: Action, context: Context): Answer {
  const row = found(context, noun, context.path[noun.idParam]);
  return { status: 200, body: shown(context.store, noun, actOn(noun, action, context, row)) };
}

/** {@link act} on a row that is already at hand. Returns the changed row. */
export function actOn(noun: Noun, action: Action, context: Context, row: Row): Row {
  requireState(noun, action, row);
  requireRelations(context, action.body ?? {}, context.body);
  const changed = change(context, noun, row, filled(action.sets, context, row));
  if (action.adds !== undefined) add(context, nounNamed(action.adds.noun), filled(action.adds.row, context, row));
  ruleOf(noun.name).acted?.(context, action.verb, changed);
  ruleOf(noun.name).settle?.(context, changed);
  record(context, noun, row, action.verb, Object.keys(action.sets));
  if (action.alert !== undefined && context.body.notify === true) sendAlert(context, action.alert, noun, changed);
  return changed;
}

function requireState(noun: Noun, { verb, when }: Action, row: Row): void {
  if (when === undefined || when.is.includes(row[when.field] ?? null)) return;
  const message = `cannot ${verb} ${noun.name} ${row.id} (${labelOf(row)}): its ${when.field} is ${row[when.field]}, not ${when.is.join(" or ")}`;
  throw new ApiFailure(409, "conflict", message);
}

/** A template of an action with its placeholders replaced. */
function filled(template: Readonly<Record<string, Json>>, context: Context, row: Row): Row {
  const replaced = (value: Json): Json => {
    if (typeof value !== "string" || !value.startsWith("$")) return value;
    if (value === "$now") return context.now;
    // Beacon has no journeys of its own: a run by hand finds what the runs before it found.
    if (value === "$outcome") return row.health === "failing" ? "failed" : "passed";
    if (value === "$user") return context.caller.user.id ?? null;
    return (value.startsWith("$body.") ? context.body[value.slice(6)] : row[value.slice(1)]) ?? null;
  };
  return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, replaced(value)]));
}

const searched = [
  "name",
  "title",
  "subject",
  "description",
  "message",
  "note",
  "slug",
  "url",
  "key",
  "email",
  "summary",
];

/** The rows a list or count is about: those of the path's parents that pass every filter. */
function queryOf(noun: Noun, context: Context): Query {
  const where = Object.entries(context.query).flatMap(([name, value]) => conditionOf(noun, name, value));
  const inParents = noun.parents.map(
    ({ param }) => ({ field: param, op: "is", value: context.path[param] ?? null }) as const,
  );
  return { organisationId: context.caller.organisationId, noun: noun.name, where: [...inParents, ...where] };
}

function conditionOf(noun: Noun, name: string, value: Json): readonly Condition[] {
  if (name === "q")
    return [{ fields: searched.filter((field) => field in noun.fields), op: "like", value: String(value) }];
  const field = noun.fields[name];
  if (field !== undefined) {
    if (field.schema.type === "array")
      return [{ field: name, op: "has", value: Array.isArray(value) ? value : [value] }];
    return [Array.isArray(value) ? { field: name, op: "in", value } : { field: name, op: "is", value }];
  }
  const time = timeFilters(noun).find((filter) => filter.param === name);
  if (time === undefined) return [];
  return [{ field: time.field, op: time.op, value: new Date(String(value)).toISOString() }];
}

/** The time filters of a noun: `createdAfter` and `createdBefore`, and the same of every time that is a filter. */
export function timeFilters(noun: Noun): readonly { param: string; field: string; op: "after" | "before" }[] {
  const times = Object.entries(noun.fields).filter(([, field]) => field.filter && field.schema.format === "date-time");
  const names = [...new Set(["createdAt", ...times.map(([name]) => name)])];
  return names.flatMap((field) => {
    const stem = field.replace(/At$|^at$/, "");
    const after = stem === "" ? "after" : `${stem}After`;
    const before = stem === "" ? "before" : `${stem}Before`;
    return [
      { param: after, field, op: "after" as const },
      { param: before, field, op: "before" as const },
    ];
  });
}

/** The fields a list can be sorted by. */
export function sortable(noun: Noun): readonly string[] {
  const ordered = Object.entries(noun.fields).filter(
    ([name, field]) =>
      ["name", "title", "order", "rank", "priority", "number"].includes(name) || field.schema.format === "date-time",
  );
  return ordered.map(([name]) => name).filter((name) => name in noun.fields);
}

/** As asked; else by the noun's own order where it has one, else the newest first. */
function sortOf(noun: Noun, query: Context["query"]): NonNullable<Query["sort"]> {
  const own = ["order", "rank"].find((name) => name in noun.fields);
  const moment = ["occurredAt", "at", "startedAt", "startsAt", "loggedAt", "failedAt", "checkedAt"].find(
    (name) => name in noun.fields,
  );
  if (typeof query.sort === "string") return { field: query.sort, descending: query.order === "desc" };
  if (own !== undefined) return { field: own, descending: query.order === "desc" };
  return { field: moment ?? "createdAt", descending: query.order !== "asc" };
}
