import type { UpstreamConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import { type Caller, type Credentials, configuredHeaders, credentialsFor } from "./credentials.ts";
import type { ParamValue, UpstreamRequest } from "./exchange.ts";
import { serializeBody } from "./serialize/body.ts";
import { cookieHeader, headerParams } from "./serialize/headers.ts";
import { expandPath } from "./serialize/path.ts";
import { encodePairs, queryOf } from "./serialize/query.ts";

/** A request as it goes onto the wire. */
export interface WireRequest {
  readonly method: string;
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** Lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What a request is serialised for. */
export interface WireTarget {
  /** The operator's base URL; Operation paths are appended to its path (security.md F10). */
  readonly base: URL;
  readonly config: UpstreamConfig;
  readonly caller: Caller;
  /** What the gateway says of itself and of the call, lower case; no argument may set one. Default none. */
  readonly headers?: Readonly<Record<string, string>>;
}

const maxUrlBytes = 8192;

/**
 * The one place that makes upstream URLs, headers and bodies. Everything is built from the Operation and the validated
 * arguments; nothing of the inbound request is in it (security.md §1.4). Throws `invalid_arguments` for a value that its
 * place cannot hold.
 */
export function serialize(request: UpstreamRequest, { base, config, caller, headers = {} }: WireTarget): WireRequest {
  const credentials = credentialsFor(request.security, config, caller);
  const template = templateOf(request.operation);
  const path = `${basePath(base)}${expandPath(template.path, request.params)}`;
  const query = [template.query, fullQuery(request, credentials, template.query)]
    .filter((part) => part !== "")
    .join("&");
  const target = query === "" ? path : `${path}?${query}`;
  assertSameTarget(base, path, target);
  const body = request.body === undefined ? undefined : serializeBody(request.body, config.limits.fileBytes);
  return {
    method: request.operation.method,
    origin: base.origin,
    path: target,
    headers: {
      accept: request.accept ?? "application/json",
      ...(body === undefined ? {} : { "content-type": body.contentType }),
      ...headersOf(request.params, { config, caller, headers }, credentials),
    },
    ...(body === undefined ? {} : { body: body.content }),
  };
}

interface Template {
  readonly path: string;
  readonly query: string;
}

/** Templates by Operation: the same few are asked for with every call. */
const templates = new WeakMap<UpstreamRequest["operation"], Template>();

function templateOf(operation: UpstreamRequest["operation"]): Template {
  const known = templates.get(operation);
  if (known !== undefined) return known;
  const template = splitTemplate(operation.path);
  templates.set(operation, template);
  return template;
}

/** Some Specs write a fixed query (`/x?action=list`) or a fragment that tells twins apart (`/x#put`) into the path. */
function splitTemplate(template: string): Template {
  const [path = "", query = ""] = template.replace(/#.*$/s, "").split(/\?(.*)/s, 2);
  return { path, query };
}

function basePath(base: URL): string {
  return base.pathname.replace(/\/+$/, "");
}

function fullQuery({ nextQuery, params }: UpstreamRequest, credentials: Credentials, fixed: string): string {
  const inQuery = params.filter(({ param }) => param.in === "query");
  if (inQuery.length === 0 && nextQuery === undefined && credentials.query.length === 0) return "";
  const taken = new Set([...new URLSearchParams(fixed).keys(), ...credentials.query.map(([name]) => name)]);
  const query = nextQuery === undefined ? queryOf(inQuery, taken) : encodePairs(nextQuery);
  return [query, encodePairs(credentials.query)].filter((part) => part !== "").join("&");
}

/** Later ones win: an argument never replaces what the operator or the credential sets, it is refused before. */
function headersOf(
  params: readonly ParamValue[],
  { config, caller, headers = {} }: Pick<WireTarget, "config" | "caller" | "headers">,
  credentials: Credentials,
): Readonly<Record<string, string>> {
  const said = Object.entries(headers);
  const fixed = [...said, ...configuredHeaders(config, caller), ...credentials.headers].map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  const isPlain =
    credentials.cookies.length === 0 && params.every(({ param }) => param.in === "path" || param.in === "query");
  if (isPlain) return Object.fromEntries(fixed);
  const reserved = config.credential === undefined ? [] : [config.credential.header.toLowerCase()];
  const taken = new Set([...fixed.map(([name]) => name), ...reserved]);
  const cookie = cookieHeader(params, credentials.cookies);
  return Object.fromEntries([
    ...headerParams(params, taken),
    ...(cookie === undefined ? [] : [["cookie", cookie] as const]),
    ...fixed,
  ]);
}

/**
 * F4: parsed as a URL, the target is still the operator's origin and exactly the path that was built: no segment removed,
 * nothing moved into query or fragment.
 */
function assertSameTarget(base: URL, path: string, target: string): void {
  if (target.length > maxUrlBytes) {
    throw new GatewayError(
      "invalid_arguments",
      `the arguments make a URL of ${target.length} bytes; ${maxUrlBytes} are the most`,
      {
        next: "Give fewer or shorter values.",
      },
    );
  }
  const url = URL.parse(`${base.origin}${target}`);
  const isSame = url !== null && url.origin === base.origin && url.pathname === path && url.hash === "";
  if (!isSame) throw new Error(`the URL built for ${path.length} characters of path is not the one planned`);
}
