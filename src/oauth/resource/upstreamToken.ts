import { hash } from "node:crypto";
import type { JWTPayload } from "jose";
import type { ResourceOAuthConfig, TokenExchangeConfig } from "../../config/oauth.ts";
import { GatewayError } from "../../errors.ts";
import { Secret } from "../../telemetry/secret.ts";
import { textAt } from "./claims.ts";
import type { FetchTrusted } from "./issuer.ts";

/** What is sent to the upstream for the bearer of a token; undefined: the gateway's own. Never the token itself. */
export type UpstreamToken = (token: Secret, claims: JWTPayload) => Promise<Secret | undefined>;

export interface UpstreamTokenOptions {
  readonly config: ResourceOAuthConfig;
  readonly exchangeSecret?: Secret;
  readonly upstreamKeys?: ReadonlyMap<string, Secret>;
  /** Where the issuer exchanges tokens, by its metadata. */
  readonly tokenEndpoint: () => Promise<string>;
  readonly fetch: FetchTrusted;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

/** {@link UpstreamToken} as the configuration has it. */
export function createUpstreamToken(options: UpstreamTokenOptions): UpstreamToken {
  const { upstream } = options.config;
  if (upstream === "gateway") return async () => undefined;
  if ("keys" in upstream) return async (_token, claims) => mappedKey(claims, upstream.keys.claim, options.upstreamKeys);
  return exchanging(options, upstream.exchange);
}

/** Nobody falls back to a key that may be allowed more. */
function mappedKey(claims: JWTPayload, claim: string, keys: UpstreamTokenOptions["upstreamKeys"]): Secret {
  const value = textAt(claims, claim);
  const key = value === undefined ? undefined : keys?.get(value);
  if (key !== undefined) return key;
  throw new GatewayError("not_permitted", `there is no key of the API for the ${claim} of this token`, {
    next: "Ask the operator of this gateway for access.",
  });
}

interface Exchanged {
  readonly credential: Secret;
  readonly until: number;
}

const mostKept = 10_000;
/** What the provider does not say the life of is had anew this soon. */
const unsaidMs = 60_000;
const earlyMs = 30_000;

/** https://www.rfc-editor.org/rfc/rfc8693, once for each token and for as long as the answer is good. */
function exchanging(options: UpstreamTokenOptions, config: TokenExchangeConfig): UpstreamToken {
  const { now = Date.now } = options;
  const kept = new Map<string, Exchanged>();
  const asking = new Map<string, Promise<Exchanged>>();
  const ask = async (entry: string, token: Secret): Promise<Exchanged> => {
    const exchanged = await exchange(options, config, token);
    kept.delete(entry);
    kept.set(entry, exchanged);
    const oldest = kept.keys().next();
    if (kept.size > mostKept && oldest.done !== true) kept.delete(oldest.value);
    return exchanged;
  };
  return async (token) => {
    const entry = hash("sha256", token.reveal(), "base64url");
    const known = kept.get(entry);
    if (known !== undefined && known.until > now()) return known.credential;
    const asked = asking.get(entry) ?? ask(entry, token).finally(() => asking.delete(entry));
    asking.set(entry, asked);
    return (await asked).credential;
  };
}

async function exchange(options: UpstreamTokenOptions, config: TokenExchangeConfig, token: Secret): Promise<Exchanged> {
  const { fetch, exchangeSecret, now = Date.now } = options;
  const pair = [config.clientId, exchangeSecret?.reveal() ?? ""].map(encodeURIComponent).join(":");
  const body = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: token.reveal(),
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    ...(config.audience !== undefined && { audience: config.audience }),
    ...(config.scope !== undefined && { scope: config.scope }),
  });
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    accept: "application/json",
    authorization: `Basic ${Buffer.from(pair).toString("base64")}`, // RFC 6749 §2.3.1
  };
  try {
    const url = config.tokenEndpoint ?? (await options.tokenEndpoint());
    const answer = Buffer.from(await fetch(url, { headers, body: String(body) })).toString("utf8");
    return exchangedOf(JSON.parse(answer), now());
  } catch (thrown) {
    throw refusalOf(thrown);
  }
}

function exchangedOf(answer: unknown, nowMs: number): Exchanged {
  const given = (typeof answer === "object" && answer !== null ? answer : {}) as Readonly<Record<string, unknown>>; // just checked
  const { access_token: token, expires_in: seconds } = given;
  if (typeof token !== "string" || !/^[\x21-\x7e]{1,16384}$/.test(token)) throw new Error("no token was issued");
  const lifeMs = typeof seconds === "number" ? seconds * 1_000 - earlyMs : unsaidMs;
  return { credential: new Secret(token), until: nowMs + Math.max(lifeMs, 0) };
}

/** A provider that says no means this user; one that does not answer means nobody. No word of its answer is repeated. */
function refusalOf(thrown: unknown): GatewayError {
  const said = thrown instanceof GatewayError ? /it answered (4\d\d)$/.exec(thrown.message) : null;
  if (said !== null && said[1] !== "429")
    return new GatewayError("not_permitted", "the identity provider gives no access to the API for this token", {
      next: "Ask the operator of this gateway for access.",
      cause: thrown,
    });
  return new GatewayError("store_unavailable", "the identity provider cannot be asked for access to the API", {
    next: "Try again in a moment.",
    retryAfterSeconds: 5,
    cause: thrown,
  });
}
