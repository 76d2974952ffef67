import type { Accounts, Asking } from "../auth/account.ts";
import type { ToolOrigin } from "../catalog/tool.ts";
import type { ConsentConfig, ListedOperation, Templates } from "../config/signIn.ts";
import type { Api, ToolSpec } from "../descriptor.ts";
import { GatewayError } from "../errors.ts";
import { kinds } from "../operations/kinds.ts";
import { requestFor } from "../operations/request.ts";
import type { Arguments, Output, StepContext } from "../operations/steps.ts";
import { Secret } from "../telemetry/secret.ts";
import type { Upstream } from "../upstream/client.ts";
import type { UpstreamRequest } from "../upstream/exchange.ts";
import { at, identityOf } from "./credentialCheck.ts";

export interface AccountsOptions {
  readonly api: Api;
  readonly consent: ConsentConfig;
  /** Sends keys as the Spec says. */
  readonly forKeys: Upstream;
  /** Sends access tokens as `consent.credential` says. */
  readonly forTokens: Upstream;
}

/** As many organisations or pages as a person can still choose from. */
const mostItems = 1_000;
const perRead = 200;

/**
 * {@link Accounts} by the Operations that `oauth.consent` names. Nothing is sent now. Throws `invalid_request` for an Operation that
 * the API does not have, or that changes something where it should only read.
 */
export function createAccounts(options: AccountsOptions): Accounts {
  const { consent } = options;
  const { me, organisations, pages, mint, unmint } = consent;
  return {
    ...(me && { me: createMe(options, me) }),
    ...(organisations && { organisations: createList(options, "organisations", organisations) }),
    ...(pages && { pages: createList(options, "pages", pages) }),
    ...(mint && { mint: createMint(options, mint) }),
    ...(unmint && { unmint: createUnmint(options, unmint) }),
  };
}

function createMe(options: AccountsOptions, me: NonNullable<ConsentConfig["me"]>): NonNullable<Accounts["me"]> {
  const origin = operationNamed(options.api, "me", me.operation, "read");
  return async (asking) => {
    try {
      return identityOf(await send(options, asking, requestFor(origin, {})), me);
    } catch (thrown) {
      const { upstreamStatus } = GatewayError.from(thrown).facts;
      if (upstreamStatus !== undefined && me.refusedStatuses.includes(upstreamStatus)) return null;
      throw told(thrown);
    }
  };
}

function createList(
  options: AccountsOptions,
  what: "organisations" | "pages",
  config: ListedOperation,
): NonNullable<Accounts["organisations"]> {
  const origin = operationNamed(options.api, what, config.operation, "read");
  const read = origin.spec.kind === "list" && config.items === undefined ? readList : readOnce;
  return async (asking) => {
    try {
      const items = await read(options, asking, { origin, config });
      return items.flatMap((item) => namedIn(item, config));
    } catch (thrown) {
      throw told(thrown);
    }
  };
}

/** One list Operation and what is read of it. */
interface Listing {
  readonly origin: ToolOrigin;
  readonly config: ListedOperation;
}

async function readOnce(options: AccountsOptions, asking: Asking, listing: Listing): Promise<readonly unknown[]> {
  const { origin, config } = listing;
  const body = await send(options, asking, requestFor(origin, filled(config.arguments, factsOf(asking))));
  const items = config.items === undefined ? body : at(body, config.items);
  if (Array.isArray(items)) return items;
  throw new GatewayError("upstream_invalid_response", `the answer of ${config.operation} holds no list`);
}

async function readList(options: AccountsOptions, asking: Asking, listing: Listing): Promise<readonly unknown[]> {
  const { origin, config } = listing;
  const found: unknown[] = [];
  const args = { limit: perRead, ...filled(config.arguments, factsOf(asking)) };
  for (let cursor: unknown; found.length < mostItems; ) {
    const output = await run(options, asking, { origin, args: { ...args, ...(cursor !== undefined && { cursor }) } });
    if (Array.isArray(output.items)) found.push(...output.items);
    cursor = output.nextCursor;
    if (output.hasMore !== true || cursor === undefined) break;
  }
  return found.slice(0, mostItems);
}

/** Cursors do not leave this process, so nobody has to be kept from making one. */
const context: StepContext = {
  principalId: "consent",
  sign: () => "own",
  verifies: (_text, signature) => signature === "own",
  now: Date.now,
  resultBytes: 4_194_304,
  countPages: 1,
};

async function run(
  options: AccountsOptions,
  asking: Asking,
  { origin, args }: { readonly origin: ToolOrigin; readonly args: Arguments },
): Promise<Output> {
  const steps = kinds[origin.spec.kind].steps(origin, args, context);
  let step = steps.next();
  while (!step.done) step = steps.next(await upstreamOf(options, asking).send(step.value, sendingOf(options, asking)));
  return step.value;
}

function namedIn(item: unknown, { id, name }: ListedOperation): readonly { id: string; name?: string }[] {
  const found = at(item, id);
  const called = at(item, name);
  if (typeof found !== "string" && typeof found !== "number") return [];
  return [{ id: String(found), ...(typeof called === "string" && { name: called }) }];
}

function createMint(options: AccountsOptions, mint: NonNullable<ConsentConfig["mint"]>): NonNullable<Accounts["mint"]> {
  const origin = operationNamed(options.api, "mint", mint.operation, "write");
  return async (asking, { name, scopes }) => {
    const rights = [...new Set(scopes.flatMap((scope) => mint.scopes?.[scope] ?? (mint.scopes ? [] : [scope])))];
    const args = filled(mint.arguments, { ...factsOf(asking), name, scopes: rights });
    const body = await send(options, asking, requestFor(origin, args)).catch((thrown: unknown) => {
      throw told(thrown);
    });
    const [key, keyRef] = [at(body, mint.key), at(body, mint.keyRef)];
    if (typeof key !== "string" || key === "")
      throw new GatewayError("upstream_invalid_response", `the answer of ${mint.operation} holds no key`);
    const isRef = typeof keyRef === "string" || typeof keyRef === "number";
    return { credential: new Secret(key), ...(isRef && { keyRef: String(keyRef) }) };
  };
}

function createUnmint(
  options: AccountsOptions,
  unmint: NonNullable<ConsentConfig["unmint"]>,
): NonNullable<Accounts["unmint"]> {
  const origin = operationNamed(options.api, "unmint", unmint.operation, "change");
  return async (asking, keyRef) => {
    const args = filled(unmint.arguments, { ...factsOf(asking), key: keyRef });
    await send(options, asking, requestFor(origin, args));
  };
}

async function send(options: AccountsOptions, asking: Asking, request: UpstreamRequest): Promise<unknown> {
  return (await upstreamOf(options, asking).send(request, sendingOf(options, asking))).body;
}

function upstreamOf({ forKeys, forTokens }: AccountsOptions, { kind }: Asking): Upstream {
  return kind === "token" ? forTokens : forKeys;
}

function sendingOf({ consent }: AccountsOptions, asking: Asking): Parameters<Upstream["send"]>[1] {
  const { credential, kind, organisation, user } = asking;
  const headers =
    kind === "token" && organisation !== null
      ? (filled(consent.headers, factsOf(asking)) as Record<string, string>)
      : {}; // texts stay texts
  return {
    principal: { id: "consent", organisation, user, ...(credential !== null && { credential }) },
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    isShared: true,
  };
}

/** What a template may name. */
type Facts = Readonly<Record<string, string | readonly string[] | undefined>>;

function factsOf({ organisation, user }: Asking): Facts {
  return { "organisation.id": organisation?.id, "user.id": user?.id };
}

/** Templates with the facts in place. Throws `not_permitted` where one asks for what is not known. */
function filled(templates: Templates, facts: Facts): Record<string, unknown> {
  const fill = (value: unknown): unknown => {
    if (typeof value !== "string") return Array.isArray(value) ? value.map(fill) : value;
    const [, whole] = /^\{([a-z.]+)\}$/.exec(value) ?? [];
    if (whole !== undefined && Array.isArray(facts[whole])) return facts[whole];
    return value.replaceAll(/\{([a-z.]+)\}/g, (placeholder, name: string) => {
      if (!Object.hasOwn(facts, name)) return placeholder;
      const fact = facts[name];
      if (typeof fact === "string") return fact;
      throw new GatewayError(
        "not_permitted",
        `the API needs to know the ${name.replace(".id", "")}, which is not known here`,
      );
    });
  };
  return Object.fromEntries(Object.entries(templates).map(([name, value]) => [name, fill(value)]));
}

function operationNamed(api: Api, use: string, id: string, wanted: "read" | "write" | "change"): ToolOrigin {
  const all = api.resources.flatMap((resource) =>
    [...Object.values(resource.tools), ...Object.values(resource.actions)].map((spec) => ({ api, resource, spec })),
  );
  const named = all.filter(({ spec }) => (spec.operation.id === id || spec.name === id) && suits(spec, wanted));
  // A Count may borrow the Operation of its List.
  const found = named.find(({ spec }) => spec.kind !== "count") ?? named[0];
  if (found !== undefined) return found;
  throw new GatewayError(
    "invalid_request",
    `oauth.consent.${use}.operation is "${id}", which is not a ${wanted === "read" ? "read" : "write"} operation of this API; specgate tools list shows those it has`,
  );
}

function suits({ effect }: ToolSpec, wanted: "read" | "write" | "change"): boolean {
  return wanted === "read" ? effect === "read" : wanted === "write" ? effect === "write" : effect !== "read";
}

/** What the API's refusal means to somebody at a page, where the codes of tools would not help. */
function told(thrown: unknown): unknown {
  const error = GatewayError.from(thrown);
  const { upstreamStatus } = error.facts;
  if (upstreamStatus === 401)
    return new GatewayError("unauthenticated", "the API no longer accepts this sign-in", { cause: thrown });
  if (upstreamStatus === 403)
    return new GatewayError("not_permitted", "the API does not let you do this", { cause: thrown });
  return error;
}
