/** The OpenAPI 3.1 document of Beacon, read off the same routes the server answers. */
import type { Field, Json, Schema } from "./model/fields.ts";
import { nouns } from "./model/index.ts";
import type { Route } from "./route.ts";
import { routes, specialSchemas } from "./routes.ts";
import { readSchema } from "./schemas.ts";

/** Part of the document: JSON. */
interface Part {
  readonly [key: string]: Json | Schema | Part | readonly Part[] | undefined;
}

const failures: Readonly<Record<string, string>> = {
  400: "The input is not valid; details names each fault",
  401: "No key, or one that does not work",
  403: "The key's scopes or the person's role do not include this",
  404: "There is no such thing in your organisation",
  409: "Its present state does not allow this",
};

const failureSchema: Schema = {
  type: "object",
  properties: {
    error: {
      type: "object",
      properties: {
        code: { type: "string" },
        message: { type: "string" },
        details: {
          type: "array",
          items: { type: "object", properties: { path: { type: "string" }, message: { type: "string" } } },
        },
      },
      required: ["code", "message"],
    },
  },
  required: ["error"],
};

/** The whole document. The same model gives the same value, key order included. */
export function openApiDocument(): Part {
  const shared = sharedParameters();
  const tags = [...new Set(routes.map((route) => route.tag))].sort();
  return {
    openapi: "3.1.0",
    info: {
      title: "Beacon",
      version: "1.0.0",
      description:
        "Status pages, incidents, on-call and observability in one API. A demo: it is real, but its data is invented.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://127.0.0.1:4010", description: "A Beacon started on this machine" }],
    security: [{ apiKey: [] }, { bearer: [] }],
    tags: tags.map((name) => ({ name })),
    paths: pathItems(shared),
    components: {
      securitySchemes: {
        apiKey: { type: "apiKey", in: "header", name: "x-api-key", description: "An API key" },
        bearer: { type: "http", scheme: "bearer", description: "The same API key as a bearer token" },
      },
      parameters: Object.fromEntries(shared),
      schemas: componentSchemas(),
      responses: Object.fromEntries(
        Object.entries(failures).map(([status, description]) => [
          `Error${status}`,
          { description, content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } },
        ]),
      ),
    },
  };
}

function componentSchemas(): Part {
  const named = routes.flatMap(({ body }) => (body?.name === undefined ? [] : [[body.name, body.schema] as const]));
  const read = nouns.map((noun) => [noun.name, readSchema(noun)] as const);
  const shared: readonly (readonly [string, Schema])[] = [
    ["Error", failureSchema],
    ["Count", { type: "object", properties: { count: { type: "integer", minimum: 0 } }, required: ["count"] }],
    [
      "Reference",
      {
        type: "object",
        description: "Another thing by id and name",
        properties: { id: { type: "string" }, name: { type: "string" } },
        required: ["id", "name"],
      },
    ],
  ];
  // A noun with a shared schema names it as its body too: the noun's own schema, written last, is the one that counts.
  const all = new Map<string, Schema>([...named, ...shared, ...Object.entries(specialSchemas), ...read]);
  return Object.fromEntries([...all].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function pathItems(shared: ReadonlyMap<string, Part>): Part {
  const byPath = Map.groupBy(routes, (route) => route.path);
  const sorted = [...byPath].sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([path, own]) => [
      path,
      Object.fromEntries(own.map((route) => [route.method.toLowerCase(), operation(route, shared)])),
    ]),
  );
}

function operation(route: Route, shared: ReadonlyMap<string, Part>): Part {
  const parameters = [
    ...pathParameters(route.path),
    ...Object.entries(route.query ?? {}).map(([name, field]) => queryParameter(shared, name, field)),
  ];
  return {
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.operationId === undefined ? {} : { operationId: route.operationId }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route.body) }),
    responses: { [route.success.status]: success(route.success), ...failureRefs(route) },
    ...(route.scope === null ? { security: [] } : {}),
  };
}

function pathParameters(path: string): readonly Part[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string", maxLength: 64 },
  }));
}

/** Parameters many operations share, written once: those that read the same wherever they occur. */
function sharedParameters(): ReadonlyMap<string, Part> {
  const texts = new Map<string, string[]>();
  for (const [name, field] of routes.flatMap((route) => Object.entries(route.query ?? {}))) {
    texts.set(name, [...(texts.get(name) ?? []), JSON.stringify(statedParameter(name, field))]);
  }
  const shared = [...texts].filter(([, all]) => all.length > 20 && new Set(all).size === 1);
  return new Map(
    shared
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, all]) => [name, JSON.parse(all[0] ?? "{}") as Part]),
  );
}

function queryParameter(shared: ReadonlyMap<string, Part>, name: string, field: QueryField): Part {
  return shared.has(name) ? { $ref: `#/components/parameters/${name}` } : statedParameter(name, field);
}

type QueryField = Field & { readonly commas?: boolean };

function statedParameter(name: string, field: QueryField): Part {
  const { description, ...schema } = field.schema;
  return {
    name,
    in: "query",
    ...(description === undefined ? {} : { description }),
    ...(field.required ? { required: true } : {}),
    ...(field.commas === true ? { style: "form", explode: false } : {}),
    schema,
  };
}

function requestBody({ schema, name, optional }: NonNullable<Route["body"]>): Part {
  const stated = name === undefined ? schema : { $ref: `#/components/schemas/${name}` };
  return { required: optional !== true, content: { "application/json": { schema: stated } } };
}

function success({ description, schema, headers }: Route["success"]): Part {
  const stated = Object.entries(headers ?? {}).map(([name, { description: about, ...header }]) => [
    name,
    { ...(about === undefined ? {} : { description: about }), schema: header },
  ]);
  return {
    description,
    ...(stated.length === 0 ? {} : { headers: Object.fromEntries(stated) }),
    ...(schema === undefined ? {} : { content: { "application/json": { schema } } }),
  };
}

function failureRefs(route: Route): Part {
  if (route.scope === null) return {};
  const hasInput = route.query !== undefined || route.body !== undefined;
  const hasTarget = route.path.includes("{") || route.body !== undefined;
  const statuses = [
    ...(hasInput ? [400] : []),
    401,
    403,
    ...(hasTarget ? [404] : []),
    ...(route.conflicts === true ? [409] : []),
  ];
  return Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/Error${status}` }]));
}
