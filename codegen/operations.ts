import type { Method } from "../src/descriptor.ts";
import { GatewayError } from "../src/errors.ts";
import type { Document, Operation, OperationContent, OperationParam, OperationResponse, SpecSchema } from "./model.ts";
import { isObject, pointerOf, resolve } from "./schemas.ts";

/** The methods of a path item in the order OpenAPI 3.1 §4.8.9 lists them; `query` is 3.2's. */
const methods: readonly string[] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/**
 * Every Operation of the Document, by path, then method, whatever their order there. References to path items, parameters,
 * bodies and answers are followed; schemas stay as they stand. Webhooks and callbacks are calls the API makes, not Operations.
 * Throws `invalid_request` for an operationId that occurs twice, with the JSON pointers of both.
 * https://spec.openapis.org/oas/v3.1.1#path-item-object
 */
export function listOperations(document: Document): Operation[] {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) => ofPath(document, path, item));
  operations.sort((a, b) => compare(a.path, b.path) || compare(a.method, b.method));
  rejectDuplicates(operations);
  return operations;
}

/** Order by UTF-16 code units: the same on every machine. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function rejectDuplicates(operations: readonly Operation[]): void {
  const seen = new Map<string, Operation>();
  for (const operation of operations) {
    if (operation.operationId === undefined) continue;
    const first = seen.get(operation.operationId);
    if (first !== undefined) {
      throw new GatewayError(
        "invalid_request",
        `operationId "${operation.operationId}" is given twice: ${first.pointer} and ${operation.pointer}`,
        { next: "Give each operation its own operationId, or remove it from one of them." },
      );
    }
    seen.set(operation.operationId, operation);
  }
}

function ofPath(document: Document, path: string, raw: unknown): Operation[] {
  if (path.startsWith("x-")) return [];
  const item = { ...resolve(document, raw), ...(isObject(raw) ? raw : {}) };
  return methods
    .filter((method) => isObject(item[method]))
    .map((method) => readOperation(document, path, method, item, item[method] as Record<string, unknown>));
}

function readOperation(
  document: Document,
  path: string,
  method: string,
  item: Readonly<Record<string, unknown>>,
  raw: Readonly<Record<string, unknown>>,
): Operation {
  const upper = method.toUpperCase() as Method; // One of `methods`, which are the Methods in lower case.
  const operationId = textOf(raw.operationId);
  const summary = textOf(raw.summary) ?? textOf(item.summary);
  const description = textOf(raw.description) ?? textOf(item.description);
  const body = readBody(document, raw.requestBody);
  return {
    id: operationId ?? `${upper} ${path}`,
    ...(operationId !== undefined && { operationId }),
    method: upper,
    path,
    tags: listOf(raw.tags).filter((tag): tag is string => typeof tag === "string"),
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    deprecated: raw.deprecated === true,
    params: readParams(document, [...listOf(item.parameters), ...listOf(raw.parameters)]),
    ...(body !== undefined && { body }),
    responses: readResponses(document, raw.responses),
    ...(Array.isArray(raw.security) && { security: raw.security as NonNullable<Operation["security"]> }),
    extensions: Object.fromEntries(Object.entries(raw).filter(([key]) => key.startsWith("x-"))),
    pointer: pointerOf(["paths", path, method]),
  };
}

/** Later ones replace earlier ones of the same name and place, so that an operation's own beat its path's. */
function readParams(document: Document, raw: readonly unknown[]): OperationParam[] {
  const found = new Map<string, OperationParam>();
  for (const entry of raw) {
    const param = readParam(document, resolve(document, entry));
    if (param !== undefined) found.set(`${param.in} ${param.name}`, param);
  }
  return [...found.values()];
}

const places: readonly string[] = ["path", "query", "header", "cookie"];

function readParam(document: Document, raw: SpecSchema): OperationParam | undefined {
  if (typeof raw.name !== "string" || typeof raw.in !== "string" || !places.includes(raw.in)) return undefined;
  const [content] = readContent(document, raw.content);
  const description = textOf(raw.description);
  const style = textOf(raw.style);
  return {
    name: raw.name,
    in: raw.in as OperationParam["in"], // Checked against `places` above.
    required: raw.required === true || raw.in === "path",
    ...(description !== undefined && { description }),
    ...(style !== undefined && { style }),
    ...(typeof raw.explode === "boolean" && { explode: raw.explode }),
    ...(typeof raw.allowReserved === "boolean" && { allowReserved: raw.allowReserved }),
    ...(raw.deprecated === true && { deprecated: true }),
    schema: content?.schema ?? (isObject(raw.schema) ? raw.schema : {}),
    ...(content !== undefined && { content: content.mediaType }),
  };
}

function readBody(document: Document, raw: unknown): Operation["body"] {
  if (!isObject(raw)) return undefined;
  const body = resolve(document, raw);
  const content = readContent(document, body.content);
  if (content.length === 0) return undefined;
  const description = textOf(body.description);
  return { required: body.required === true, ...(description !== undefined && { description }), content };
}

function readResponses(document: Document, raw: unknown): OperationResponse[] {
  return Object.entries(isObject(raw) ? raw : {})
    .filter(([status]) => !status.startsWith("x-"))
    .map(([status, value]) => readResponse(document, status, resolve(document, value)))
    .sort((a, b) => compare(a.status, b.status));
}

function readResponse(document: Document, status: string, response: SpecSchema): OperationResponse {
  const description = textOf(response.description);
  return {
    status,
    ...(description !== undefined && { description }),
    content: readContent(document, response.content),
    headers: readHeaders(document, response.headers),
  };
}

function readHeaders(document: Document, raw: unknown): Record<string, SpecSchema> {
  const entries = Object.entries(isObject(raw) ? raw : {}).map(([name, value]): [string, SpecSchema] => {
    const { schema } = resolve(document, value);
    return [name.toLowerCase(), isObject(schema) ? schema : {}];
  });
  return Object.fromEntries(entries);
}

function readContent(document: Document, raw: unknown): OperationContent[] {
  return Object.entries(isObject(raw) ? raw : {}).map(([mediaType, value]) => {
    const { schema, encoding } = resolve(document, value);
    return {
      mediaType,
      ...(isObject(schema) ? { schema } : schema === true && { schema: {} }),
      ...(isObject(encoding) && { encoding }),
    };
  });
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
