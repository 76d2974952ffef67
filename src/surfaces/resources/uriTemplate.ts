import { GatewayError } from "../../errors.ts";

/** Values of the variables of a template, decoded. */
export type Variables = Readonly<Record<string, string>>;

/**
 * A URI with variables. What of RFC 6570 an address of a resource needs: `{name}` is one path segment or a part of it,
 * `{?a,b}` or `?a={a}&b={b}` are query parameters, which may always be left away. A URI without variables is one too.
 */
export interface UriTemplate {
  /** As written, which is what clients see. */
  readonly text: string;
  /** In the order in which they are written. */
  readonly variables: readonly string[];
  /** Those of them that stand in the query. */
  readonly optional: readonly string[];
  /** The values in `uri`; undefined where it is no URI of the template. */
  readonly match: (uri: string) => Matched | undefined;
  /** The URI of these values, percent-encoded; undefined where one of the path is missing. */
  readonly expand: (values: Readonly<Record<string, string | undefined>>) => string | undefined;
  /** Orders templates: of two that match one URI the first is meant. Equal for two that match the same ones. */
  readonly rank: string;
}

/** What a URI says in the terms of its template. */
export interface Matched {
  readonly values: Variables;
  /** Query parameters that the template does not have. */
  readonly unknown: readonly string[];
}

/** Parses a template. Throws `invalid_request` for what is not one; does not check that the scheme is registered. */
export function parseUriTemplate(text: string): UriTemplate {
  const { path, query } = splitQuery(text);
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s{}]/.test(text)) throw fault(text, "it has to begin like beacon://pages");
  if (/[#\s]/.test(text)) throw fault(text, "it must hold neither # nor white space");
  const parts = path.split(/(\{[^{}]*\})/);
  for (const part of parts)
    if (/[{}]/.test(part) && !/^\{\w+\}$/.test(part))
      throw fault(text, `${part} is not a variable; write {name} in the path and {?name} at the end`);
  const pathNames = parts.filter(isVariable).map(nameIn);
  const optional = query.flatMap(({ variable }) => (variable === undefined ? [] : [variable]));
  const variables = [...pathNames, ...optional];
  const twice = variables.find((name, index) => variables.indexOf(name) !== index);
  if (twice !== undefined) throw fault(text, `{${twice}} stands in it twice`);
  const pattern = new RegExp(`^${parts.map((part) => (isVariable(part) ? "([^/?#]+)" : escaped(part))).join("")}$`);
  return {
    text,
    variables,
    optional,
    match: (uri) => matchUri(uri, { pattern, pathNames, query }),
    expand: (values) => expandUri(parts, query, values),
    rank: rankOf(parts, query),
  };
}

/** One query parameter: the value of a variable, or always the same. */
type QueryPart = { readonly name: string } & (
  | { readonly variable: string; readonly value?: undefined }
  | { readonly variable?: undefined; readonly value: string }
);

function splitQuery(text: string): { readonly path: string; readonly query: readonly QueryPart[] } {
  const form = /\{[?&]([^{}]*)\}$/.exec(text);
  const rest = form === null ? text : text.slice(0, form.index);
  const at = rest.indexOf("?");
  const path = at < 0 ? rest : rest.slice(0, at);
  const written = at < 0 ? [] : rest.slice(at + 1).split("&");
  const named = form === null ? [] : (form[1] ?? "").split(",");
  for (const name of named) if (!/^\w+$/.test(name)) throw fault(text, `"${name}" is not the name of a variable`);
  return {
    path,
    query: [
      ...written.map((pair) => queryPart(text, pair)),
      ...named.map((name): QueryPart => ({ name, variable: name })),
    ],
  };
}

function queryPart(text: string, pair: string): QueryPart {
  const [, name, value = ""] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
  if (name === undefined) throw fault(text, `"${pair}" is not a query parameter such as limit={limit}`);
  const variable = /^\{(\w+)\}$/.exec(value)?.[1];
  if (variable !== undefined) return { name, variable };
  if (/[{}]/.test(pair)) throw fault(text, `"${pair}" mixes text and variables`);
  return { name, value: decodeURIComponent(value) };
}

interface Parsed {
  readonly pattern: RegExp;
  readonly pathNames: readonly string[];
  readonly query: readonly QueryPart[];
}

function matchUri(uri: string, { pattern, pathNames, query }: Parsed): Matched | undefined {
  const at = uri.indexOf("?");
  const found = pattern.exec(at < 0 ? uri : uri.slice(0, at));
  if (found === null) return undefined;
  const given = new URLSearchParams(at < 0 ? "" : uri.slice(at + 1));
  if (query.some(({ name, value }) => value !== undefined && given.get(name) !== value)) return undefined;
  const known = new Map(query.map((part) => [part.name, part]));
  const unknown = [...new Set(given.keys())].filter((name) => !known.has(name));
  // A URI without variables is that URI and no other.
  if (unknown.length > 0 && pathNames.length === 0 && query.every(({ variable }) => variable === undefined))
    return undefined;
  const values: Record<string, string> = {};
  for (const [index, name] of pathNames.entries()) {
    const value = decoded(found[index + 1] ?? "");
    if (value === undefined) return undefined;
    values[name] = value;
  }
  for (const { name, variable } of query) {
    const value = given.get(name);
    if (variable !== undefined && value !== null) values[variable] = value;
  }
  return { values, unknown };
}

function expandUri(
  parts: readonly string[],
  query: readonly QueryPart[],
  values: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const path = parts.map((part) => {
    if (!isVariable(part)) return part;
    const value = values[nameIn(part)];
    return value === undefined || value === "" ? undefined : encodeURIComponent(value);
  });
  if (path.includes(undefined)) return undefined;
  const pairs = query.flatMap(({ name, variable, value }) => {
    const own = variable === undefined ? value : values[variable];
    return own === undefined || own === "" ? [] : [`${name}=${encodeURIComponent(own)}`];
  });
  return `${path.join("")}${pairs.length === 0 ? "" : `?${pairs.join("&")}`}`;
}

/** Literal segments before variable ones, segment by segment; then more fixed query parameters before fewer. */
function rankOf(parts: readonly string[], query: readonly QueryPart[]): string {
  const path = parts.map((part) => (isVariable(part) ? "{}" : part)).join("");
  const segments = path.split("/").map((segment) => (segment.includes("{}") ? `1${segment}` : `0${segment}`));
  const fixed = query.flatMap(({ name, value }) => (value === undefined ? [] : [`${name}=${value}`])).sort();
  return `${segments.join("/")}?${String(1_000 - fixed.length).padStart(4, "0")}${fixed.join("&")}`;
}

function isVariable(part: string): boolean {
  return part.startsWith("{");
}

function nameIn(part: string): string {
  return part.slice(1, -1);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.|?+*()[\]{}]/g, "\\$&");
}

function fault(text: string, why: string): GatewayError {
  return new GatewayError("invalid_request", `"${text}" is not the URI of a resource: ${why}`);
}
