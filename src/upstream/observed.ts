import { GatewayError } from "../errors.ts";
import type { Upstream } from "./client.ts";

/** What the last requests showed: `unknown` before the first one. */
export type UpstreamHealth = "unknown" | "ok" | "failing";

/** An Upstream that remembers how its last request went. For health answers, which must not make a request of their own. */
export interface ObservedUpstream extends Upstream {
  readonly health: () => UpstreamHealth;
}

/** Any answer below 500 shows that the upstream works, whatever it thinks of the request. */
export function observed(upstream: Upstream): ObservedUpstream {
  let health: UpstreamHealth = "unknown";
  return {
    ...upstream,
    health: () => health,
    send: async (request, options) => {
      try {
        const response = await upstream.send(request, options);
        health = "ok";
        return response;
      } catch (thrown) {
        const seen = healthAfter(thrown, options.signal);
        if (seen !== undefined) health = seen;
        throw thrown;
      }
    },
  };
}

/** Undefined when the request says nothing about the upstream: it was never sent, or the caller left. */
function healthAfter(thrown: unknown, signal: AbortSignal | undefined): UpstreamHealth | undefined {
  if (signal?.aborted) return undefined;
  const { code, facts } = GatewayError.from(thrown);
  if (facts.upstreamStatus !== undefined) return facts.upstreamStatus < 500 ? "ok" : "failing";
  return code === "upstream_timeout" || code === "upstream_unavailable" ? "failing" : undefined;
}
