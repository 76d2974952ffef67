/** One noun of the benched API: its schema name and the last segment of its collection's path. */
export interface Noun {
  readonly name: string;
  readonly plural: string;
}

const qualities = "Edge Core Blue Fast Late Prime Quiet Rapid Solid Tidy Urban Vital Warm Young".split(" ");
const things = "Beacon Carrier Depot Garden Lantern Monitor Order Printer Widget".split(" ");

/** The 14 × 9 = 126 nouns of the benched API, always in the same order. With six operations each they make 756 tools. */
export const nouns: readonly Noun[] = qualities.flatMap((quality) =>
  things.map((thing) => ({
    name: `${quality}${thing}`,
    plural: `${quality.toLowerCase()}-${thing.toLowerCase()}s`,
  })),
);

/**
 * One record of a noun: 20 fields, 1 KB (1,024 bytes) as compact JSON, the same for the same noun and id, so that every answer
 * on every way can be compared with it. `id` starts with a letter, which keeps it a string everywhere.
 */
export function recordOf(plural: string, id: string): Readonly<Record<string, unknown>> {
  const record = {
    id,
    kind: plural,
    name: `${plural} number ${id}`,
    description: "",
    status: "operational",
    url: `https://status.example.com/${plural}/${id}`,
    enabled: true,
    intervalSeconds: 60,
    timeoutSeconds: 12.5,
    regions: ["eu-central", "us-east", "ap-south"],
    labels: ["production", "customer-facing"],
    owner: { name: "Platform team", email: "platform@example.com" },
    priority: 3,
    retries: 2,
    method: "GET",
    note: null,
    createdAt: "2026-03-01T09:00:00.000Z",
    updatedAt: "2026-10-07T16:42:11.000Z",
    checksum: `${plural}:${id}`,
    version: 7,
  };
  const missing = 1024 - Buffer.byteLength(JSON.stringify(record));
  return { ...record, description: "Watches one address from several regions. ".repeat(24).slice(0, missing) };
}

/** The OpenAPI 3.1 document of the benched API: list, count, get, create, update and delete of every noun, and a header key. */
export function benchDocument(): Readonly<Record<string, unknown>> {
  return {
    openapi: "3.1.0",
    info: { title: "Bench", version: "1.0.0", description: "126 resource types with six operations each." },
    servers: [{ url: "http://127.0.0.1:9" }],
    security: [{ key: [] }],
    paths: Object.assign({}, ...nouns.map(pathsOf)),
    components: {
      securitySchemes: { key: { type: "apiKey", in: "header", name: "x-api-key" } },
      schemas: Object.assign({}, ...nouns.map(schemasOf)),
    },
  };
}

function pathsOf({ name, plural }: Noun): Readonly<Record<string, unknown>> {
  const words = plural.replace("-", " ");
  const one = { $ref: `#/components/schemas/${name}` };
  const input = { required: true, content: json({ $ref: `#/components/schemas/${name}Input` }) };
  const id = { name: "id", in: "path", required: true, schema: { type: "string", minLength: 1, maxLength: 40 } };
  const operation = (verb: string, summary: string): object => ({
    operationId: `${verb}${name}`,
    tags: [name],
    summary,
  });
  return {
    [`/${plural}`]: {
      get: {
        ...operation("list", `List ${words}, newest first.`),
        parameters: [
          { name: "limit", in: "query", schema: { type: "integer", minimum: 1, maximum: 100, default: 20 } },
          { name: "offset", in: "query", schema: { type: "integer", minimum: 0, default: 0 } },
          { name: "status", in: "query", schema: statusSchema },
          { name: "name", in: "query", description: "Only those whose name begins so.", schema: { type: "string" } },
        ],
        responses: answer(200, {
          type: "object",
          required: ["items", "total"],
          properties: { items: { type: "array", items: one }, total: { type: "integer" } },
        }),
      },
      post: { ...operation("create", `Create one of the ${words}.`), requestBody: input, responses: answer(201, one) },
    },
    [`/${plural}/count`]: {
      get: {
        ...operation("count", `Count the ${words}.`),
        responses: answer(200, { type: "object", required: ["count"], properties: { count: { type: "integer" } } }),
      },
    },
    [`/${plural}/{id}`]: {
      parameters: [id],
      get: { ...operation("get", `Read one of the ${words}.`), responses: answer(200, one) },
      put: { ...operation("update", `Change one of the ${words}.`), requestBody: input, responses: answer(200, one) },
      delete: { ...operation("delete", `Delete one of the ${words}.`), responses: { 204: { description: "Gone." } } },
    },
  };
}

const statusSchema = { type: "string", enum: ["operational", "degraded", "down", "maintenance"] };

function schemasOf({ name }: Noun): Readonly<Record<string, unknown>> {
  const readOnly = { readOnly: true };
  const text = { type: "string" };
  const changeable = {
    name: { ...text, minLength: 1, maxLength: 200, description: "What people call it." },
    description: { ...text, description: "One paragraph for the status page." },
    status: { ...statusSchema, description: "How it is now." },
    url: { ...text, format: "uri", description: "The address that is watched." },
    enabled: { type: "boolean", description: "Off keeps it without checking it." },
    intervalSeconds: { type: "integer", minimum: 10, maximum: 3600, description: "Time between two checks." },
    timeoutSeconds: { type: "number", minimum: 1, maximum: 60, description: "A slower answer counts as down." },
    regions: { type: "array", items: text, description: "Where checks run." },
    labels: { type: "array", items: text, maxItems: 20, description: "Words to filter by." },
    owner: { type: "object", properties: { name: text, email: { ...text, format: "email" } }, required: ["name"] },
    priority: { type: "integer", minimum: 1, maximum: 5, description: "1 is the most urgent." },
    retries: { type: "integer", minimum: 0, maximum: 10, description: "Checks repeated before it counts as down." },
    method: { type: "string", enum: ["GET", "HEAD", "POST"], description: "How the address is asked." },
    note: { type: ["string", "null"], description: "For the team alone." },
  };
  const given = {
    id: { ...text, ...readOnly, description: "Its id." },
    kind: { ...text, ...readOnly },
    createdAt: { ...text, format: "date-time", ...readOnly },
    updatedAt: { ...text, format: "date-time", ...readOnly },
    checksum: { ...text, ...readOnly },
    version: { type: "integer", ...readOnly },
  };
  return {
    [name]: { type: "object", properties: { ...given, ...changeable }, required: ["id", "name", "status"] },
    [`${name}Input`]: { type: "object", properties: changeable, required: ["name", "url"] },
  };
}

function json(schema: object): object {
  return { "application/json": { schema } };
}

function answer(status: number, schema: object): object {
  return { [status]: { description: "Done.", content: json(schema) } };
}
