/** Making, changing and showing rows: what every operation has in common. */
import type { Field, Json, Row } from "./model/fields.ts";
import { nounNamed } from "./model/index.ts";
import { labelOf, type Noun } from "./model/noun.ts";
import { ApiFailure, type Context } from "./route.ts";
import { expandedName } from "./schemas.ts";
import type { Store } from "./store.ts";

/** Fields to set. */
export type Patch = { readonly [field: string]: Json };

/** Ids given out by the server begin here, far above the seed's. */
const firstId = 10_001;

/** Stores a new row: an id, times, revision 1, defaults and empty values for what `fields` leaves out. Returns it. */
export function add(context: Context, noun: Noun, fields: Patch): Row {
  const { store, caller, now } = context;
  const id = `${noun.prefix}_${store.nextNumber(noun.prefix, firstId)}`;
  const row = finished(
    noun,
    { ...fields, id, organisationId: caller.organisationId, createdAt: now, updatedAt: now, rev: 1 },
    now,
  );
  store.insert(caller.organisationId, noun.name, row);
  return row;
}

/** Stores a change of a row and returns what it is now; without a change in value, the row as it was. */
export function change(context: Context, noun: Noun, row: Row, patch: Patch): Row {
  const { store, caller, now } = context;
  const merged = { ...row, ...patch };
  const wanted = { ...merged, ...derived(noun.name, merged, now) };
  if (JSON.stringify(wanted) === JSON.stringify(row)) return row;
  const changed = { ...wanted, updatedAt: now, rev: Number(row.rev) + 1 };
  store.replace(caller.organisationId, noun.name, changed);
  return changed;
}

/** A row with every field it should have: defaults, first states, null and empty lists. Used by create and by the seed. */
export function finished(noun: Noun, row: Row, now: string): Row {
  const filled = Object.entries(noun.fields).flatMap(([name, field]) => {
    const value = row[name] ?? emptyValue(field, now);
    return value === undefined ? [] : [[name, value] as const];
  });
  const whole = { ...row, ...Object.fromEntries(filled) };
  return { ...whole, ...derived(noun.name, whole, now) };
}

/** Fields that follow from others: the state of an incident from its status. */
function derived(noun: string, row: Row, now: string): Patch {
  if (noun !== "Incident") return {};
  const isResolved = row.status === "resolved";
  return { state: isResolved ? "resolved" : "active", resolvedAt: isResolved ? (row.resolvedAt ?? now) : null };
}

/** What a field is when nobody sets it. */
export function emptyValue(field: Field, now: string): Json | undefined {
  const { schema } = field;
  if (schema.default !== undefined) return schema.default;
  if (field.now) return now;
  if (Array.isArray(schema.type) && schema.type.includes("null")) return null;
  if (schema.type === "array") return [];
  if (field.readOnly && schema.enum !== undefined) return schema.enum[0] ?? null;
  if (field.readOnly && (schema.type === "integer" || schema.type === "number")) return schema.minimum ?? 0;
  if (schema.type === "boolean") return false;
  return undefined;
}

/** The row as it is answered: without write-only fields, with expanded relations. */
export function shown(store: Store, noun: Noun, row: Row): Row {
  const visible = Object.entries(row).filter(([name]) => noun.fields[name]?.writeOnly !== true);
  const expanded = noun.expand.map((name) => [expandedName(name), reference(store, noun, row, name)] as const);
  return Object.fromEntries([...visible, ...expanded]);
}

function reference(store: Store, noun: Noun, row: Row, field: string): Json {
  const ref = noun.fields[field]?.ref;
  const id = row[field];
  if (ref === undefined || typeof id !== "string") return null;
  const found = store.get(String(row.organisationId), ref, id);
  return found === undefined ? null : { id, name: labelOf(found) };
}

/** The row of that id in the caller's organisation and under the path's parents, else 404. */
export function found(context: Context, noun: Noun, id: string | undefined): Row {
  requireParents(context, noun);
  const row = context.store.get(context.caller.organisationId, noun.name, id ?? "");
  const belongs = row !== undefined && noun.parents.every(({ param }) => row[param] === context.path[param]);
  if (!belongs) throw new ApiFailure(404, "not_found", `there is no ${noun.name} ${id}`);
  return row;
}

/** 404 unless every parent the path names exists in the caller's organisation. */
export function requireParents(context: Context, noun: Noun): void {
  for (const { param, noun: parent } of noun.parents) {
    const id = context.path[param] ?? "";
    if (context.store.get(context.caller.organisationId, parent, id) === undefined) {
      throw new ApiFailure(404, "not_found", `there is no ${parent} ${id}`);
    }
  }
}

/** 404 when a relation among `fields` points to nothing in the caller's organisation. */
export function requireRelations(context: Context, fields: Readonly<Record<string, Field>>, values: Row): void {
  for (const [name, value] of Object.entries(values)) {
    const ref = fields[name]?.ref;
    if (ref === undefined || value === null) continue;
    for (const id of Array.isArray(value) ? value : [value]) {
      if (context.store.get(context.caller.organisationId, ref, String(id)) !== undefined) continue;
      const details = [{ path: `/${name}`, message: `there is no ${ref} ${id}` }];
      throw new ApiFailure(404, "not_found", `${name}: there is no ${ref} ${id}`, details);
    }
  }
}

/** Sends an alert: one row in the outbox, with the number of people it went to. */
export function sendAlert(context: Context, kind: string, noun: Noun, row: Row): void {
  const pageId = typeof row.pageId === "string" ? row.pageId : null;
  add(context, nounNamed("OutboxMessage"), {
    kind,
    resourceType: noun.name,
    resourceId: row.id ?? null,
    pageId,
    recipients: recipientsOf(context, pageId),
    sentAt: context.now,
  });
}

/** Confirmed subscribers of the page; without a page, the one person who is on call. */
function recipientsOf(context: Context, pageId: string | null): number {
  if (pageId === null) return 1;
  return context.store.count({
    organisationId: context.caller.organisationId,
    noun: "StatusPageSubscriber",
    where: [
      { field: "pageId", op: "is", value: pageId },
      { field: "confirmed", op: "is", value: true },
    ],
  });
}

/** Writes down who did what to which row. */
export function record(
  context: Context,
  noun: Noun,
  row: Row,
  done: string,
  changedFields: readonly string[] = [],
): void {
  add(context, nounNamed("AuditLog"), {
    actorType: "key",
    actorId: context.caller.keyId,
    action: `${noun.name}.${done}`,
    entityType: noun.name,
    entityId: row.id ?? null,
    changedFields,
  });
}
