import { createApiKey, deleteApiKey, rotateApiKey } from "../keys.ts";
import { type Json, object, parseField, type Row, type Schema } from "../model/fields.ts";
import { nounNamed } from "../model/index.ts";
import { labelOf } from "../model/noun.ts";
import { bodyOf, schemaRef } from "../nounRoutes.ts";
import { pageAnswer, sliceOf } from "../paging.ts";
import type { Context, Route } from "../route.ts";
import { found, shown } from "../rows.ts";

const me = object("Who the key stands for", {
  user: object(
    "The person the key acts for",
    { id: "text! Id", name: "text! Name", email: "email! Address", role: "admin|responder|viewer! Role" },
    "!",
  ),
  organisation: object(
    "The organisation the key belongs to",
    {
      id: "text! Id",
      name: "text! Name",
      plan: object("The plan it is on", {
        slug: "free|starter|pro! Short name",
        retentionDays: "int(1..)! Days events are kept",
      }),
    },
    "!",
  ),
  key: object(
    "The key",
    { id: "text! Id", name: "text! Name", scopes: "read|write|delete[]! Scopes, less what the role does not include" },
    "!",
  ),
  permissions: "text[]! Named permissions of the role",
}).schema;

const settingsFields = {
  timezone: parseField("text IANA time zone of the organisation"),
  language: parseField("en|de|fr|es|ja Language of messages"),
  defaultPageId: parseField("->StatusPage? Page new incidents go to"),
  requireNotifyChoice: parseField("bool Whether people must choose to alert or not each time"),
  incidentPrefix: parseField("text(..10)? Put before incident numbers"),
};

const settingsId = "settings";

/** What concerns the caller and the whole organisation: singletons, search, the API's own health, keys. */
export const accountRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/me",
    operationId: "getMe",
    tag: "People and access",
    summary: "Who am I",
    description: "The person, organisation and scopes the API key stands for.",
    scope: "read",
    success: { status: 200, description: "Who the key stands for", schema: schemaRef("Me") },
    answer: ({ store, caller }) => {
      const { id, name, email, role } = caller.user;
      const organisation = store.get(caller.organisationId, "Organisation", caller.organisationId);
      const key = { id: caller.keyId, name: caller.keyName, scopes: [...caller.scopes] };
      const user = { id: id ?? null, name: name ?? null, email: email ?? null, role: role ?? null };
      const plan = store.get(caller.organisationId, "RetentionPlan", String(organisation?.planId));
      const own = { id: caller.organisationId, name: organisation?.name ?? null };
      const shownPlan = plan && { plan: { slug: plan.slug ?? null, retentionDays: plan.retentionDays ?? null } };
      const body = { user, organisation: { ...own, ...shownPlan }, key };
      return { status: 200, body: { ...body, permissions: [...caller.permissions] } };
    },
  },
  {
    method: "GET",
    path: "/organisation/settings",
    operationId: "getOrganisationSettings",
    tag: "People and access",
    summary: "Get the organisation's settings",
    scope: "read",
    success: { status: 200, description: "The settings", schema: schemaRef("OrganisationSettings") },
    answer: (context) => ({ status: 200, body: settingsOf(context) }),
  },
  {
    method: "PATCH",
    path: "/organisation/settings",
    operationId: "updateOrganisationSettings",
    tag: "People and access",
    summary: "Update the organisation's settings",
    scope: "write",
    body: bodyOf(settingsFields),
    success: { status: 200, description: "The settings as they are now", schema: schemaRef("OrganisationSettings") },
    answer: (context) => {
      const { defaultPageId } = context.body;
      if (typeof defaultPageId === "string") found(context, nounNamed("StatusPage"), defaultPageId);
      const settings = { ...settingsOf(context), ...context.body, id: settingsId };
      context.store.remove(context.caller.organisationId, "OrganisationSettings", settingsId);
      context.store.insert(context.caller.organisationId, "OrganisationSettings", settings);
      return { status: 200, body: settingsOf(context) };
    },
  },
  {
    method: "GET",
    path: "/health",
    tag: "Beacon",
    summary: "Whether Beacon works",
    description: "Needs no key.",
    scope: null,
    success: { status: 200, description: "It works", schema: object("", { status: "text! Always ok" }).schema },
    answer: () => ({ status: 200, body: { status: "ok" } }),
  },
  {
    method: "GET",
    path: "/search",
    operationId: "search",
    tag: "Beacon",
    summary: "Search incidents, monitors, status pages, services, teams and runbooks by their name or title",
    scope: "read",
    query: {
      q: parseField("text(1..200)! What to look for"),
      limit: parseField("int(1..50) At most this many; 20 if not given"),
    },
    success: { status: 200, description: "What was found", schema: schemaRef("SearchResults") },
    answer: (context) => ({ status: 200, body: { results: searchResults(context) } }),
  },
  {
    method: "POST",
    path: "/api-keys/{apiKeyId}/rotate",
    operationId: "rotateApiKey",
    tag: "People and access",
    summary: "Rotate an API key",
    description: "Gives it a new value, answered this once, and a new id. The old value stops working at once.",
    scope: "write",
    permission: "key.manage",
    success: { status: 200, description: "The key with its new value", schema: schemaRef("ApiKeyWithValue") },
    answer: rotateApiKey,
  },
];

/** The create of API keys answers the key's value, so it replaces the one the model yields. */
export function withKeyValue(route: Route): Route {
  if (route.operationId === "deleteApiKey")
    return { ...route, forOneself: true, answer: (context) => deleteApiKey(context, route.answer) };
  if (route.operationId !== "createApiKey") return route;
  const success = {
    status: 201,
    description: "The new key with its value, shown this once",
    schema: schemaRef("ApiKeyWithValue"),
  };
  return { ...route, success, forOneself: true, answer: createApiKey };
}

/** Somebody who signed in sees every organisation they are in, until they name one. */
export function withMemberships(route: Route): Route {
  if (route.operationId !== "listOrganisations") return route;
  const noun = nounNamed("Organisation");
  return {
    ...route,
    answer: (context) => {
      const { memberships } = context.caller;
      if (memberships === undefined) return route.answer(context);
      const rows = memberships
        .map((id) => context.store.get(id, noun.name, id))
        .filter((row): row is Row => row !== undefined);
      const slice = sliceOf(noun, context.query);
      const items = rows.slice(slice.offset, slice.offset + slice.limit).map((row) => shown(context.store, noun, row));
      return pageAnswer(noun, context, { items, slice, total: rows.length });
    },
  };
}

/** Component schemas of these operations. */
export const accountSchemas: Readonly<Record<string, Schema>> = {
  Me: me,
  OrganisationSettings: object("Settings of the organisation", settingsFields).schema,
  SearchResults: {
    type: "object",
    properties: {
      results: {
        type: "array",
        items: object("", { type: "text! Noun", id: "text! Id", name: "text! Name or title" }).schema,
      },
    },
    required: ["results"],
  },
  ApiKeyWithValue: {
    type: "object",
    description: "An API key with its value",
    properties: {
      id: { type: "string" },
      name: { type: "string" },
      scopes: { type: "array", items: { type: "string", enum: ["read", "write", "delete"] } },
      key: { type: "string", description: "The key itself. It is not shown again" },
    },
    required: ["id", "name", "scopes", "key"],
  },
};

function settingsOf({ store, caller }: Context): Row {
  const defaults = {
    timezone: "UTC",
    language: "en",
    defaultPageId: null,
    requireNotifyChoice: true,
    incidentPrefix: null,
  };
  const { id: _internal, ...stored } = store.get(caller.organisationId, "OrganisationSettings", settingsId) ?? {};
  return { ...defaults, ...stored };
}

const searchedNouns = ["Incident", "Monitor", "StatusPage", "Service", "Team", "Runbook"];

function searchResults({ store, caller, query }: Context): Json {
  const found = searchedNouns.flatMap((noun) => {
    const fields = ["name", "title"].filter((field) => field in nounNamed(noun).fields);
    const where = [{ fields, op: "like", value: String(query.q) }] as const;
    const rows = store.find({ organisationId: caller.organisationId, noun, where });
    return rows.map((row) => ({ type: noun, id: row.id ?? null, name: labelOf(row) }));
  });
  return found.slice(0, Number(query.limit ?? 20));
}
