import type { SecurityScheme } from "../../src/descriptor.ts";
import type { Document } from "../model.ts";
import { resolve } from "../schemas.ts";

/** The security schemes of the Spec that the gateway can satisfy, by name. OpenAPI 3.1 §4.8.27. */
export function securitySchemes(document: Document): Record<string, SecurityScheme> {
  const entries = Object.entries(document.components?.securitySchemes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.flatMap(([name, raw]): [string, SecurityScheme][] => {
      const scheme = schemeOf(resolve(document, raw));
      return scheme === undefined ? [] : [[name, scheme]];
    }),
  );
}

function schemeOf(raw: Readonly<Record<string, unknown>>): SecurityScheme | undefined {
  const { type, name, scheme } = raw;
  if (type === "http" && typeof scheme === "string") return { type, scheme: scheme.toLowerCase() };
  if (type === "oauth2" || type === "openIdConnect" || type === "mutualTLS") return { type };
  if (type !== "apiKey" || typeof name !== "string") return undefined;
  return raw.in === "header" || raw.in === "query" || raw.in === "cookie" ? { type, in: raw.in, name } : undefined;
}
