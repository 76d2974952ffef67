import type { SchemaView, ServedTool } from "../../fakes/caller.ts";
import type { RecordedRequest } from "../../fakes/oneuptime.ts";
import { type Documented, id, key, phantoms, type Spec } from "./document.ts";

/** A request in the form both sides of a comparison have. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  /** Sorted by name. */
  readonly query: string;
  /** `"select"` stands for a selection of columns and nothing else. */
  readonly body: unknown;
  readonly key: unknown;
}

/** Arguments that are for the gateway and reach no upstream. */
const controls: readonly string[] = ["idempotency_key", "dry_run"];

/** Every argument of a create or update, and what other kinds require. */
export function argumentsFor(kind: string, tool: ServedTool): Readonly<Record<string, unknown>> {
  const { properties = {}, required = [], $defs = {} } = tool.inputSchema;
  const offered = Object.keys(properties).filter((name) => !controls.includes(name));
  const names = kind === "create" || kind === "update" ? offered : required;
  return Object.fromEntries(names.map((name) => [name, sampleOf(properties[name] ?? {}, $defs)]));
}

function sampleOf(schema: SchemaView, definitions: Readonly<Record<string, SchemaView>>): unknown {
  if (schema.$ref !== undefined) return sampleOf(definitions[schema.$ref.replace("#/$defs/", "")] ?? {}, definitions);
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf?.[0]) return sampleOf(schema.anyOf[0], definitions);
  if (schema.format === "uuid") return id;
  if (schema.format === "date-time") return "2026-01-02T03:04:05.000Z";
  if (schema.format === "email") return "someone@example.com";
  const samples: Readonly<Record<string, unknown>> = {
    string: "text",
    number: 1,
    integer: 1,
    boolean: true,
    array: [],
    object: {},
  };
  return samples[schema.type ?? "string"];
}

/** What the real server must receive, from its document and upstream-apis.md §1.1 alone. */
export function wanted(operation: Documented, args: Readonly<Record<string, unknown>>, spec: Spec): WireRequest {
  const { kind, table, method, path } = operation;
  const { id: given, ...fields } = args;
  const phantom = kind === "get" && phantoms.some((one) => path === `${one}/{id}`);
  const columns = spec.components.schemas[`${table}${kind === "create" ? "Create" : "Update"}Schema`]?.properties ?? {};
  const wire = Object.entries(fields).map(([name, value]) => [name, wrapped(columns[name]?.example, value)]);
  const bodies: Readonly<Record<string, unknown>> = {
    list: "select",
    get: "select",
    create: { data: Object.fromEntries(wire) },
    update: { data: Object.fromEntries(wire) },
  };
  return {
    method,
    path: `/api${path.replace("{id}", String(given))}${phantom ? "/get-item" : ""}`,
    query: kind === "list" ? "limit=50&skip=0" : "",
    body: bodies[kind],
    key,
  };
}

function wrapped(example: unknown, value: unknown): unknown {
  const type = (example as { _type?: string } | undefined)?._type;
  return type === undefined ? value : { _type: type, value };
}

/** What the server did receive. */
export function received({ method, path, query, body, headers }: RecordedRequest, kind: string): WireRequest {
  const shown = kind === "list" || kind === "get" ? selected(body) : body;
  return { method, path, query: sorted(query), body: shown, key: headers.apikey };
}

function selected(body: unknown): unknown {
  const { select, ...rest } = (body ?? {}) as { select?: Record<string, unknown> };
  const chosen = Object.values(select ?? {});
  return chosen.length > 0 && chosen.every((one) => one === true) && Object.keys(rest).length === 0 ? "select" : body;
}

function sorted(query: string): string {
  const parameters = new URLSearchParams(query);
  parameters.sort();
  return parameters.toString();
}
