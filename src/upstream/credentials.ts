import type { UpstreamConfig } from "../config/config.ts";
import type { SecurityRequirement, SecurityScheme } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { Secret } from "../telemetry/secret.ts";
import type { RequestSecurity } from "./exchange.ts";

/** What the Upstream needs to know of who is calling; a Principal has it. */
export interface Caller {
  readonly id: string;
  readonly user: { readonly id: string } | null;
  readonly organisation: { readonly id: string } | null;
  readonly credential?: Secret;
}

/** Credentials as they go into a request. */
export interface Credentials {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly cookies: readonly (readonly [name: string, value: string])[];
}

const nothing: Credentials = { headers: [], query: [], cookies: [] };

/**
 * The caller's key, or the gateway's own where the caller brings none, in the places where the Spec wants it: every scheme of
 * the first alternative that one key can satisfy (OpenAPI 3.1 §4.8.30). An Operation with `security: []` gets none. A
 * configured header replaces what the Spec says. Where the Spec declares schemes and requires none anywhere, the first is used.
 * A header that the configuration fixes is left alone: it is the other half of an AND.
 */
export function credentialsFor(security: RequestSecurity, config: UpstreamConfig, caller: Caller): Credentials {
  if (security.own?.length === 0) return nothing;
  const key = (caller.credential ?? config.apiKey)?.reveal();
  if (key === undefined) return nothing;
  const { credential } = config;
  if (credential !== undefined) {
    return { ...nothing, headers: [[credential.header, `${credential.prefix ?? ""}${key}`]] };
  }
  const schemes = schemesFor(security);
  const placed = schemes.map((scheme) => placeKey(scheme, key));
  const isFixed = (name: string): boolean =>
    Object.keys(config.headers).some((one) => one.toLowerCase() === name.toLowerCase());
  return {
    headers: placed.flatMap((one) => one.headers).filter(([name]) => !isFixed(name)),
    query: placed.flatMap((one) => one.query),
    cookies: placed.flatMap((one) => one.cookies),
  };
}

/** Chosen schemes by API and requirement: the same few are asked for with every call. */
const chosen = new WeakMap<
  RequestSecurity["schemes"],
  WeakMap<readonly SecurityRequirement[], readonly SecurityScheme[]>
>();

function schemesFor(security: RequestSecurity): readonly SecurityScheme[] {
  const required = security.own ?? security.common;
  const ofApi =
    chosen.get(security.schemes) ?? new WeakMap<readonly SecurityRequirement[], readonly SecurityScheme[]>();
  chosen.set(security.schemes, ofApi);
  const schemes = ofApi.get(required) ?? chosenSchemes(security);
  ofApi.set(required, schemes);
  return schemes;
}

/** The schemes of the first alternative that can be satisfied; an empty alternative (optional security) only when no other can. */
function chosenSchemes({ schemes, own, common }: RequestSecurity): readonly SecurityScheme[] {
  const required = own ?? common;
  const alternatives =
    required.length > 0 ? required : Object.keys(schemes).map((name): SecurityRequirement => ({ [name]: [] }));
  const named = alternatives.map((alternative) => Object.keys(alternative).map((name) => schemes[name]));
  const usable = named.filter((group): group is SecurityScheme[] =>
    group.every((scheme) => scheme !== undefined && takesKey(scheme)),
  );
  return usable.find((group) => group.length > 0) ?? [];
}

function takesKey(scheme: SecurityScheme): boolean {
  return scheme.type !== "http" || ["basic", "bearer"].includes(scheme.scheme.toLowerCase());
}

function placeKey(scheme: SecurityScheme, key: string): Credentials {
  switch (scheme.type) {
    case "apiKey": {
      const place = { header: "headers", query: "query", cookie: "cookies" } as const;
      return { ...nothing, [place[scheme.in]]: [[scheme.name, key]] };
    }
    case "http":
      return authorization(scheme.scheme.toLowerCase() === "basic" ? `Basic ${basicPair(key)}` : `Bearer ${key}`);
    case "oauth2":
    case "openIdConnect":
      return authorization(`Bearer ${key}`);
    case "mutualTLS":
      return nothing; // the connection itself is the credential
    default:
      return scheme satisfies never;
  }
}

function authorization(value: string): Credentials {
  return { ...nothing, headers: [["authorization", value]] };
}

/** Names of headers that hold keys, lower case: the configured one, those of the Spec's schemes, and the standard ones. */
export function keyHeaders({ schemes }: RequestSecurity, { credential }: UpstreamConfig): readonly string[] {
  const declared = Object.values(schemes).flatMap((scheme) =>
    scheme.type === "apiKey" && scheme.in === "header" ? [scheme.name] : [],
  );
  const names = ["authorization", "proxy-authorization", ...declared, ...(credential ? [credential.header] : [])];
  return names.map((name) => name.toLowerCase());
}

/** A key without a colon is a user name with an empty password, as Stripe and many others take it. RFC 7617 §2. */
function basicPair(key: string): string {
  return Buffer.from(key.includes(":") ? key : `${key}:`).toString("base64");
}

/**
 * The configured headers with `{user.id}`, `{organisation.id}` and `{principal.id}` filled in. Throws `not_permitted` when
 * the caller has none of what a header needs: an upstream that trusts such a header must not be called without it.
 */
export function configuredHeaders(
  config: UpstreamConfig,
  caller: Caller,
): readonly (readonly [name: string, value: string])[] {
  const facts: Readonly<Record<string, string | undefined>> = {
    "user.id": caller.user?.id,
    "organisation.id": caller.organisation?.id,
    "principal.id": caller.id,
  };
  return Object.entries(config.headers).map(([name, template]) => [name, fill(template, facts)]);
}

function fill(template: string, facts: Readonly<Record<string, string | undefined>>): string {
  return template.replaceAll(/\{([a-z]+\.id)\}/g, (placeholder, name: string) => {
    if (!Object.hasOwn(facts, name)) return placeholder;
    const value = facts[name];
    if (value !== undefined && /^[\t\x20-\x7e]+$/.test(value)) return value;
    throw new GatewayError(
      "not_permitted",
      `the API needs to know the caller's ${name.replace(".id", "")}, and this key does not tell it`,
      {
        next: "Use a key that belongs to a user of an organisation.",
      },
    );
  });
}
