import { GatewayError } from "../errors.ts";
import type { Upstream } from "./client.ts";

/** What one request came to: `ok`, else an error code; seconds with its retries and its wait for a turn. */
export type MeasureRequest = (measure: { readonly outcome: string; readonly seconds: number }) => void;

/** `upstream`, each request of which is measured. */
export function measured<One extends Upstream>(upstream: One, measure: MeasureRequest): One {
  return {
    ...upstream,
    send: async (request, options) => {
      const start = performance.now();
      const tell = (outcome: string): void => measure({ outcome, seconds: (performance.now() - start) / 1_000 });
      try {
        const response = await upstream.send(request, options);
        tell("ok");
        return response;
      } catch (thrown) {
        tell(GatewayError.from(thrown).code);
        throw thrown;
      }
    },
  };
}
