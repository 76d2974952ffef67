import type { CredentialCheck, Identity } from "../auth/authenticate.ts";
import type { CredentialsConfig } from "../config/config.ts";
import type { Api, ToolSpec } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import type { Upstream } from "../upstream/client.ts";

type CheckConfig = NonNullable<CredentialsConfig["check"]>;

/** Who is asked about a key: nobody yet, so only the key itself counts. */
const asking = { id: "credential-check", user: null, organisation: null };

/**
 * Asks the upstream who a key is, by the read Operation that `credentials.check` names. Null when it refuses the key.
 * Throws `upstream_unavailable` when it cannot say: a key is never taken for bad because the upstream is down.
 * Throws `invalid_request` at once when the API has no such Operation, or one that changes something.
 */
export function createCredentialCheck(api: Api, config: CheckConfig, upstream: Upstream): CredentialCheck {
  const spec = checkOperation(api, config.operation);
  return async (credential) => {
    try {
      const { body } = await upstream.send(
        {
          operation: spec.operation,
          effect: "read",
          idempotent: true,
          params: [],
          security: {
            schemes: api.securitySchemes,
            common: api.security,
            ...(spec.security === undefined ? {} : { own: spec.security }),
          },
        },
        { principal: { ...asking, credential }, isShared: true },
      );
      return identityOf(body, config);
    } catch (thrown) {
      const { facts } = GatewayError.from(thrown);
      if (facts.upstreamStatus !== undefined && config.refusedStatuses.includes(facts.upstreamStatus)) return null;
      throw new GatewayError("upstream_unavailable", "the API could not be asked about the key", {
        next: "Try again shortly.",
        cause: thrown,
      });
    }
  };
}

function checkOperation(api: Api, id: string): ToolSpec {
  const all = api.resources.flatMap(({ tools, actions }) => [...Object.values(tools), ...Object.values(actions)]);
  const found = all.find((spec) => spec.operation.id === id || spec.name === id);
  if (found?.effect !== "read" || found.operation.path.includes("{"))
    throw new GatewayError(
      "invalid_request",
      `credentials.check.operation is "${id}", which is not a read operation without path parameters of this API`,
      { next: "Name the operation that answers who a key is, such as the one behind GET /me." },
    );
  return found;
}

/** Who an answer says its asker is, by the paths of the configuration. */
export function identityOf(answer: unknown, config: Omit<CheckConfig, "cacheSeconds">): Identity {
  return {
    user: party(answer, config.user, config.userName),
    organisation: party(answer, config.organisation, config.organisationName),
    scopes: config.scopes === undefined ? null : scopesOf(answer, config.scopes),
  };
}

function party(answer: unknown, id: string | undefined, name: string | undefined): Identity["user"] {
  const found = id === undefined ? undefined : at(answer, id);
  if (typeof found !== "string" && typeof found !== "number") return null;
  const called = name === undefined ? undefined : at(answer, name);
  return { id: String(found), ...(typeof called === "string" && { name: called }) };
}

/** A value that `map` does not know grants nothing: an unknown word of the API's must not open anything. */
function scopesOf(answer: unknown, { path, map }: NonNullable<CheckConfig["scopes"]>): readonly string[] {
  const found = at(answer, path);
  const words = Array.isArray(found) ? found : typeof found === "string" ? found.split(/[\s,]+/) : [];
  const known = words.filter((word) => typeof word === "string" && word !== "") as string[]; // just filtered
  return map === undefined ? known : known.flatMap((word) => (Object.hasOwn(map, word) ? [map[word] as string] : [])); // hasOwn says so
}

/** What is at a dot path of a JSON value; undefined where there is nothing. */
export function at(value: unknown, path: string): unknown {
  let inner = value;
  for (const key of path.split(".")) {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, key)) return undefined;
    inner = (inner as Readonly<Record<string, unknown>>)[key]; // an object, as just checked
  }
  return inner;
}
