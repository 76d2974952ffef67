import { rpcPath } from "../place.ts";
import type { Rule } from "../rule.ts";

/** ConnectRPC gives methods without side effects a GET beside the POST. */
export const twin: Rule = {
  name: "twin",
  title: "GET twin of an RPC method",
  sentence: "A POST RPC method with a GET at the same path is declared free of side effects, so it reads.",
  source: "https://connectrpc.com/docs/protocol#unary-get-request",
  examples: [
    {
      given: "POST /pkg.v1.HealthService/Probe",
      beside: ["GET /pkg.v1.HealthService/Probe"],
      kind: "action",
      effect: "read",
    },
    { given: "POST /pkg.v1.HealthService/Probe" },
  ],
  read({ operation, siblings, place }) {
    const hasTwin = rpcPath.test(operation.path) && siblings.some(({ method }) => method === "GET");
    if (operation.method !== "POST" || !hasTwin) return [];
    if (place.verb?.kind !== undefined) return [];
    const verb = [...(place.verb === undefined ? [] : [place.verb.verb]), ...place.tail].join("_");
    return [
      {
        kind: "action",
        verb,
        effect: "read",
        weight: 0.95,
        because: "its GET twin proves that it has no side effects",
      },
    ];
  },
};
