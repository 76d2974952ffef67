/** The operations a noun's line in the model stands for. */
import * as crud from "./crud.ts";
import { type Field, object, parseField, type Schema } from "./model/fields.ts";
import { type Action, type Kind, type Noun, words } from "./model/noun.ts";
import { pageHeaders, pageSchema, pagingParams, pagingWords } from "./paging.ts";
import type { Route } from "./route.ts";
import { createSchema, patchSchema, putSchema } from "./schemas.ts";

/** Every operation of the noun: its kinds, in the model's order, then its actions. */
export function routesOf(noun: Noun): readonly Route[] {
  const kinds = noun.kinds.flatMap((kind) => makers[kind](noun));
  return [...kinds, ...noun.actions.map((action) => actionRoute(noun, action))];
}

/** A reference to a component schema. */
export function schemaRef(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

const makers: Readonly<Record<Kind, (noun: Noun) => readonly Route[]>> = {
  list: (noun) => [listRoute(noun)],
  count: (noun) => [countRoute(noun)],
  get: (noun) => [
    {
      ...common(noun, "get"),
      method: "GET",
      path: itemPath(noun),
      summary: `Get ${a(noun.name)}`,
      description: `${noun.about}.`,
      success: { status: 200, description: `The ${words(noun.name)}`, schema: schemaRef(noun.name) },
      answer: (context) => crud.get(noun, context),
    },
  ],
  create: (noun) => [createRoute(noun)],
  update: (noun) => updateRoutes(noun),
  delete: (noun) => [deleteRoute(noun)],
};

function common(noun: Noun, kind: Kind): Pick<Route, "operationId" | "tag" | "scope" | "permission"> {
  const subject = kind === "list" || kind === "count" ? noun.plural : noun.name;
  const scope = kind === "delete" ? "delete" : kind === "create" || kind === "update" ? "write" : "read";
  return {
    ...(noun.unnamed.includes(kind) ? {} : { operationId: `${kind}${subject}` }),
    tag: noun.tag,
    scope,
    ...(noun.readPermission === undefined ? {} : { permission: noun.readPermission }),
    ...(noun.name === "ApiKey" && scope !== "read" ? { permission: "key.manage" } : {}),
  };
}

function listRoute(noun: Noun): Route {
  return {
    ...common(noun, "list"),
    method: "GET",
    path: noun.path,
    summary: `List ${words(noun.plural)}`,
    description: `${noun.about}. ${pagingWords[noun.paging]}`,
    query: { ...pagingParams(noun), ...filters(noun), ...sorting(noun) },
    success: {
      status: 200,
      description: `A page of ${words(noun.plural)}`,
      schema: pageSchema(noun, schemaRef(noun.name)),
      headers: pageHeaders(noun),
    },
    answer: (context) => crud.list(noun, context),
  };
}

function countRoute(noun: Noun): Route {
  return {
    ...common(noun, "count"),
    method: "GET",
    path: `${noun.path}/count`,
    summary: `Count ${words(noun.plural)}`,
    description: "Takes the same filters as the list.",
    query: filters(noun),
    success: { status: 200, description: "How many match", schema: schemaRef("Count") },
    answer: (context) => crud.count(noun, context),
  };
}

function createRoute(noun: Noun): Route {
  const alert = noun.alertOnCreate === undefined ? "" : " People are alerted if, and only if, notify is true.";
  return {
    ...common(noun, "create"),
    method: "POST",
    path: noun.path,
    summary: `Create ${a(noun.name)}`,
    description: `${noun.about}.${alert}`,
    body: noun.sharedSchema
      ? { schema: createSchema(noun), name: noun.name }
      : { schema: createSchema(noun), name: `Create${noun.name}Request` },
    success: { status: 201, description: `The new ${words(noun.name)}`, schema: schemaRef(noun.name) },
    answer: (context) => crud.create(noun, context),
  };
}

function updateRoutes(noun: Noun): readonly Route[] {
  const shared = {
    ...common(noun, "update"),
    path: itemPath(noun),
    success: { status: 200, description: `The ${words(noun.name)} as it is now`, schema: schemaRef(noun.name) },
  };
  const patch: Route = {
    ...shared,
    method: "PATCH",
    summary: `Update ${a(noun.name)}`,
    description: "Changes the fields that are sent and leaves the others alone.",
    body: { schema: patchSchema(noun), name: `Update${noun.name}Request` },
    answer: (context) => crud.patch(noun, context),
  };
  const put: Route = {
    ...shared,
    ...(noun.update === "both" ? { operationId: `replace${noun.name}` } : {}),
    method: "PUT",
    summary: `${noun.update === "both" ? "Replace" : "Update"} ${a(noun.name)}`,
    description: "Takes the whole object: a field that is left out becomes empty.",
    body: { schema: putSchema(noun), name: noun.sharedSchema ? noun.name : `Replace${noun.name}Request` },
    answer: (context) => crud.put(noun, context),
  };
  if (noun.update === "both") return [patch, put];
  return noun.update === "patch" ? [patch] : [put];
}

function deleteRoute(noun: Noun): Route {
  const flag = object("What was deleted", { deleted: "bool! Always true", id: "text! Its id" }).schema;
  return {
    ...common(noun, "delete"),
    method: "DELETE",
    path: itemPath(noun),
    summary: `Delete ${a(noun.name)}`,
    success:
      noun.remove === "flag"
        ? { status: 200, description: "It is gone", schema: flag }
        : { status: 204, description: "It is gone" },
    answer: (context) => crud.remove(noun, context),
  };
}

function actionRoute(noun: Noun, action: Action): Route {
  const body = action.body === undefined ? undefined : bodyOf(action.body);
  return {
    operationId: `${action.verb}${noun.name}`,
    tag: noun.tag,
    scope: "write",
    ...(noun.readPermission === undefined ? {} : { permission: noun.readPermission }),
    method: "POST",
    path: `${itemPath(noun)}${action.colon === true ? ":" : "/"}${action.verb}`,
    summary: `${action.verb.charAt(0).toUpperCase()}${action.verb.slice(1)} ${a(noun.name)}`,
    description: `${action.about}.`,
    ...(body === undefined ? {} : { body }),
    success: { status: 200, description: `The ${words(noun.name)} as it is now`, schema: schemaRef(noun.name) },
    ...(action.when === undefined ? {} : { conflicts: true }),
    answer: (context) => crud.act(noun, action, context),
  };
}

/** A request body of these fields; it may be left out when none is required. */
export function bodyOf(fields: Readonly<Record<string, Field>>): NonNullable<Route["body"]> {
  const { description: _none, ...schema } = object("", fields).schema;
  return { schema, ...(schema.required?.length === 0 ? { optional: true } : {}) };
}

function itemPath(noun: Noun): string {
  return `${noun.path}/{${noun.idParam}}`;
}

/** The filters of list and count. */
function filters(noun: Noun): NonNullable<Route["query"]> {
  const exact = Object.entries(noun.fields).filter(([, field]) => field.filter && field.schema.format !== "date-time");
  const inPath = new Set(noun.parents.map((parent) => parent.param));
  const times = crud.timeFilters(noun).map(({ param, field, op }) => [param, timeField(field, op)] as const);
  return {
    ...Object.fromEntries(
      exact.filter(([name]) => !inPath.has(name)).map(([name, field]) => [name, filterField(noun, field)]),
    ),
    ...(["name", "title", "message", "note"].some((name) => name in noun.fields)
      ? { q: parseField("text(1..200) Only those whose name or text contains this") }
      : {}),
    ...Object.fromEntries(times),
  };
}

/** Domains whose choice filters take several values, and how; the others take one. */
const severalValues: Readonly<Record<string, "comma-separated" | "repeated">> = {
  Incidents: "comma-separated",
  Maintenance: "comma-separated",
  Monitoring: "repeated",
};

function filterField(noun: Noun, field: Field): Field & { commas?: boolean } {
  const { default: _unset, readOnly: _server, writeOnly: _sent, ...schema } = field.schema;
  const plain = withoutNull(schema);
  const style = severalValues[noun.tag];
  if (style !== undefined && plain.enum !== undefined) {
    const { description, ...items } = plain;
    const schema: Schema = { type: "array", items, description: `${description}. Any of several, ${style}` };
    return { ...field, required: false, ...(style === "comma-separated" ? { commas: true } : {}), schema };
  }
  return { ...field, required: false, schema: plain };
}

function withoutNull(schema: Schema): Schema {
  if (typeof schema.type === "string" || schema.type === undefined) return schema;
  const type = schema.type.find((name) => name !== "null") ?? "string";
  return {
    ...schema,
    type,
    ...(schema.enum === undefined ? {} : { enum: schema.enum.filter((value) => value !== null) }),
  };
}

function timeField(field: string, op: "after" | "before"): Field {
  return parseField(
    op === "after"
      ? `time Only those whose ${field} is at or after this time`
      : `time Only those whose ${field} is before this time`,
  );
}

function sorting(noun: Noun): NonNullable<Route["query"]> {
  return {
    sort: parseField(`${crud.sortable(noun).join("|")} Field to sort by`),
    order: parseField("asc|desc Direction of the sort"),
  };
}

/** `an incident`, `a status page`. */
function a(name: string): string {
  const text = words(name);
  return `${/^[aeiou]/i.test(text) && !/^(user|uptime)/.test(text) ? "an" : "a"} ${text}`;
}
