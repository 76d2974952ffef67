import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";
import { GatewayError } from "../../errors.ts";
import type { FetchTrusted } from "./issuer.ts";

export interface KeySetOptions {
  /** Where the keys are; asked for until it is known. */
  readonly jwksUri: () => Promise<string>;
  readonly fetch: FetchTrusted;
  /** Milliseconds since the epoch; for tests. Default `Date.now`. */
  readonly now?: () => number;
}

/** The least time between two looks at the provider, whatever tokens say. */
const cooldownMs = 30_000;
const believedMs = 600_000;
/** How long the last keys serve while the provider is away. */
const lastGoodMs = 24 * 3_600_000;

/**
 * The keys of an identity provider. While it is away the last ones serve tokens of the keys that are known, for a day; a token of an
 * unknown key is refused. Throws `store_unavailable` (503) where there are none: nobody can say then whether a token is good.
 */
export function createKeySet({ jwksUri, fetch, now = Date.now }: KeySetOptions): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | undefined;
  let last: { readonly text: string; readonly at: number } | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  const lastGood = (): Response => {
    if (last === undefined || last.at + lastGoodMs <= now()) throw away();
    return new Response(last.text);
  };
  const ask = async (url: string): Promise<Response> => {
    if (failedAt + cooldownMs > now()) return lastGood();
    try {
      const text = Buffer.from(await fetch(url)).toString("utf8");
      assertKeys(text);
      last = { text, at: now() };
      return new Response(text);
    } catch {
      failedAt = now();
      return lastGood();
    }
  };
  const known = async (): Promise<JWTVerifyGetKey> => {
    if (keys !== undefined) return keys;
    if (failedAt + cooldownMs > now()) throw away();
    const url = await jwksUri().catch(() => {
      failedAt = now();
      throw away();
    });
    keys ??= createRemoteJWKSet(new URL(url), {
      cooldownDuration: cooldownMs,
      cacheMaxAge: believedMs,
      [customFetch]: ask,
    });
    return keys;
  };
  return async (header, token) => (await known())(header, token);
}

function assertKeys(text: string): void {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null || !("keys" in parsed)) throw new Error("no key set");
}

function away(): GatewayError {
  return new GatewayError("store_unavailable", "the identity provider cannot be asked for its keys", {
    next: "Try again in a moment.",
    retryAfterSeconds: 30,
  });
}
