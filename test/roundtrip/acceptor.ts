import { createInstance, getHttpOperationsFromSpec } from "@stoplight/prism-http";
import { linkParameter } from "./answers.ts";
import { readable } from "./readable.ts";
import type { Recorded } from "./recorder.ts";

type Operations = Awaited<ReturnType<typeof getHttpOperationsFromSpec>>;
type Operation = Operations[number];

/** Whether a request is one that a document describes, in the words of a validator that shares no code with ours. */
export interface Acceptor {
  /** What is wrong with `request` as a call of the operation at `template`; empty when nothing is. */
  readonly complaints: (request: Recorded, template: string) => Promise<readonly string[]>;
}

/** An Acceptor over a document as its author wrote it: Swagger 2.0, OpenAPI 3.0 or 3.1. */
export async function createAcceptor(document: object, keepsOneOf = false): Promise<Acceptor> {
  const operations = await getHttpOperationsFromSpec(readable(document, keepsOneOf));
  const byMethod = Map.groupBy(operations, ({ method }) => method.toUpperCase());
  return {
    complaints: async (request, template) => {
      const named = (byMethod.get(request.method) ?? []).filter(({ path }) => path === template);
      if (named.length !== 1) return [`the document has ${named.length} operations ${request.method} ${template}`];
      return [...(await refusals(request, named)), ...undeclared(request, named)];
    },
  };
}

const silent = {
  info() {},
  debug() {},
  warn() {},
  error() {},
  trace() {},
  fatal() {},
  success() {},
  child: () => silent,
};

/** Nothing is mocked: the answer is not looked at. */
const noAnswer = () => () => async () => ({ _tag: "Right", right: { statusCode: 204 } });

const prism = createInstance(
  {
    mock: { dynamic: false },
    validateRequest: true,
    validateResponse: false,
    checkSecurity: false,
    errors: false,
    isProxy: false,
    upstreamProxy: undefined,
  } as never,
  { logger: silent as never, mock: noAnswer as never },
);

async function refusals(request: Recorded, operations: Operations): Promise<readonly string[]> {
  const url = new URL(request.path, "http://upstream.test");
  const input = {
    method: request.method.toLowerCase() as "get",
    url: { path: url.pathname.replaceAll(",", "%2C"), query: queryOf(url) },
    headers: { ...request.headers, ...lengthOf(request) },
    body: bodyOf(request),
  };
  const told = await asked(
    input,
    operations.map((operation) => matchable(operation, request)),
  );
  if (told instanceof Error) return [`the validator cannot read it: ${told.message}`];
  if (told._tag === "Left") return [told.left.message];
  const faults = told.right.validations.input.filter(({ severity }) => severity === 0); // the rest says what is deprecated
  return faults.map(({ message, path }) => `${path?.join(".")}: ${message}`);
}

/** The operation as the validator can match it, without optional headers that the request does not have: it stumbles over absent lists. */
function matchable(operation: Operation, { headers }: Recorded): Operation {
  const given = operation.request?.headers?.filter(({ name, required }) => required || name.toLowerCase() in headers);
  const path = operation.path.replace(/#.*$/s, ""); // a fragment tells twins apart and is not sent
  return { ...operation, path, request: { ...operation.request, ...(given !== undefined && { headers: given }) } };
}

async function asked(input: Parameters<typeof prism.request>[0], operations: Operations) {
  try {
    return await prism.request(input, operations)();
  } catch (thrown) {
    return thrown as Error; // it throws nothing else
  }
}

function queryOf(url: URL): Record<string, string | string[]> {
  const names = [...new Set(url.searchParams.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const all = url.searchParams.getAll(name);
      return [name, all.length === 1 ? (all[0] ?? "") : all];
    }),
  );
}

function lengthOf({ body }: Recorded): Readonly<Record<string, string>> {
  return body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
}

function bodyOf({ body, headers }: Recorded): unknown {
  if (body === undefined) return undefined;
  const text = typeof body === "string" ? body : Buffer.from(body).toString("utf8");
  return /\bjson\b/.test(headers["content-type"] ?? "") ? (JSON.parse(text) as unknown) : text;
}

const ours = /^(accept|accept-encoding|content-type|content-length|user-agent|cookie)$/;

/** Names that the operation does not declare, which the validator lets pass. */
function undeclared(request: Recorded, [operation]: Operations): readonly string[] {
  if (operation === undefined) return [];
  const url = new URL(request.path, "http://upstream.test");
  const known = knownQuery(operation);
  const headers = new Set((operation.request?.headers ?? []).map(({ name }) => name.toLowerCase()));
  const query = [...new Set(url.searchParams.keys())].filter((name) => !known(name) && name !== linkParameter);
  const strange = Object.keys(request.headers).filter((name) => !ours.test(name) && !headers.has(name));
  return [
    ...query.map((name) => `query parameter ${name} is not declared`),
    ...strange.map((name) => `header ${name} is not declared`),
  ];
}

/** Objects in style `form` spread their own names over the query; `deepObject` puts them in brackets. */
function knownQuery({ request, path }: Operation): (name: string) => boolean {
  const declared = request?.query ?? [];
  const names = new Set([
    ...declared.map(({ name }) => name),
    ...new URL(path, "http://upstream.test").searchParams.keys(),
  ]);
  const spread = declared.filter(
    ({ style, explode, schema }) => `${style}` === "form" && explode !== false && schema?.type !== "array",
  );
  const inside = new Set(spread.flatMap(({ schema }) => Object.keys(schema?.properties ?? {})));
  const isOpen = spread.some(({ schema }) => schema?.type === "object" && schema.additionalProperties !== false);
  return (name) => isOpen || names.has(name) || inside.has(name) || names.has(name.replace(/\[.*$/s, ""));
}
