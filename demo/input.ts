/** Reading a request: its query by the route's parameters, its body by the route's schema. */
import type { IncomingMessage } from "node:http";
import type { Json, Row, Schema } from "./model/fields.ts";
import { ApiFailure, type Route } from "./route.ts";
import { type Fault, faultsOf } from "./validate.ts";

/** The largest body taken, in bytes; no request of this API comes near it. */
const maxBodyBytes = 1_000_000;

/** The body's text. Throws 413 when it is too large. */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new ApiFailure(413, "too_large", `the body has more than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The query's values by the types of the route's parameters. Throws 400 naming each unknown or wrong one. */
export function readQuery(route: Route, params: URLSearchParams): Readonly<Record<string, Json>> {
  const known = route.query ?? {};
  const faults: Fault[] = [];
  const values: Record<string, Json> = {};
  for (const name of new Set(params.keys())) {
    const field = known[name];
    if (field === undefined) {
      faults.push({ path: name, message: `is unknown; the parameters are ${Object.keys(known).join(", ") || "none"}` });
      continue;
    }
    const given = params.getAll(name);
    const value = coerced(field.schema, field.commas === true ? given.flatMap((text) => text.split(",")) : given);
    faults.push(...faultsOf(field.schema, value, name));
    values[name] = value;
  }
  const missing = Object.keys(known).filter((name) => known[name]?.required === true && !(name in values));
  failOn([...faults, ...missing.map((name) => ({ path: name, message: "is required" }))], "query");
  return values;
}

function coerced(schema: Schema, given: readonly string[]): Json {
  if (schema.type === "array") return given.map((text) => coerced(schema.items ?? {}, [text]));
  const text = given[0] ?? "";
  if (given.length > 1) return [...given];
  if (schema.type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  const isNumber = schema.type === "integer" || schema.type === "number";
  return isNumber && text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** The body as the route's schema has it. Throws 400 naming every fault, 415 for anything but JSON. */
export function readBody(route: Route, contentType: string | undefined, text: string): Row {
  if (route.body === undefined) return {};
  if (text === "" && route.body.optional === true) return {};
  if (text === "") throw new ApiFailure(400, "invalid_request", "this operation needs a JSON body");
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType ?? "")) {
    throw new ApiFailure(415, "unsupported_media_type", "send the body as application/json");
  }
  const body = parsed(text);
  failOn(faultsOf(route.body.schema, body), "body");
  // The schema of every body is an object's, and it has just been checked.
  return normalised(route.body.schema, body) as Row;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ApiFailure(400, "invalid_request", "the body is not valid JSON");
  }
}

/** Times in UTC with milliseconds, so that they compare as text; what the server sets is dropped (it comes back in a PUT). */
function normalised(schema: Schema, value: unknown): unknown {
  if (schema.format === "date-time" && typeof value === "string") return new Date(value).toISOString();
  if (Array.isArray(value)) return value.map((item) => normalised(schema.items ?? {}, item));
  if (typeof value !== "object" || value === null || schema.properties === undefined) return value;
  const { properties } = schema;
  const kept = Object.entries(value).filter(([name]) => properties[name]?.readOnly !== true);
  return Object.fromEntries(kept.map(([name, item]) => [name, normalised(properties[name] ?? {}, item)]));
}

function failOn(faults: readonly Fault[], where: string): void {
  if (faults.length === 0) return;
  const sentences = faults.slice(0, 5).map(({ path, message }) => `${path.replace(/^\//, "") || where} ${message}`);
  throw new ApiFailure(400, "invalid_request", `the ${where} is not valid: ${sentences.join("; ")}`, faults);
}
