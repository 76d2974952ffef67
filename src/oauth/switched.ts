import express, { type RequestHandler } from "express";
import type { HostedMcp } from "./hostedMcp.ts";
import { signedInPath } from "./interaction/routes.ts";
import type { OAuth } from "./port.ts";

/**
 * `oauth` as far as it is turned on: off, its paths are left to whoever answers 404, and no token is good. Where people come back to
 * from their provider stays, so that an administrator can sign in and turn it on again.
 */
export function switchedBy(hosted: Pick<HostedMcp, "isOn">, oauth: OAuth): OAuth {
  const router = express.Router({ caseSensitive: true, strict: true });
  const gate: RequestHandler = async (req, _res, next) => {
    if (req.path === signedInPath || (await hosted.isOn())) next();
    else next("router");
  };
  router.use(gate, oauth.router);
  return {
    ...oauth,
    router,
    verify: async (credential, resource) => ((await hosted.isOn()) ? oauth.verify(credential, resource) : null),
  };
}
